import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Explanation } from '../../../../gateways/explain.ts';
import { explain } from '../../../../infra/cli/explain.ts';
import { runCommand } from '../../../support/commandRun.ts';
import { hookServer, type HookServer } from '../../../support/hookServer.ts';
import { PbCoder } from '../../../support/rawWire.ts';
import { receiver, type Receiver } from '../../../support/receiver.ts';
import { until } from '../../../support/until.ts';

const CHAT = 'si_ann_bob';
let server: HookServer;
let app: Receiver;

beforeAll(async () => {
  server = await hookServer();
  app = await receiver(({ body }) =>
    body['callbackCommand'] === 'callbackBeforeMsgModifyCommand' && body['clientMsgID'] === 'm1'
      ? { content: JSON.stringify({ content: 'a *** word' }) }
      : { actionCode: 0, errCode: 0, errMsg: '', errDlt: '', nextCode: 0 },
  );
  const endpoint = { name: 'crm', url: app.url, allowPrivate: true };
  await server.begin([
    { ...endpoint, before: { beforeMsgModify: {} }, after: { afterSendSingleMsg: {} } },
  ]);
  await server.register('ann', 'bob', 'cat', 'dan');
});
afterAll(async () => {
  await server.drop();
  await app.end();
});

/** `seqline explain …` against the server: what it says, and how it ends. */
const run = (
  rest: readonly string[],
  more: Partial<{ json: boolean; text: boolean; clientMsgId: string }> = {},
) => runCommand(() => explain(server.at(), { rest, json: false, ...more }));

const explained = async (
  conversationID: string,
  seq: number,
  more: object = {},
): Promise<Explanation> => {
  const answer = await server.post('/admin/explain', { conversationID, seq, ...more });
  expect(answer).toMatchObject({ errCode: 0 });
  return answer.data as Explanation;
};

/** Read models and the delivery log come after the fact. */
const settled = (conversationID: string, seq: number, isIt: (found: Explanation) => boolean) =>
  until(`all is known of ${conversationID} ${String(seq)}`, async () => {
    const found = await explained(conversationID, seq);
    return isIt(found) ? found : undefined;
  });

const inTables = ({ projected }: Explanation): boolean => projected.every(({ done }) => done);

