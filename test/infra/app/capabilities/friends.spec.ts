import { describe, expect, test } from 'vitest';
import type { Refused } from '../../../../gateways/ports.ts';
import type { EventId, UserId } from '../../../../core/kernel/ids.ts';
import type { User } from '../../../../core/user/decider.ts';
import type { Freshness } from '../../../../infra/app/capabilities/freshness.ts';
import { openFriends } from '../../../../infra/app/capabilities/friends.ts';
import { openWriters } from '../../../../infra/app/capabilities/writers.ts';
import { deriveId } from '../../../../infra/ids.ts';
import { knownEvents } from '../../../../projections/kernel/follower.ts';
import { MemoryEventLog } from '../../../support/memoryEventLog.ts';
import { ann, bob, by, cat, registered } from '../../../support/people.ts';

const meta = by('imAdmin');
const nobody = 'nobody' as UserId;
let made = 0;
const newId = (): EventId => deriveId('test', String((made += 1)));

const always: Freshness = { isFresh: () => true, proven: () => Promise.resolve(true) };

/** One process over a log, with all that it needs of the others. */
const processOver = (log: MemoryEventLog, friendVerify = false, fresh = always) => {
  const writers = openWriters(
    log,
    () => 0,
    () => Promise.resolve(),
    {
      onFault: (error) => {
        throw error;
      },
      onStored: () => undefined,
      onConflict: () => undefined,
    },
  );
  const users = {
    state: (user: UserId): Promise<User> =>
      Promise.resolve(user === nobody ? { status: 'unknown' } : registered),
  };
  const config = { friendVerify };
  const opened = openFriends({ config, writers, users, fresh, newId, now: () => 1 });
  let seen = 0;
  return {
    ...opened,
    follow: async () => {
      const { events, next } = await log.readAll({ after: seen, max: 1_000 });
      writers.observe(knownEvents(events));
      seen = next;
    },
  };
};

const reasonOf = (answer: Readonly<{ kind: 'done' }> | Refused) =>
  answer.kind === 'refused' ? answer.reason : answer.kind;

describe('who reaches whom', () => {
  test('[BLK-3] who is blocked does not reach the owner, who still reaches it', async () => {
    const { blocks, reach } = processOver(new MemoryEventLog());
    await blocks.block({ owner: ann, blocked: bob, ex: '' }, meta);
    expect(await reach(bob, ann)).toBe('blocked');
    expect(await reach(ann, bob)).toBe('open');
    expect(await reach(cat, ann)).toBe('open');
    await blocks.unblock(ann, bob, meta);
    expect(await reach(bob, ann)).toBe('open');
  });

  test('[BLK-4] strangers reach each other, unless the server is for friends only', async () => {
    const log = new MemoryEventLog();
    const open = processOver(log);
    const strict = processOver(log, true);
    expect(await open.reach(ann, bob)).toBe('open');
    expect(await strict.reach(ann, bob)).toBe('stranger');
    expect(await strict.reach(ann, ann)).toBe('open');
    await strict.friends.import(ann, [bob], meta);
    expect(await strict.reach(ann, bob)).toBe('open');
    await strict.friends.remove(bob, ann, meta);
    expect(await strict.reach(ann, bob)).toBe('stranger');
    expect(await strict.reach(bob, ann)).toBe('open');
    await strict.blocks.block({ owner: ann, blocked: bob, ex: '' }, meta);
    expect(await strict.reach(bob, ann)).toBe('blocked');
  });

  test('[BLK-5] what another process has written holds once it has been seen, and nobody waits', async () => {
    const log = new MemoryEventLog();
    const [here, there] = [processOver(log, true), processOver(log, true)];
    await there.friends.import(ann, [bob], meta);
    expect(await here.reach(ann, bob)).toBe('open');
    await here.follow();
    await there.blocks.block({ owner: bob, blocked: ann, ex: '' }, meta);
    await here.follow();
    expect(here.reach(ann, bob)).toBe('blocked');
    await there.blocks.unblock(bob, ann, meta);
    await there.friends.remove(bob, ann, meta);
    await here.follow();
    expect(here.reach(ann, bob)).toBe('stranger');
  });

  test('[GRP-30] nobody gets through on what may be old, though it be at hand', async () => {
    const log = new MemoryEventLog();
    for (const strict of [false, true]) {
      let isProven = true;
      const process = processOver(log, strict, {
        isFresh: () => false,
        proven: () => Promise.resolve(isProven),
      });
      await process.friends.import(ann, [bob], meta);
      expect(await process.reach(ann, bob)).toBe('open');
      isProven = false;
      expect(await process.reach(ann, bob)).toBe('behind');
      expect(await process.reach(bob, ann)).toBe('behind');
      expect(process.reach(ann, ann)).toBe('open');
    }
  });
});

describe('what is asked of friends', () => {
  test('[FRD-14] of somebody who is not registered is refused, and nothing is done', async () => {
    const log = new MemoryEventLog();
    const { friends, blocks } = processOver(log);
    const ask = { greeting: '', ex: '' };
    expect(reasonOf(await friends.request({ ...ask, from: ann, to: nobody }, meta))).toBe(
      'user/unknown',
    );
    const imported = await friends.import(ann, [bob, nobody], meta);
    expect(imported).toMatchObject({
      reason: 'user/unknown',
      detail: 'friendUserIDs: not registered: nobody',
    });
    expect(reasonOf(await friends.import(ann, [bob, ann], meta))).toBe('friendship/self');
    expect(reasonOf(await blocks.block({ owner: ann, blocked: nobody, ex: '' }, meta))).toBe(
      'user/unknown',
    );
    expect(await log.head()).toBe(0);
  });

  test('[FRD-8] an import is one call for many, and completes what a crash has cut short', async () => {
    const log = new MemoryEventLog();
    const { friends } = processOver(log);
    await friends.import(ann, [bob], meta);
    const done = await friends.import(ann, [bob, cat], meta);
    expect(done).toEqual({ kind: 'done', position: await log.head() });
    expect((await log.readAll({ after: 0, max: 10 })).events).toHaveLength(2);
    expect(await friends.import(ann, [bob, cat], meta)).toEqual({ kind: 'done' });
  });

  test('[FRD-9] several friends are set at once', async () => {
    const log = new MemoryEventLog();
    const { friends } = processOver(log);
    await friends.import(ann, [bob, cat], meta);
    await friends.configure(ann, [bob, nobody, cat], { pinned: true }, meta);
    const { events } = await log.readAll({ after: 0, max: 10 });
    expect(events.slice(2).map(({ data }) => data)).toEqual([
      { owner: ann, friend: bob, pinned: true },
      { owner: ann, friend: cat, pinned: true },
    ]);
  });
});
