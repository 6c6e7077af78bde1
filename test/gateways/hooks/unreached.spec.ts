import { describe, expect, test } from 'vitest';
import type { MessageData, NumberedEvent, Parties } from '../../../core/conversation/events.ts';
import type { SeqlineEvent } from '../../../core/kernel/catalogue.ts';
import { ERASED, type Recorded } from '../../../core/kernel/fact.ts';
import type { GroupId, UserId } from '../../../core/kernel/ids.ts';
import type { After, Filter } from '../../../core/webhook/ports.ts';
import { toldTo } from '../../../gateways/hooks/tell.ts';
import { GROUP_MEMBERS_MAX, OLD_MS, unreachedBy } from '../../../gateways/hooks/unreached.ts';
import { amy, ann, bob, by, cat, eventId } from '../../support/people.ts';

const ALL: Filter = { allowedTypes: [], deniedTypes: [], attentionIds: new Set() };
const after = (filter: Partial<Filter> = {}): ReadonlyMap<string, After> =>
  new Map([['beforeOfflinePush', { timeout: 1_000, filter: { ...ALL, ...filter } }]]);
const NOW = 1_700_000_000_000;
const now = () => NOW;
const g1 = 'g1' as GroupId;

const said = (
  parties: Parties,
  rest: Partial<MessageData> = {},
  stream = 'group' in parties ? 'conversation-sg_g1' : 'conversation-si_ann_bob',
): Recorded<NumberedEvent> => ({
  type: 'MessageSent',
  data: {
    ...parties,
    clientMsgId: 'c1',
    contentType: 101,
    platform: 2,
    createTime: 1,
    sendTime: 2,
    body: { content: '{"content":"hi"}' },
    ...rest,
  },
  id: eventId(1),
  meta: by('ann', 'op-1'),
  stream,
  revision: 4,
  position: 9,
  created: NOW - 1,
});
const toBob = (rest: Partial<MessageData> = {}) => said({ from: ann, to: bob }, rest);
const toGroup = (rest: Partial<MessageData> = {}) => said({ from: ann, group: g1 }, rest);

/** Ann, bob, cat and amy are in the group; amy lets nothing of it wake her. */
const looking = (
  reach: Readonly<Record<string, readonly number[]>>,
  {
    count = 4,
    wanted = [after()],
  }: { count?: number; wanted?: readonly ReadonlyMap<string, After>[] } = {},
) =>
  unreachedBy({
    endpoints: wanted.map((each) => ({ after: each })),
    reachOf: (user) => reach[user] ?? [],
    membersOf: () => Promise.resolve({ count, users: () => [ann, bob, cat, amy] }),
    now,
    quietIn: (_, users) => Promise.resolve(new Set(users.filter((user) => user === amy))),
  });
const of = (event: Recorded<SeqlineEvent>, ...world: Parameters<typeof looking>) =>
  looking(...world)?.(event);

describe('[HOK-45] whom a message does not reach', () => {
  test('is found without looking through all that are named for each member', async () => {
    let looks = 0;
    const names = Array.from({ length: 1_000 }, (_, index) => `u${String(index)}`);
    const atUsers = new Proxy(names, {
      get: (list, key) => {
        if (typeof key === 'string' && /^\d+$/.test(key)) looks += 1;
        return Reflect.get(list, key) as unknown;
      },
    });
    const many = { count: GROUP_MEMBERS_MAX + 1 };
    expect(await of(toGroup({ atUsers }), {}, many)).toEqual([]);
    // Once for all four of the group, and once as the message is shown.
    expect(looks).toBe(2 * names.length);
  });

  test.each<[string, readonly number[], readonly UserId[]]>([
    ['is nowhere', [], [bob]],
    ['is at a desk only', [3, 4, 5, 7], [bob]],
    ['has a phone in hand', [1], []],
    ['has a tablet in hand, and is at a desk', [5, 9], []],
  ])('who %s', async (_what, platforms, expected) => {
    expect(await of(toBob(), { bob: platforms })).toEqual(expected);
  });

  test('in a group: its members without the sender, those there, and those who want no waking', async () => {
    expect(await of(toGroup(), { cat: [2] })).toEqual([bob]);
    expect(await of(toGroup(), { bob: [1], cat: [2] })).toEqual([]);
  });

  test('in a group of too many: only those who are named', async () => {
    const many = { count: GROUP_MEMBERS_MAX + 1 };
    expect(await of(toGroup(), {}, many)).toEqual([]);
    expect(await of(toGroup({ atUsers: ['cat', 'amy'] }), {}, many)).toEqual([cat]);
    expect(await of(toGroup({ atUsers: ['AtAllTag'] }), {}, many)).toEqual([bob, cat]);
  });

  test.each<[string, Recorded<SeqlineEvent>]>([
    ['its sender wants nobody woken', toBob({ options: { offlinePush: false } })],
    ['it is typing', toBob({ contentType: 113 })],
    ['it is a day old', { ...toBob(), created: NOW - OLD_MS }],
    ['it is to oneself', said({ from: bob, to: bob })],
    ['it is no chat', said({ from: ann, to: bob }, {}, 'conversation-n_ann_bob')],
    [
      'it is no message',
      { ...toBob(), type: 'SeqVoided', data: { from: ann, to: bob, reason: 'gap', sendTime: 1 } },
    ],
  ])('nobody, where %s', async (_what, event) => {
    expect(await of(event, {})).toEqual([]);
  });

  test('is looked for only where an endpoint wants to know of such a message', async () => {
    expect(looking({}, { wanted: [new Map()] })).toBeUndefined();
    const pictures = { wanted: [after({ allowedTypes: [[102, 102]] })] };
    expect(await of(toBob(), {}, pictures)).toEqual([]);
    expect(await of(toBob({ contentType: 102 }), {}, pictures)).toEqual([bob]);
    const both = { wanted: [...pictures.wanted, after({ attentionIds: new Set(['bob']) })] };
    expect(await of(toBob(), {}, both)).toEqual([bob]);
  });
});

