import { describe, expect, test } from 'vitest';
import type { NumberedEvent } from '../../../../core/conversation/events.ts';
import { groupSubject } from '../../../../core/group/events.ts';
import type { EventLog } from '../../../../core/kernel/eventLog.ts';
import type { Recorded } from '../../../../core/kernel/fact.ts';
import type { EventId, GroupId, Position, UserId } from '../../../../core/kernel/ids.ts';
import type { Passing } from '../../../../core/sequence/shown.ts';
import { FETCHED_MS, hearing } from '../../../../infra/app/sockets/hearing.ts';
import { telling } from '../../../../infra/app/cluster/telling.ts';
import type { Bus, BusListener } from '../../../../infra/bus/bus.ts';
import { memoryBus } from '../../../../infra/bus/memory.ts';
import { ann, annAndBob, bob, by, eventId } from '../../../support/people.ts';

const team = 'team' as GroupId;

const turns = async (): Promise<void> => {
  for (let turn = 0; turn < 10; turn += 1) await new Promise((resolve) => setImmediate(resolve));
};

const message = (clientMsgId: string) =>
  ({
    type: 'MessageSent',
    id: eventId(Number(clientMsgId.slice(1))),
    meta: by(ann, 'op'),
    data: {
      ...{ from: ann, to: bob, clientMsgId, contentType: 101, createTime: 1, sendTime: 2 },
      body: { content: clientMsgId },
    },
  }) as const;

const passing = (text: string): Passing => ({
  conversation: annAndBob,
  id: eventId(9),
  meta: by(ann, 'op'),
  data: { ...message('c9').data, body: { content: text } },
});

const appendOf =
  (result: Awaited<ReturnType<EventLog['append']>>): EventLog['append'] =>
  () =>
    Promise.resolve(result);

/** One process that tells and one that hears, whose follower is where the test says. */
const world = (
  append = appendOf({ kind: 'appended', revision: 6, position: 40, created: 77 }),
  elsewhere: readonly UserId[] = [ann, bob],
) => {
  const hub = memoryBus();
  const [from, to] = [hub.join(), hub.join()];
  const changes: BusListener[] = [];
  const bus: Bus = {
    ...from,
    publish: (...told) => from.publish(...told),
    subscribe: (...told) => from.subscribe(...told),
    flush: () => Promise.resolve(true),
    isShared: () => true,
    isConnected: () => from.isConnected(),
    onChange: (listener) => {
      changes.push(listener);
      return () => undefined;
    },
    close: () => from.close(),
  };
  const announced: Recorded<NumberedEvent>[] = [];
  const passed: (readonly [UserId, string, number | undefined])[] = [];
  const large: Passing[] = [];
  const waiting = new Map<Position, (isReached: boolean) => void>();
  let reached: Position = 0;
  const interest = hearing({
    bus: to,
    follower: {
      reached: () => reached,
      waitFor: (position) =>
        new Promise((resolve) => {
          waiting.set(position, resolve);
        }),
    },
    announce: (events) => announced.push(...events),
    passTo: (users, { data }, openedBefore) => {
      for (const user of users) {
        const content = 'content' in data.body ? data.body.content : '';
        passed.push([user, content, openedBefore]);
      }
    },
    wished: () => undefined,
  });
  return {
    told: telling(
      bus,
      append,
      (user) => elsewhere.includes(user),
      undefined,
      (passing) => large.push(passing),
    ),
    large,
    cut: () => changes.forEach(({ cut }) => cut()),
    close: () => from.close(),
    interest,
    announced,
    passed,
    follow: async (position: Position) => {
      reached = position;
      waiting.get(position)?.(true);
      await turns();
    },
    giveUp: async (position: Position) => {
      waiting.get(position)?.(false);
      await turns();
    },
  };
};

