import type { Millis } from '../../core/kernel/ids.ts';
import type { Explain } from '../../gateways/explain.ts';
import type { History } from '../../gateways/history.ts';
import type { Projector } from '../../gateways/ports.ts';
import type { Webhooks } from '../../gateways/webhookPorts.ts';
import type { WsGateway } from '../../gateways/ws/server.ts';
import { deriveId } from '../ids.ts';
import { closeTogether } from './closers.ts';
import { openExplaining } from './explain/explain.ts';
import type { Ground } from './ground.ts';
import { openHistory, pastOf } from './history/history.ts';
import { openProjector } from './capabilities/projector.ts';
import { READ_MODELS } from './readModels/readModels.ts';

type OperatorDeps = Readonly<{
  ground: Pick<Ground, 'storage' | 'cluster' | 'models' | 'traces' | 'writers'>;
  webhooks: Webhooks;
  /** Undefined: this process has no sockets. */
  gateway: WsGateway | undefined;
  now: () => Millis;
}>;

/** What those who run Seqline ask of it, and analysts. */
export type Operators = Readonly<{
  webhooks: Webhooks;
  projector: Projector;
  history: History;
  explain: Explain;
  close: () => Promise<void>;
}>;

export const openOperators = ({ ground, webhooks, gateway, now }: OperatorDeps): Operators => {
  const { storage, models, writers } = ground;
  const projecting = { ...models, writers: writers.projectors, deriveId, now };
  const projector = openProjector({ projections: READ_MODELS, ...projecting });
  const history = openHistory({ log: pastOf(storage), reached: models.follower.waitFor, now });
  const explaining = openExplaining({ ...ground, webhooks, gateway, now });
  return {
    ...{ webhooks, projector, history },
    explain: explaining.explain,
    close: closeTogether(history.close, explaining.close),
  };
};
