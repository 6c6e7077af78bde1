import { done, type Result } from '../kernel/call.ts';
import { refuse } from '../kernel/decider.ts';
import type { Meta } from '../kernel/fact.ts';
import type { EventId, Millis, UserId } from '../kernel/ids.ts';
import type { StreamWriters } from '../kernel/writer.ts';
import type { BlockCommand, BlockRefusal, Blocks } from './decider.ts';
import { blockStream, type BlockEvent } from './events.ts';
import type { UserOf } from './ports.ts';

export type BlockWriters = StreamWriters<BlockCommand, BlockEvent, Blocks, BlockRefusal>;

export type BlockDeps = Readonly<{
  writers: BlockWriters;
  userOf: UserOf;
  newId: () => EventId;
  now: () => Millis;
}>;

export const blocksHandler = ({ writers, userOf, newId, now }: BlockDeps) => {
  const call = (meta: Meta) => ({ id: newId(), at: now(), meta });
  const handle = async (command: BlockCommand): Result<BlockRefusal> => {
    const handled = await writers.handle(command);
    return handled.kind === 'refused' ? handled : done({}, handled.position);
  };
  return {
    block: async (
      data: Readonly<{ owner: UserId; blocked: UserId; ex: string }>,
      meta: Meta,
    ): Result<BlockRefusal | 'user/unknown'> => {
      const { owner, blocked } = data;
      for (const [field, user] of [
        ['ownerUserID', owner],
        ['blackUserID', blocked],
      ] as const) {
        if ((await userOf(user)).status === 'unknown') {
          return refuse('user/unknown', `${field}: ${user} is not registered`);
        }
      }
      return handle({ ...call(meta), type: 'BlockUser', data });
    },

    /** Who is not blocked stays so. */
    unblock: (owner: UserId, blocked: UserId, meta: Meta): Result<BlockRefusal> =>
      handle({ ...call(meta), type: 'UnblockUser', data: { owner, blocked } }),

    of: (owner: UserId): Promise<Blocks> => writers.state(blockStream(owner)),
    atHand: (owner: UserId): Blocks | undefined => writers.kept(blockStream(owner)),
  };
};