describe('what one process tells others', () => {
  test('[NOD-13] is each stored message of an append, to who has one of its users', async () => {
    const { told, interest, announced } = world();
    interest.join(bob);
    await told.append(`conversation-${annAndBob}`, 4, [message('c5'), message('c6')]);
    await turns();
    expect(announced.map(({ stream, revision, position }) => [stream, revision, position])).toEqual(
      [
        [`conversation-${annAndBob}`, 5, 40],
        [`conversation-${annAndBob}`, 6, 40],
      ],
    );
    expect(announced[1]).toMatchObject({ ...message('c6'), created: 77 });
    interest.leave(bob);
    await told.append(`conversation-${annAndBob}`, 6, [message('c7')]);
    await turns();
    expect(announced).toHaveLength(2);
  });

  test('[NOD-13] is nothing of what is said in a group: who is in it then only the log knows', async () => {
    const { told, interest, announced } = world();
    interest.join(groupSubject(team));
    const { to: _, ...data } = message('c5').data;
    const said = { ...message('c5'), data: { ...data, group: team } };
    expect(await told.append(`conversation-sg_${team}`, 4, [said])).toMatchObject({ revision: 6 });
    await turns();
    expect(announced).toEqual([]);
  });

  test('[NOD-13] is not told to users whom no other gateway has', async () => {
    const { told, interest, announced } = world(undefined, [ann]);
    interest.join(bob);
    await told.append(`conversation-${annAndBob}`, 5, [message('c6')]);
    await turns();
    expect(announced).toEqual([]);
    interest.join(ann);
    await told.append(`conversation-${annAndBob}`, 5, [message('c6')]);
    await turns();
    expect(announced.map(({ revision }) => revision)).toEqual([6]);
  });

  test('is nothing of what was not stored, or is no message', async () => {
    const { told, interest, announced } = world(appendOf({ kind: 'conflict', actual: 3 }));
    interest.join(bob);
    await told.append(`conversation-${annAndBob}`, 4, [message('c5')]);
    await turns();
    expect(announced).toEqual([]);
  });

  test('[NOD-14] what is passed goes to its receiver, and to the sender where that is wanted', async () => {
    const { told, interest, passed } = world();
    interest.join(ann);
    interest.join(bob);
    told.pass(passing('typing'), false);
    await turns();
    told.pass(passing('both'), true, { fact: 1_000 });
    await turns();
    expect(passed).toEqual([
      [bob, 'typing', undefined],
      [bob, 'both', 1_000 + FETCHED_MS],
      [ann, 'both', 1_000 + FETCHED_MS],
    ]);
  });

  test('[NOD-16] what a user alone is told of a fact is not what its group is told', async () => {
    const { told, interest } = world();
    interest.join(bob);
    const fact = eventId(7);
    const caused = { ...passing('your group'), meta: { ...by(ann, 'op'), causationId: fact } };
    told.pass(caused, false, { fact: 1_000 });
    await turns();
    expect(interest.heard(fact, bob)).toBe(true);
    expect(interest.heard(fact, groupSubject(team))).toBe(false);
  });

  test('[NOD-16] a notice that could not wait for its fact has not been heard by whom the fact brings in', async () => {
    const { told, interest, passed, follow, giveUp } = world();
    interest.join(bob);
    const tell = async (fact: EventId, after: Position): Promise<void> => {
      const caused = { ...passing('your group'), meta: { ...by(ann, 'op'), causationId: fact } };
      told.pass(caused, false, { fact: 1_000, after });
      await turns();
    };
    await tell(eventId(7), 50);
    await giveUp(50);
    await tell(eventId(8), 60);
    await follow(60);
    expect(passed).toHaveLength(2);
    expect([7, 8].map((fact) => interest.heard(eventId(fact), bob))).toEqual([false, true]);
  });

  test('[NOD-14] what is passed does not overtake what it speaks of, nor what was passed before', async () => {
    const { told, interest, passed, follow } = world();
    interest.join(bob);
    told.pass(passing('of 50'), false, { after: 50 });
    told.pass(passing('of nothing'), false);
    await turns();
    expect(passed).toEqual([]);
    await follow(50);
    await follow(0);
    await turns();
    expect(passed.map(([, text]) => text)).toEqual(['of 50', 'of nothing']);
  });

  test('[NOD-15] is handed on only if nothing of it can have been lost', async () => {
    const { told, cut, close } = world();
    told.pass(passing('one'), false);
    expect(await told.handedOn()).toBe(true);
    told.pass(passing('two'), false);
    cut();
    expect(await told.handedOn()).toBe(false);
    expect(await told.handedOn()).toBe(true);
    await close();
    told.pass(passing('three'), false);
    expect(await told.handedOn()).toBe(false);
  });

  test('[NOD-15] but for what the bus never takes: that keeps nothing else from being told', async () => {
    const { told, interest, passed, large } = world();
    interest.join(bob);
    told.pass(passing('x'.repeat(600_000)), false);
    told.pass(passing('small'), false);
    await turns();
    expect(await told.handedOn()).toBe(true);
    expect(large).toHaveLength(1);
    expect(passed.map(([, text]) => text)).toEqual(['small']);
  });
});
