import { accept, refuse, type Decider } from '../kernel/decider.ts';
import type { Command } from '../kernel/fact.ts';
import type { UserId } from '../kernel/ids.ts';
import type { BlockEvent } from './events.ts';

export type BlockUser = Command<'BlockUser', { owner: UserId; blocked: UserId; ex: string }>;
export type UnblockUser = Command<'UnblockUser', { owner: UserId; blocked: UserId }>;
export type BlockCommand = BlockUser | UnblockUser;

export type BlockRefusal = 'block/self' | 'block/too-many';

/** Whom one user has blocked: kept in memory as a whole for everybody who is written to. */
export type Blocks = ReadonlySet<UserId>;

/** More than anybody blocks by hand, and half a megabyte of memory for one user. */
export const BLOCKED_MAX = 10_000;

export const block: Decider<BlockCommand, BlockEvent, Blocks, BlockRefusal> = {
  initialState: new Set(),

  evolve: (state, { type, data: { blocked } }) => {
    const next = new Set(state);
    if (type === 'UserBlocked') next.add(blocked);
    else next.delete(blocked);
    return next;
  },

  decide: ({ type, id, data }, state) => {
    const { owner, blocked } = data;
    switch (type) {
      case 'BlockUser': {
        if (owner === blocked) return refuse('block/self', 'blackUserID: nobody blocks oneself');
        if (state.has(blocked)) return accept();
        if (state.size >= BLOCKED_MAX) {
          return refuse(
            'block/too-many',
            `blackUserID: at most ${String(BLOCKED_MAX)} are blocked`,
          );
        }
        const notes = data.ex === '' ? {} : { notes: { ex: data.ex } };
        return accept({ id, type: 'UserBlocked', data: { owner, blocked, ...notes } });
      }
      case 'UnblockUser':
        return state.has(blocked)
          ? accept({ id, type: 'UserUnblocked', data: { owner, blocked } })
          : accept();
    }
  },
};
