import type { Doing } from '../../../core/conversation/ports.ts';
import type { Position } from '../../../core/kernel/ids.ts';
import type { Passing } from '../../../core/sequence/shown.ts';
import type { WsGateway } from '../../../gateways/ws/server.ts';
import type { Cluster } from '../cluster/cluster.ts';
import { FETCHED_MS } from './hearing.ts';

type PassingDeps = Readonly<{
  cluster: Pick<Cluster, 'bus' | 'telling'>;
  /** Where the process's own follower is. */
  follower: Readonly<{ reached: () => Position }>;
  /** Undefined: there are no sockets here, or not yet. */
  gateway: () => Pick<WsGateway, 'pass'> | undefined;
}>;

/** What is not stored, on its way to sockets here and to other gateways. */
export const passingOf = ({
  cluster: { bus, telling },
  follower,
  gateway,
}: PassingDeps): Readonly<{
  /** What somebody does just now. */
  deed: Doing['pass'];
  /** A notice of a fact of the log; `after`: what it must not overtake. */
  notice: (passing: Passing, senderSync: boolean, after: Position) => void;
}> => ({
  deed: (passing, senderSync) => {
    gateway()?.pass(passing, senderSync);
    // Who has gone from the group by now, as far as is known here, does not get it anywhere.
    const after = 'group' in passing.data ? follower.reached() : 0;
    telling.pass(passing, senderSync, { after });
  },
  notice: (passing, senderSync, after) => {
    const fact = passing.data.createTime;
    gateway()?.pass(passing, senderSync, bus.isShared() ? fact + FETCHED_MS : undefined);
    telling.pass(passing, senderSync, { after, fact });
  },
});
