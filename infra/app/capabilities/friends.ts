import { blocksHandler } from '../../../core/block/handler.ts';
import type { Blocks as Blocked } from '../../../core/block/decider.ts';
import type { Reach } from '../../../core/conversation/ports.ts';
import { isListed, type Friendship } from '../../../core/friendship/decider.ts';
import { friendsHandler } from '../../../core/friendship/handler.ts';
import type { EventId, Millis, UserId } from '../../../core/kernel/ids.ts';
import type { User } from '../../../core/user/decider.ts';
import type { Blocks, Friends } from '../../../gateways/ports.ts';
import type { Freshness } from './freshness.ts';
import type { Writers } from './writers.ts';

type FriendDeps = Readonly<{
  config: Readonly<{ friendVerify: boolean }>;
  writers: Pick<Writers, 'friendships' | 'blocks'>;
  users: Readonly<{ state: (user: UserId) => Promise<User> }>;
  fresh: Freshness;
  newId: () => EventId;
  now: () => Millis;
}>;

/** What one user may do to another: the commands, and whether a message may be sent. */
export const openFriends = ({
  config,
  writers,
  users,
  fresh,
  newId,
  now,
}: FriendDeps): Readonly<{ friends: Friends; blocks: Blocks; reach: Reach }> => {
  const deps = { userOf: users.state, newId, now };
  const friends = friendsHandler({ ...deps, writers: writers.friendships });
  const blocks = blocksHandler({ ...deps, writers: writers.blocks });
  const verify = config.friendVerify;

  const judge = (from: UserId, to: UserId, blocked: Blocked, pair: Friendship | undefined) => {
    if (blocked.has(from)) return 'blocked';
    return pair !== undefined && !isListed(pair, to) ? 'stranger' : 'open';
  };
  const readNow = async (from: UserId, to: UserId) => {
    if (!(await fresh.proven())) return 'behind';
    const [blocked, pair] = await Promise.all([
      blocks.of(to),
      verify ? friends.state(from, to) : undefined,
    ]);
    return judge(from, to, blocked, pair);
  };
  /**
   * Most of the time both are at hand, and then nobody waits. What is at hand is worth nothing while this
   * process does not see what others write; then nobody gets through on it.
   */
  const reach: Reach = (from, to) => {
    if (from === to) return 'open';
    const blocked = blocks.atHand(to);
    const pair = verify ? friends.atHand(from, to) : undefined;
    const isAtHand = blocked !== undefined && (!verify || pair !== undefined);
    return isAtHand && fresh.isFresh() ? judge(from, to, blocked, pair) : readNow(from, to);
  };
  return { friends, blocks, reach };
};
