import type { Endpoint } from '../../../core/webhook/ports.ts';
import type { Cluster } from '../cluster/cluster.ts';
import { leadWork } from '../cluster/leadWork.ts';
import { tellEndpoint, type EndpointDeps, type Telling } from './endpoint.ts';

export type Leading = Readonly<{
  endpoint: Endpoint;
  /** Undefined: another process tells it. */
  telling: () => Telling | undefined;
  close: () => Promise<void>;
}>;

type Deps = Omit<EndpointDeps, 'checkpoint'> &
  Readonly<{ cluster: Pick<Cluster, 'members' | 'bus'> }>;

/** Tells an endpoint in one process at a time. */
export const leadEndpoint = async ({ cluster, ...deps }: Deps): Promise<Leading> => {
  const { endpoint, events, log } = deps;
  const { working, close } = await leadWork({
    ...{ cluster, events, log },
    name: `webhook-${endpoint.name}`,
    begin: (checkpoint) => tellEndpoint({ ...deps, checkpoint }),
  });
  return { endpoint, telling: working, close };
};
