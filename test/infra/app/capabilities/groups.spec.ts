import { describe, expect, test } from 'vitest';
import { BEHIND_MS_MAX, freshness } from '../../../../infra/app/capabilities/freshness.ts';
import { openStandings } from '../../../../infra/app/capabilities/groups.ts';
import type { GroupId } from '../../../../core/kernel/ids.ts';
import { groupsOver, member, newGroup, team } from '../../../support/groups.ts';
import { MemoryEventLog } from '../../../support/memoryEventLog.ts';
import { groupStream, type GroupEvent } from '../../../../core/group/events.ts';
import { ann, bob, by, cat } from '../../../support/people.ts';

/** A log whose end is told when the test says so, and a follower that comes as far as the test says. */
const following = () => {
  let at = 0;
  let asked = 0;
  let reached = 0;
  let answers: ((position: number) => void)[] = [];
  const faults: unknown[] = [];
  const fresh = freshness({
    head: () => {
      asked += 1;
      return new Promise((resolve) => answers.push(resolve));
    },
    waitFor: (position) => Promise.resolve(reached >= position),
    clock: () => at,
    onFault: (error) => faults.push(error),
  });
  return {
    fresh,
    asked: () => asked,
    pass: (ms: number) => (at += ms),
    comeTo: (position: number) => (reached = position),
    answer: async (position: number) => {
      const now = answers;
      answers = [];
      for (const answer of now) answer(position);
      await new Promise((resolve) => setImmediate(resolve));
    },
  };
};

describe('how old what is kept may be', () => {
  test('[GRP-30] is proved by the end of the log, once for all who ask meanwhile', async () => {
    const { fresh, asked, answer, comeTo, pass } = following();
    expect(fresh.isFresh()).toBe(false);
    comeTo(9);
    const proven = [fresh.proven(), fresh.proven()];
    expect(fresh.isFresh()).toBe(false);
    await answer(9);
    expect(await Promise.all(proven)).toEqual([true, true]);
    expect(asked()).toBe(1);
    for (let times = 0; times < 100; times++) expect(fresh.isFresh()).toBe(true);
    expect(asked()).toBe(1);
    pass(501);
    expect(fresh.isFresh()).toBe(true);
    expect(fresh.isFresh()).toBe(true);
    expect(asked()).toBe(2);
  });

  test('[GRP-30] is too much where the follower has not come as far in two seconds', async () => {
    const { fresh, answer, comeTo, pass } = following();
    comeTo(9);
    const proven = fresh.proven();
    await answer(9);
    expect(await proven).toBe(true);
    pass(BEHIND_MS_MAX);
    expect(fresh.isFresh()).toBe(true);
    await answer(10);
    pass(1);
    const late = fresh.proven();
    await answer(10);
    expect(await late).toBe(false);
    expect(fresh.isFresh()).toBe(false);
    await answer(10);
    comeTo(10);
    const again = fresh.proven();
    await answer(10);
    expect(await again).toBe(true);
  });

  test('[GRP-30] is counted from when the end was asked for, not from when it was told', async () => {
    const { fresh, answer, comeTo, pass } = following();
    comeTo(9);
    const proven = fresh.proven();
    pass(BEHIND_MS_MAX + 1);
    await answer(9);
    expect(await proven).toBe(false);
  });

  test('[GRP-30] is proved anew while a proof that takes long is under way', async () => {
    const { fresh, asked, answer, comeTo, pass } = following();
    comeTo(9);
    fresh.isFresh();
    pass(500);
    fresh.isFresh();
    expect(asked()).toBe(1);
    pass(100);
    fresh.isFresh();
    expect(asked()).toBe(2);
    pass(1_300);
    await answer(9);
    pass(700);
    expect(fresh.isFresh()).toBe(true);
    pass(1);
    expect(fresh.isFresh()).toBe(false);
  });

  test('[GRP-30] is unknown while the log is away, which is told and not thrown', async () => {
    const faults: unknown[] = [];
    const away = new Error('away');
    const fresh = freshness({
      head: () => Promise.reject(away),
      waitFor: () => Promise.resolve(true),
      clock: () => 0,
      onFault: (error) => faults.push(error),
    });
    expect(fresh.isFresh()).toBe(false);
    expect(await fresh.proven()).toBe(false);
    expect(faults).toContain(away);
  });
});

describe("a user's standing in a group", () => {
  const meta = by(ann);
  const always = { isFresh: () => true, proven: () => Promise.resolve(true) };

  test('[GRP-30] is told at once, and is what another process has written as soon as it is seen', async () => {
    const log = new MemoryEventLog();
    const [here, there] = [groupsOver(log), groupsOver(log)];
    const standings = openStandings(here, always);
    await there.create(newGroup({ group: team, members: [bob] }), member(ann), meta);
    expect(standings.standing(team, bob)).toBeInstanceOf(Promise);
    expect(await standings.standing(team, bob)).toMatchObject({ status: 'open', role: 20 });
    expect(standings.standing(team, bob)).toMatchObject({ role: 20 });
    await there.kick({ group: team, users: [bob] }, member(ann), meta);
    const events = await log.readStream<GroupEvent>(groupStream(team), {
      from: 'start',
      direction: 'forwards',
      max: 10,
    });
    for (const event of events) here.writers.observe(event);
    expect(standings.standing(team, bob)).toMatchObject({ role: undefined });
    expect(await standings.partIn(team, bob)).toBe('part');
    expect(await standings.partIn(team, cat)).toBe('none');
    expect(await standings.partIn('none' as GroupId, cat)).toBe('no-group');
  });

  test('[GRP-30] is not told from what may be old', async () => {
    const log = new MemoryEventLog();
    const groups = groupsOver(log);
    await groups.create(newGroup({ group: team }), member(ann), meta);
    const never = { isFresh: () => false, proven: () => Promise.resolve(false) };
    expect(await openStandings(groups, never).standing(team, ann)).toBe('behind');
    const late = { ...always, isFresh: () => false };
    expect(await openStandings(groups, late).standing(team, ann)).toMatchObject({ role: 100 });
  });
});
