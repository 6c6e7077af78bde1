import { describe, expect, test } from 'vitest';
import { openTraces, ownersOf, tracesEverywhere } from '../../../../infra/app/explain/traces.ts';
import { Members } from '../../../../infra/app/cluster/members.ts';
import { memoryBus } from '../../../../infra/bus/memory.ts';
import type { Bus } from '../../../../infra/bus/bus.ts';
import { annAndBob, eventId } from '../../../support/people.ts';
import { untilTrue } from '../../../support/until.ts';

const QUESTION = { events: [eventId(1)], conversation: annAndBob, seq: 1, position: 7 };
const now = () => Date.now();

/** Processes of one bus that know of each other, with sockets of users of these names. */
const processes = async (names: readonly string[], answerMs = 60_000, mebibytes = 1) => {
  const hub = memoryBus();
  const all = names.map((name) => {
    const bus: Bus = hub.join();
    const members = new Members({
      ...{ bus, id: `id of ${name}`, name, now },
      presenceMoved: () => undefined,
      heard: () => undefined,
    });
    const traces = openTraces({ bytes: mebibytes * 1024 * 1024, keptMs: 60_000 }, now);
    const owner = { user: `user of ${name}`, platform: 5 };
    const gateway = {
      ownersOf: (sockets: ReadonlySet<number>) =>
        new Map([...sockets].map((socket) => [socket, owner])),
    };
    const cluster = { bus, id: `id of ${name}`, name, members };
    const asked = tracesEverywhere({ cluster, traces, ownersOf: ownersOf(gateway), now, answerMs });
    return { name, bus, members, traces, ...asked };
  });
  for (const { members } of all) members.beat();
  await untilTrue('they know of each other', () =>
    all.every(({ members }) => members.others === names.length - 1),
  );
  const end = async (): Promise<void> => {
    for (const { members, traces, close, bus } of all) {
      members.close();
      await traces.close();
      await close();
      await bus.close();
    }
  };
  return { all, end };
};

describe('[EXP-5] what all processes remember', () => {
  test('is told by whichever is asked', async () => {
    const { all, end } = await processes(['one', 'two', 'three']);
    const [one, two, three] = all;
    one?.traces.noted?.published(eventId(1), true);
    two?.traces.noted?.pushed(eventId(1), 1, [{ number: 4, takesPushes: true }]);
    three?.traces.noted?.pulled(annAndBob, 1, 3, 9);
    for (const asked of all) {
      const { nodes, silent } = await asked.ask(QUESTION);
      expect(silent).toEqual([]);
      const named = new Map(nodes.map((node) => [node.name, node]));
      expect([...named.keys()].sort()).toEqual(['one', 'three', 'two']);
      expect(named.get('one')).toMatchObject({ published: [{ taken: true }], pushes: [] });
      expect(named.get('two')).toMatchObject({
        pushes: [{ count: 1, sockets: [{ socket: 4, user: 'user of two', platform: 5 }] }],
      });
      expect(named.get('three')).toMatchObject({ pulls: [{ socket: 9, user: 'user of three' }] });
    }
    await end();
  });

  test('[EXP-4] lacks that of one which does not answer in time, and names it', async () => {
    const { all, end } = await processes(['one', 'two', 'three'], 200);
    await all[2]?.close();
    const { nodes, silent } = (await all[0]?.ask(QUESTION)) ?? {};
    expect(nodes?.map(({ name }) => name)).toEqual(['one', 'two']);
    expect(silent).toEqual(['three']);
    await end();
  });

  test('[EXP-4] is nothing where nothing is to be remembered, and that is said', async () => {
    const { all, end } = await processes(['one'], 200, 0);
    expect(all[0]?.traces.noted).toBeUndefined();
    expect(all[0]?.traces.size()).toMatchObject({ bytes: 0 });
    const { nodes } = (await all[0]?.ask(QUESTION)) ?? {};
    expect(nodes).toMatchObject([{ name: 'one', keptMs: 0, pushes: [], pulled: 0 }]);
    await end();
  });
});
