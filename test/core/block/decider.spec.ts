import { describe, expect, test } from 'vitest';
import {
  block,
  BLOCKED_MAX,
  type Blocks,
  type BlockUser,
  type UnblockUser,
} from '../../../core/block/decider.ts';
import { blockStream, type BlockEvent, type UserBlocked } from '../../../core/block/events.ts';
import { loadBlocks } from '../../../core/block/load.ts';
import type { Decided } from '../../../core/kernel/decider.ts';
import { ERASED } from '../../../core/kernel/fact.ts';
import type { UserId } from '../../../core/kernel/ids.ts';
import { MemoryEventLog } from '../../support/memoryEventLog.ts';
import { ann, bob, by, cat, eventId } from '../../support/people.ts';
import { specFor } from '../../support/spec.ts';

const given = specFor(block);
const call = { id: eventId('now'), at: 1, meta: by(ann) } as const;

const shut = (blocked: UserId, ex = ''): BlockUser => ({
  ...call,
  type: 'BlockUser',
  data: { owner: ann, blocked, ex },
});
const open = (blocked: UserId): UnblockUser => ({
  ...call,
  type: 'UnblockUser',
  data: { owner: ann, blocked },
});
const blocked = (user: UserId, notes?: UserBlocked['data']['notes']): Decided<BlockEvent> => ({
  id: eventId('now'),
  type: 'UserBlocked',
  data: { owner: ann, blocked: user, ...(notes === undefined ? {} : { notes }) },
});
const unblocked = (user: UserId): Decided<BlockEvent> => ({
  id: eventId('now'),
  type: 'UserUnblocked',
  data: { owner: ann, blocked: user },
});

describe('blocking', () => {
  test('[BLK-1] is recorded once, with what the app has to say', () => {
    given().when(shut(bob)).then(blocked(bob));
    given()
      .when(shut(bob, 'spam'))
      .then(blocked(bob, { ex: 'spam' }));
    given(blocked(bob)).when(shut(bob)).then();
    given(blocked(bob)).when(shut(cat)).then(blocked(cat));
  });
  test('[BLK-1] ends, and a second end changes nothing', () => {
    given(blocked(bob)).when(open(bob)).then(unblocked(bob));
    given(blocked(bob), unblocked(bob)).when(open(bob)).then();
    given(blocked(bob), unblocked(bob)).when(shut(bob)).then(blocked(bob));
  });
  test('[BLK-1] oneself is refused', () => given().when(shut(ann)).refused('block/self'));
  test('[SEA-2] holds when what the app said has been erased', () =>
    given(blocked(bob, ERASED)).when(shut(bob)).then());
  test('[BLK-2] more than 10,000 is refused', () => {
    const full: Blocks = new Set(
      Array.from({ length: BLOCKED_MAX }, (_, index) => `u${String(index)}` as UserId),
    );
    expect(block.decide(shut(bob), full)).toMatchObject({ reason: 'block/too-many' });
    expect(block.decide(shut('u7' as UserId), full)).toMatchObject({ events: [] });
  });
  test('what is read from the log is what the events come to', async () => {
    const log = new MemoryEventLog();
    const users = Array.from({ length: 700 }, (_, index) => `u${String(index % 400)}` as UserId);
    for (const [index, user] of users.entries()) {
      const event = index < 400 ? blocked(user) : unblocked(user);
      await log.append(blockStream(ann), index === 0 ? 'no_stream' : index - 1, [
        { ...event, id: eventId(index), meta: by(ann) },
      ]);
    }
    const { state, revision } = await loadBlocks(log)(blockStream(ann));
    expect(revision).toBe(699);
    expect([...state]).toEqual(users.slice(300, 400));
  });
});
