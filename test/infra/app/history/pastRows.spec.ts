import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { openPast, type PastLog } from '../../../../infra/app/history/pastRows.ts';
import { PROJECTIONS } from '../../../../infra/app/readModels/readModels.ts';
import { worldOf, type Written } from '../../replay/world.ts';

const NOW = Date.parse('2026-11-29T12:00:00Z');

const opened = async (written: readonly Written[], now = () => NOW) => {
  const { log } = await worldOf(written);
  const all = await log.readAll({ from: 'start', direction: 'forwards', max: 3 });
  const events = [...all.events];
  for (let at = all.next; events.length < written.length;) {
    const page = await log.readAll({ from: at, direction: 'forwards', max: 3 });
    events.push(...page.events);
    at = page.next;
  }
  const past: PastLog = {
    ...log,
    readStream: async (name, { from, max }) => {
      const own = events.filter(({ stream }) => stream === name);
      const start = typeof from === 'number' ? from : 0;
      return (await log.decode(own.slice(start, start + max))) as never;
    },
  };
  return openPast({ log: past, projections: PROJECTIONS, now });
};

const happened = (stream: string, type: string, actor: string, data: object): Written => ({
  ...{ stream, type, actor, created: 1_000 },
  data: { ...data },
});
const registered = (user: string) =>
  happened(`user-${user}`, 'UserRegistered', 'admin', {
    ...{ user, level: 1, globalReceive: 0 },
    profile: { nickname: user, faceUrl: '', ex: '' },
  });
const renamed = (user: string, nickname: string) =>
  happened(`user-${user}`, 'UserChanged', user, { user, profile: { nickname } });
const said = (from: string, to: string, sendTime: number) =>
  happened('conversation-si_ann_bob', 'MessageSent', from, {
    ...{ from, to, clientMsgId: String(sendTime), contentType: 101, createTime: 1, sendTime },
    body: { content: '{"content":"hi"}' },
  });

const LIFE: readonly Written[] = [
  registered('ann'),
  registered('bob'),
  renamed('ann', 'Anna'),
  happened('friendship-ann+bob', 'FriendImported', 'admin', { owner: 'ann', friend: 'bob' }),
  happened('friendship-ann+bob', 'FriendDeleted', 'bob', { owner: 'bob', friend: 'ann' }),
  said('ann', 'bob', 1),
  said('bob', 'ann', 2),
  happened('inbox-ann', 'ReadMarked', 'ann', {
    ...{ user: 'ann', conversation: 'si_ann_bob', upTo: 2 },
  }),
];