describe('a message of two', () => {
  test('[EXP-1] [EXP-2] [EXP-3] [EXP-8] from its sending to its being taken back', async () => {
    const ann = await server.connect('ann');
    const bob = await server.connect('bob', 2);
    expect(await ann.send('bob', 'm1', 'a bad word')).toMatchObject({ errCode: 0 });
    await bob.pushOf('m1');
    const seqRanges = [{ conversationID: CHAT, begin: 1, end: 9, num: 5 }];
    const pull = { userID: 'bob', seqRanges, order: 0 };
    await bob.socket.request(1002, PbCoder.PullMessageBySeqsReq.encode(pull).finish());
    const bobToken = await server.tokenOf('bob', 1);
    const read = { userID: 'bob', conversationID: CHAT, hasReadSeq: 1, seqs: [1] };
    await server.post('/msg/mark_conversation_as_read', read, bobToken, 'op read');
    await server.post('/msg/revoke_msg', { userID: 'ann', conversationID: CHAT, seq: 1 });

    const found = await settled(
      CHAT,
      1,
      (one) =>
        inTables(one) &&
        one.callbacks.told.length === 1 &&
        one.followed.length === 2 &&
        one.followed[0]?.pushes.length === 1 &&
        one.read?.readers === 1,
    );
    expect(found).toMatchObject({
      conversation: CHAT,
      ...{ seq: 1, newest: 1 },
      message: {
        ...{ type: 'MessageSent', from: 'ann', to: 'bob', contentType: 101, platform: 5 },
        ...{ clientMsgId: 'm1', erased: false },
      },
      sent: {
        actor: 'ann',
        operationId: expect.stringMatching(/^op-/) as string,
        login: { platform: 5, issuedTo: 'imAdmin', live: true },
      },
      committed: { stream: `conversation-${CHAT}`, revision: 0 },
      callbacks: {
        askable: ['crm'],
        asked: [{ endpoint: 'crm', callback: 'beforeMsgModify', how: 'passed' }],
        modifiedBy: 'crm',
        told: [
          {
            ...{ endpoint: 'crm', kind: 'told' },
            made: { callback: 'afterSendSingleMsg', status: 200, attempts: 1 },
          },
        ],
        partly: false,
      },
      pushed: [{ count: 2, online: 2 }],
      pulled: { count: 1, first: [{ user: 'bob', platform: 2 }] },
      read: { readers: 1, members: 1, first: [{ user: 'bob', upTo: 1 }], more: false },
      followed: [
        {
          ...{ kind: 'read', user: 'bob', actor: 'bob', operationId: 'op read' },
          ...{ conversation: 'n_ann_bob', seq: 1 },
          pushes: [{ count: 2 }],
        },
        { kind: 'revoked', actor: 'imAdmin', conversation: 'n_ann_bob', seq: 2 },
      ],
      followedPartly: false,
      traces: { nodes: [{ complete: true, keptMs: 1_800_000 }], silent: [], cutOff: false },
    });
    const sockets = found.pushed[0]?.sockets.map(({ user, platform }) => [user, platform]).sort();
    expect(sockets).toEqual([
      ['ann', 5],
      ['bob', 2],
    ]);
    const chats = found.projected.find(({ model }) => model.startsWith('chats'));
    expect(chats?.at).toBeGreaterThanOrEqual(found.committed.at);
    expect(found.pushed[0]?.at).toBeGreaterThanOrEqual(found.committed.at);
    // [EXP-6] Neither what it says nor what its sender was called.
    expect(JSON.stringify(found)).not.toMatch(/word|nickname|content":/u);
    const { message, callbacks } = await explained(CHAT, 1, { text: true });
    expect(message.content).toBe('{"content":"a *** word"}');
    expect(callbacks.originalHash).toMatch(/^[0-9a-f]{64}$/u);
  });

  test('[EXP-1] is told to people, in the order in which it happened', async () => {
    const { code, text } = await run([CHAT, '1']);
    expect(code).toBe(0);
    expect(text).toContain('si_ann_bob 1 (the newest is 1)');
    expect(text).toContain('MessageSent of content type 101 from ann Web to bob');
    expect(text).toMatch(
      /committed to the log.*\n(.*\n)*.*pushed by .* to 2 sockets: .*\n(.*\n)*.*fetched by bob Android.*\n(.*\n)*.*read by bob.*\n(.*\n)*.*taken back by imAdmin/u,
    );
    expect(text).toContain('changed by  crm');
    expect(text).toMatch(/crm asked by .*: beforeMsgModify, changed it \(\d+ ms\)\n.*committed/u);
    expect(text).toContain('Read by 1 of 1: bob (up to 1)');
    expect(text).not.toContain('word');
    expect((await run([CHAT, '1'], { text: true })).text).toContain('a *** word');
    const json = await run([CHAT], { json: true, clientMsgId: 'm1' });
    expect(JSON.parse(json.text)).toMatchObject({ conversation: CHAT, seq: 1 });
  });

  test('[EXP-8] [EXP-4] one that is hidden, cleared and read by nobody, and was pushed to nobody', async () => {
    const sendID = 'cat';
    const send = { sendID, recvID: 'dan', content: { content: 'x' }, contentType: 101 };
    await server.post('/msg/send_msg', { ...send, sessionType: 1, clientMsgID: 'h1' });
    const conversationID = 'si_cat_dan';
    const [cat, dan] = [await server.tokenOf('cat'), await server.tokenOf('dan')];
    const of = { conversationID, seqs: [1], userID: 'dan' };
    expect(await server.post('/msg/delete_msgs', of, dan, 'op hide')).toMatchObject({ errCode: 0 });
    const clear = { userID: 'cat', conversationIDs: [conversationID] };
    await server.post('/msg/clear_conversation_msg', clear, cat, 'op clear');
    const found = await settled(
      conversationID,
      1,
      (one) => one.followed.length === 2 && one.read?.clearedBy.length === 1,
    );
    expect(found).toMatchObject({
      sent: { actor: 'imAdmin', operationId: 'op /msg/send_msg', login: { platform: 10 } },
      // It let it pass, which is in no log.
      callbacks: { asked: [{ endpoint: 'crm', callback: 'beforeMsgModify', how: 'passed' }] },
      read: { readers: 0, members: 1, hiddenFor: ['dan'], clearedBy: ['cat'] },
      followed: [
        { kind: 'hidden', user: 'dan', operationId: 'op hide' },
        { kind: 'cleared', user: 'cat', operationId: 'op clear' },
      ],
      pushed: [],
    });
    const { text } = await run([conversationID, '1']);
    expect(text).toMatch(/crm asked by .*: beforeMsgModify, let it pass/u);
    expect(text).toContain('Pushed to nobody');
    expect(text).toContain('Deleted for themselves by dan');
  });
});

describe('a message to a group', () => {
  test('[EXP-8] [EXP-3] is counted for all, and named for some', async () => {
    const dan = await server.connect('dan');
    const groupInfo = { groupID: 'team', groupName: 'Team', groupType: 2 };
    const made = { groupInfo, ownerUserID: 'ann', memberUserIDs: ['cat', 'dan'] };
    expect(await server.post('/group/create_group', made)).toMatchObject({ errCode: 0 });
    const text = { content: { content: 'hello' }, contentType: 101, sessionType: 3 };
    const send = { ...text, sendID: 'ann', groupID: 'team', clientMsgID: 'g1' };
    expect(await server.post('/msg/send_msg', send)).toMatchObject({ errCode: 0 });
    const { seq } = await dan.pushOf('g1');
    const read = { userID: 'dan', conversationID: 'sg_team', hasReadSeq: seq };
    const token = await server.tokenOf('dan', 1);
    await server.post('/msg/mark_conversation_as_read', read, token, 'op read');
    const found = await settled('sg_team', seq, (one) => one.read?.readers === 1);
    expect(found).toMatchObject({
      message: { from: 'ann', group: 'team' },
      pushed: [{ count: found.pushed[0]?.online, sockets: expect.any(Array) as unknown[] }],
      read: { readers: 1, members: 2, first: [{ user: 'dan', upTo: seq }] },
      followed: [{ kind: 'read', user: 'dan', operationId: 'op read' }],
    });
    expect(found.pushed[0]?.sockets.map(({ user }) => user)).toContain('dan');
  });
});

describe('[EXP-7] what cannot be explained is named', () => {
  test.each([
    [{ conversationID: 'ann_bob', seq: 1 }, 'conversationID: "ann_bob" is none'],
    [{ conversationID: 'super_group_1', seq: 1 }, 'is none; they are si_'],
    [{ conversationID: 'si_ann_zed', seq: 1 }, 'nothing has been said in si_ann_zed'],
    [{ conversationID: CHAT, seq: 99 }, '99 is beyond the end of si_ann_bob, which is 1'],
    [{ conversationID: CHAT, clientMsgID: 'm9' }, 'clientMsgID: none of the newest'],
    [{ conversationID: CHAT }, 'seq: name it, or the clientMsgID'],
    [{ conversationID: CHAT, seq: 1, clientMsgID: 'm1' }, 'and not both'],
  ])('%j', async (body, said) => {
    const answer = await server.post('/admin/explain', body);
    expect(answer.errCode).toBeGreaterThan(0);
    expect(answer.errDlt).toContain(said);
  });

  test('on the command line, too', async () => {
    const beyond = await run([CHAT, '99']);
    expect(beyond).toMatchObject({ code: 1 });
    expect(beyond.text).toMatch(/^seqline: explain: seq: 99 is beyond the end/);
    for (const [rest, more] of [
      [[], {}],
      [[CHAT], {}],
      [[CHAT, 'first'], {}],
      [[CHAT, '1'], { clientMsgId: 'm1' }],
    ] as const) {
      const { code, text } = await run(rest, more);
      expect(code).toBe(1);
      expect(text).toContain('name a conversation and a number');
    }
  });

  test('[EXP-1] and is told to nobody but app admins', async () => {
    const token = await server.tokenOf('ann');
    const answer = await server.post('/admin/explain', { conversationID: CHAT, seq: 1 }, token);
    expect(answer).toMatchObject({ errCode: 1002 });
  });
});