describe('[HOK-46] what an endpoint is told of it', () => {
  const missed = (message: Recorded<NumberedEvent>): Recorded<SeqlineEvent> => ({
    type: 'RecipientsOffline',
    data: { stream: message.stream, revision: message.revision, users: [bob, cat] },
    id: eventId(2),
    meta: { actor: 'ann', operationId: 'op-1' },
    stream: 'webhook-offline-recipients',
    revision: 0,
    position: 10,
    created: 5,
  });
  const told = async (
    message: Recorded<NumberedEvent>,
    wanted = after(),
    found: Recorded<NumberedEvent> | undefined = message,
  ) => {
    const [first, ...rest] = await toldTo({ after: wanted }, () => Promise.resolve(found))(
      missed(message),
    );
    expect(rest).toEqual([]);
    return first && { ...first, body: JSON.parse(first.body) as unknown };
  };

  test('is the message with those users, as OpenIM asks before an offline push', async () => {
    const push = { title: 'Ann', desc: 'hi', ex: '{}', iosSound: 'ding', iosBadge: true };
    const message = toGroup({
      atUsers: ['cat'],
      body: { content: '{"content":"hi"}', push },
    });
    expect(await told(message)).toEqual({
      callback: 'beforeOfflinePush',
      command: 'callbackBeforeOfflinePushCommand',
      order: 'sg_g1',
      timeout: 1_000,
      of: { stream: 'conversation-sg_g1', revision: 4 },
      body: {
        callbackCommand: 'callbackBeforeOfflinePushCommand',
        operationID: 'op-1',
        platformID: 2,
        platform: 'Android',
        userIDList: ['bob', 'cat'],
        title: 'Ann',
        desc: 'hi',
        ex: '{}',
        iOSPushSound: 'ding',
        iOSBadgeCount: true,
        signalInfo: '',
        clientMsgID: 'c1',
        sendID: 'ann',
        groupID: 'g1',
        contentType: 101,
        sessionType: 3,
        atUserIDList: ['cat'],
        content: '{"content":"hi"}',
        conversationID: 'sg_g1',
        seq: 5,
        sendTime: 2,
      },
    });
  });

  test('has no push text where its sender gave none, and the detail of what an app says', async () => {
    const plain = await told(toBob());
    expect(plain?.body).not.toHaveProperty('title');
    const content = JSON.stringify({ detail: '{"say":"x"}' });
    const said1400 = await told(toBob({ contentType: 1400, body: { content } }));
    expect(said1400?.body).toMatchObject({ content: '{"say":"x"}' });
  });

  test('is nothing where it wants none of it, or all of it has been erased', async () => {
    expect(await told(toBob(), new Map())).toBeUndefined();
    expect(await told(toBob(), after({ deniedTypes: [[101, 101]] }))).toBeUndefined();
    expect(await told(toBob({ body: ERASED }))).toBeUndefined();
  });

  test('a message that the log does not have is a fault', async () => {
    const nothing = toldTo({ after: after() }, () => Promise.resolve(undefined));
    await expect(nothing(missed(toBob()))).rejects.toThrow(/has lost revision 4/);
  });
});