describe('[REP-13] the past over HTTP', () => {
  test('has a profile as it was', async () => {
    const past = await opened(LIFE);
    const nickname = async (at: string) => {
      const found = await past.asOf({ kind: 'user', id: 'ann' }, at);
      return found.kind === 'done' ? found.found.rows['users']?.[0]?.['nickname'] : found.detail;
    };
    expect(await nickname('2')).toBe('ann');
    expect(await nickname('3')).toBe('Anna');
    expect(await nickname('2026-11-29')).toBe('Anna');
    expect(await nickname('0')).toBeUndefined();
  });

  test('has the friends of one user, in both directions', async () => {
    const past = await opened(LIFE);
    const friends = async (id: string, at: string) => {
      const found = await past.asOf({ kind: 'friends', id }, at);
      if (found.kind === 'refused') throw new Error(found.detail);
      return found.found.rows['friends']?.map(({ owner, friend }) => [owner, friend]);
    };
    expect(await friends('ann', '3')).toEqual([]);
    expect(await friends('ann', '4')).toEqual([
      ['ann', 'bob'],
      ['bob', 'ann'],
    ]);
    expect(await friends('bob', '5')).toEqual([['ann', 'bob']]);
    expect(await friends('eve', '8')).toEqual([]);
  });

  test('has a conversation with its messages', async () => {
    const past = await opened(LIFE);
    const found = await past.asOf({ kind: 'conversation', id: 'si_ann_bob' }, '8');
    if (found.kind === 'refused') throw new Error(found.detail);
    const { rows, messages } = found.found;
    expect(rows['heads']).toMatchObject([{ conversation: 'si_ann_bob', max_seq: 2 }]);
    expect(rows['sides']).toContainEqual(expect.objectContaining({ owner: 'ann', read_up_to: 2 }));
    expect(messages).toMatchObject([
      { actor: 'ann', data: { body: { content: '{"content":"hi"}' } } },
      { actor: 'bob' },
    ]);
  });

  test('says what became of it, and who did it', async () => {
    const past = await opened(LIFE);
    const found = await past.changes({ kind: 'user', id: 'ann' }, '1', '8');
    expect(found).toMatchObject({
      kind: 'done',
      found: {
        ...{ from: 1, to: 8 },
        events: [{ position: 3, type: 'UserChanged', actor: 'ann', operationId: 'op 2' }],
        changes: [{ table: 'users', before: { nickname: 'ann' }, after: { nickname: 'Anna' } }],
      },
    });
    const ended = await past.changes({ kind: 'friends', id: 'ann' }, '4', '5');
    expect(ended).toMatchObject({
      found: {
        events: [{ actor: 'bob' }],
        changes: [{ table: 'friends', before: { owner: 'bob' } }],
      },
    });
    const nothing = await past.changes({ kind: 'user', id: 'ann' }, '3', '8');
    expect(nothing).toMatchObject({ found: { events: [], changes: [] } });
  });

  test('two steps of change are one from the first to the last', async () => {
    const names = fc.array(fc.constantFrom('a', 'b', 'c'), { minLength: 2, maxLength: 8 });
    await fc.assert(
      fc.asyncProperty(names, fc.nat(), fc.nat(), async (nicknames, one, other) => {
        const past = await opened([registered('ann'), ...nicknames.map((n) => renamed('ann', n))]);
        const [from, to] = [one % nicknames.length, other % nicknames.length]
          .sort((x, y) => x - y)
          .map((index) => String(index + 1));
        const subject = { kind: 'user', id: 'ann' } as const;
        const at = async (moment: string) => {
          const found = await past.asOf(subject, moment);
          return found.kind === 'done' ? found.found.rows['users']?.[0] : undefined;
        };
        const between = await past.changes(subject, from ?? '', to ?? '');
        if (between.kind === 'refused') throw new Error(between.detail);
        const [before, after] = [await at(from ?? ''), await at(to ?? '')];
        const isSame = JSON.stringify(before) === JSON.stringify(after);
        expect(between.found.changes).toEqual(isSame ? [] : [{ table: 'users', before, after }]);
      }),
      { numRuns: 30 },
    );
  });

  test('is not looked for longer than a caller waits', async () => {
    let clock = NOW;
    const past = await opened(LIFE, () => (clock += 25_000));
    const found = await past.asOf({ kind: 'friends', id: 'ann' }, '8');
    expect(found).toHaveProperty('detail', expect.stringContaining('use seqline as-of'));
    expect(await past.asOf({ kind: 'user', id: 'ann' }, '8')).toMatchObject({ kind: 'done' });
  });

  test.each([
    ['soon', '"soon" is not a position'],
    ['9', 'position 9 is beyond the end'],
    ['2999-01-01', 'has not come yet'],
  ])('[REP-4] refuses %s', async (at, detail) => {
    const past = await opened(LIFE);
    const refused = await past.asOf({ kind: 'user', id: 'ann' }, at);
    expect(refused).toMatchObject({ kind: 'refused', reason: 'args/invalid' });
    expect(refused).toHaveProperty('detail', expect.stringContaining(detail));
    const turned = await past.changes({ kind: 'user', id: 'ann' }, '5', '4');
    expect(turned).toMatchObject({ kind: 'refused', detail: 'from: 5 is after 4' });
  });
});
