import { createHmac } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { webhook } from '../../../../infra/cli/webhook.ts';
import { runCommand } from '../../../support/commandRun.ts';
import { hookServer, type HookServer } from '../../../support/hookServer.ts';
import {
  consent,
  receiver,
  type Behaviour,
  type Receiver,
  type Received,
} from '../../../support/receiver.ts';
import { until, untilTrue } from '../../../support/until.ts';

const KEY = Buffer.alloc(32, 7);
let server: HookServer;
let app: Receiver;

beforeEach(async () => {
  server = await hookServer();
  app = await receiver();
});
afterEach(async () => {
  await server.drop();
  await app.end();
});

const told = (...names: string[]) => ({
  name: 'crm',
  url: app.url,
  allowPrivate: true,
  secrets: `whsec_${KEY.toString('base64')}`,
  after: Object.fromEntries(names.map((name) => [name, {}])),
});

const send = (clientMsgID: string, recvID = 'bob', sendID = 'ann') =>
  server.post('/msg/send_msg', {
    sendID,
    recvID,
    content: { content: clientMsgID },
    contentType: 101,
    sessionType: 1,
    clientMsgID,
  });

const messages = () => app.received.filter(({ body }) => 'clientMsgID' in body);
const ids = (calls: readonly Received[]) => calls.map(({ body }) => body['clientMsgID']);
const hasAll = (count: number) =>
  untilTrue(`${String(count)} have come`, () => new Set(ids(messages())).size >= count, {
    seen: () => ids(messages()),
  });

/** What the log has of a chat: number, id and text. */
const inLog = async (one: string, other: string) => {
  const conversationID = `si_${[one, other].sort().join('_')}`;
  const asked = { userID: one, seqRanges: [{ conversationID, begin: 1, end: 100, num: 100 }] };
  const { data } = await server.post('/msg/pull_msg_by_seq', asked);
  const { msgs } = data as {
    msgs: Record<string, { Msgs: { seq: number; clientMsgID: string; content: string }[] }>;
  };
  return msgs[conversationID]!.Msgs.map(({ seq, clientMsgID, content }) => [
    seq,
    clientMsgID,
    Buffer.from(content, 'base64').toString(),
  ]);
};

/** What a receiver does, as docs/CALLBACKS.md shows it. */
const isSigned = ({ headers, text }: Received): boolean => {
  const [id, time] = [headers['webhook-id'], headers['webhook-timestamp']];
  const hmac = createHmac('sha256', KEY).update(`${id ?? ''}.${time ?? ''}.${text}`);
  return headers['webhook-signature'] === `v1,${hmac.digest('base64')}`;
};

/** `seqline webhook …` against the server: what it says, and how it ends. */
const cli = (
  rest: readonly string[],
  more: Partial<{ from: string; dead: boolean; json: boolean }> = {},
) => {
  const args = { rest, from: undefined, dead: false, json: false, ...more };
  return runCommand(() => webhook(server.at(), args));
};

describe('after something has been done', () => {
  test('[HOK-20] [HOK-25] its endpoint is told of it, in OpenIM’s form, as the log has it', async () => {
    await server.begin([
      told(
        ...['afterSendSingleMsg', 'afterMsgSaveDB', 'afterRevokeMsg', 'afterSingleMsgRead'],
        ...['afterUserRegister', 'afterUpdateUserInfoEx', 'afterAddFriend', 'afterAddFriendAgree'],
        ...['afterSetFriendRemark', 'afterDeleteFriend', 'afterImportFriends', 'afterRemoveBlack'],
      ),
    ]);
    await server.register('ann');
    await server.register('bob');
    await server.register('cat');
    await send('m1');
    const conversationID = 'si_ann_bob';
    const bob = { userID: 'bob', conversationID };
    const read = { ...bob, hasReadSeq: 1, seqs: [1] };
    expect(await server.post('/msg/mark_conversation_as_read', read)).toMatchObject({ errCode: 0 });
    await server.post('/msg/revoke_msg', { userID: 'ann', conversationID, seq: 1 });
    await server.post('/user/update_user_info_ex', { userInfo: { userID: 'ann', nickname: 'An' } });
    await server.post('/friend/add_friend', { fromUserID: 'ann', toUserID: 'bob', reqMsg: 'hey' });
    const agree = { fromUserID: 'ann', toUserID: 'bob', handleResult: 1, handleMsg: 'ok' };
    await server.post('/friend/add_friend_response', agree);
    const pair = { ownerUserID: 'ann', friendUserID: 'bob' };
    await server.post('/friend/set_friend_remark', { ...pair, remark: 'Bobby' });
    await server.post('/friend/delete_friend', pair);
    await server.post('/friend/import_friend', { ownerUserID: 'ann', friendUserIDs: ['cat'] });
    await server.post('/friend/add_black', { ownerUserID: 'ann', blackUserID: 'cat' });
    await server.post('/friend/remove_black', { ownerUserID: 'ann', blackUserID: 'cat' });
    await untilTrue('all have come', () => app.received.length >= 14, { seen: app.commands });
    const bodies = new Map(
      app.received.map(({ body }) => [String(body['callbackCommand']), body] as const),
    );
    const message = {
      sendID: 'ann',
      recvID: 'bob',
      clientMsgID: 'm1',
      serverMsgID: expect.stringMatching(/^[0-9a-f]{32}$/) as string,
      content: '{"content":"m1"}',
      contentType: 101,
      sessionType: 1,
      seq: 1,
    };
    const friends = { ownerUserID: 'ann', friendUserID: 'bob' };
    expect(Object.fromEntries(bodies)).toMatchObject({
      callbackAfterSendSingleMsgCommand: message,
      callbackAfterMsgSaveDBCommand: message,
      callbackBeforeAfterMsgCommand: { conversationID, seq: 1, userID: 'ann' },
      callbackAfterSingleMsgReadCommand: {
        conversationID,
        userID: 'bob',
        Seqs: [1],
        contentType: 1,
      },
      callbackAfterUserRegisterCommand: { users: [{ userID: 'cat', nickname: 'cat' }] },
      callbackAfterUpdateUserInfoExCommand: { userID: 'ann', nickName: 'An', faceURL: null },
      callbackAfterAddFriendCommand: { fromUserID: 'ann', toUserID: 'bob', reqMsg: 'hey' },
      callbackAfterAddFriendAgreeCommand: {
        fromUserID: 'ann',
        blackUserID: 'bob',
        HandleResult: 1,
        HandleMsg: 'ok',
      },
      callbackAfterSetFriendRemarkCommand: { ...friends, remark: 'Bobby' },
      callbackAfterDeleteFriendCommand: friends,
      callbackAfterImportFriendsCommand: { ownerUserID: 'ann', friendUserIDs: ['cat'] },
      callbackAfterRemoveBlackCommand: { ownerUserID: 'ann', blackUserID: 'cat' },
    });
    expect(new Set(app.received.map(({ headers }) => headers['webhook-id'])).size).toBe(14);
    expect(app.received.map(isSigned)).toEqual(app.received.map(() => true));
    const key = JSON.parse(
      Buffer.from(messages()[0]!.query['key']!, 'base64').toString(),
    ) as unknown;
    expect(key).toEqual({ sendID: 'ann', recvID: 'bob', groupID: '' });
    // [HOK-25] Each is in the delivery log.
    await until('the delivery log has them', async () => {
      const { text } = await cli(['deliveries', 'crm']);
      return text.trim().split('\n').length === 14 ? text : undefined;
    });
  });

  test('[HOK-20] [HOK-11] of groups it is asked and told, in the order of what is said in them', async () => {
    const before = { beforeSendGroupMsg: {}, beforeCreateGroup: {}, beforeMsgModify: {} };
    const names = [
      'afterCreateGroup',
      'afterSendGroupMsg',
      'afterSetGroupInfoEx',
      'afterQuitGroup',
    ];
    app.behave(({ body }, reply) => {
      if (body['callbackCommand'] === 'callbackBeforeCreateGroupCommand') {
        return { groupName: 'a good name' };
      }
      const isBad = String(body['content']).includes('bad');
      return isBad ? { content: '{"content":"***"}' } : consent({} as Received, reply);
    });
    await server.begin([{ ...told(...names), before }]);
    await server.register('ann', 'bob');
    const created = await server.post('/group/create_group', {
      ownerUserID: 'ann',
      memberUserIDs: ['bob'],
      groupInfo: { groupID: 'g1', groupName: 'a bad name', groupType: 2 },
    });
    expect(created).toMatchObject({
      errCode: 0,
      data: { groupInfo: { groupName: 'a good name' } },
    });
    const message = { content: { content: 'bad' }, contentType: 101, sessionType: 3 };
    const sent = await server.post('/msg/send_msg', { ...message, sendID: 'ann', groupID: 'g1' });
    expect(sent).toMatchObject({ errCode: 0, data: { modify: { content: '{"content":"***"}' } } });
    await server.post('/group/set_group_info_ex', { groupID: 'g1', groupName: 'a name' });
    await server.post('/group/quit_group', { groupID: 'g1', userID: 'bob' });
    const after = () =>
      app.received.filter(({ path }) => path.includes('callbackAfter')).map(({ body }) => body);
    await untilTrue('all have come', () => after().length >= 4, { seen: app.commands });
    expect(after()).toMatchObject([
      {
        callbackCommand: 'callbackAfterCreateGroupCommand',
        groupID: 'g1',
        groupName: 'a good name',
        ownerUserID: 'ann',
        initMemberList: [
          { userID: 'ann', roleLevel: 100 },
          { userID: 'bob', roleLevel: 20 },
        ],
      },
      {
        callbackCommand: 'callbackAfterSendGroupMsgCommand',
        groupID: 'g1',
        sendID: 'ann',
        content: '{"content":"***"}',
      },
      {
        callbackCommand: 'callbackAfterSetGroupInfoExCommand',
        groupID: 'g1',
        groupName: 'a name',
        notification: null,
      },
      { callbackCommand: 'callbackAfterQuitGroupCommand', groupID: 'g1', userID: 'bob' },
    ]);
  });

  test('[HOK-21] a receiver that was dead gets all when it is back, in order, and sends do not wait', async () => {
    await server.begin([told('afterSendSingleMsg')]);
    await server.register('ann', 'bob', 'cat');
    await send('m0');
    await hasAll(1);
    await app.end();
    const names = Array.from({ length: 30 }, (_, index) => `m${String(index + 1)}`);
    for (const [index, name] of names.entries()) {
      expect(await send(name, index % 2 === 0 ? 'bob' : 'cat')).toMatchObject({ errCode: 0 });
    }
    await until('it is known to be away', async () => {
      const { text } = await cli(['list']);
      return text.includes('nothing gets through') ? text : undefined;
    });
    // It goes on where it was, after a restart too.
    await server.end();
    await server.begin([told('afterSendSingleMsg')]);
    await app.begin();
    await hasAll(31);
    const to = (user: string) => ids(messages().filter(({ body }) => body['recvID'] === user));
    expect(to('cat')).toEqual(names.filter((_, index) => index % 2 === 1));
    expect(to('bob').slice(-15)).toEqual(names.filter((_, index) => index % 2 === 0));
  });

  test('[HOK-22] a delivery that fails is made again under the same id, and counted', async () => {
    let fails = 2;
    app.behave((call, reply) => (fails-- > 0 ? reply.code(500).send('no') : consent(call, reply)));
    await server.begin([told('afterSendSingleMsg')]);
    await server.register('ann', 'bob');
    await send('m1');
    await untilTrue('the third try has come', () => messages().length >= 3);
    const headers = messages().map((call) => [
      call.headers['webhook-id'],
      call.headers['webhook-attempt'],
    ]);
    const [id] = headers[0]!;
    expect(headers).toEqual([
      [id, '1'],
      [id, '2'],
      [id, '3'],
    ]);
    await until('the delivery log has it', async () => {
      const { text } = await cli(['deliveries', 'crm']);
      const isThere = text.includes(`${id ?? ''}  afterSendSingleMsg`);
      return isThere && text.includes('HTTP 200 (3,') ? text : undefined;
    });
  });

  test('[HOK-20] [HOK-48] a receiver that fails now and then has in the end what the log has', async () => {
    const failing = new Map<number, Behaviour>([
      [3, (_, reply) => reply.code(500).send('no')],
      [7, (_, reply) => reply.redirect('/elsewhere')],
      [11, (_, reply) => reply.send('x'.repeat(10 * 1024 * 1024))],
      [15, (_, reply) => reply.hijack().raw.destroy()],
      [20, (_, reply) => reply.code(429).send('<html>')],
    ]);
    let calls = 0;
    app.behave((call, reply) => (failing.get((calls += 1)) ?? consent)(call, reply));
    await server.begin([told('afterMsgSaveDB')]);
    await server.register('ann', 'bob', 'cat');
    const pairs = [
      ['bob', 'ann'],
      ['cat', 'ann'],
      ['bob', 'cat'],
    ] as const;
    for (let at = 0; at < 30; at++) await send(`m${String(at)}`, ...pairs[at % 3]!);
    await hasAll(30);
    await until('all of it is recorded', async () => {
      const { text } = await cli(['deliveries', 'crm'], { json: true });
      const { deliveries } = JSON.parse(text) as { deliveries: readonly { status: number }[] };
      return deliveries.length === 30 && deliveries.every(({ status }) => status === 200);
    });
    const seen = new Map<string, Received>();
    for (const call of messages()) {
      // Tried again it says the same, and is signed anew.
      const first = seen.get(call.headers['webhook-id']!) ?? call;
      expect([call.text, isSigned(call)]).toEqual([first.text, true]);
      seen.set(call.headers['webhook-id']!, call);
    }
    expect(messages().length).toBeGreaterThan(30);
    for (const [recvID, sendID] of pairs) {
      const got = [...seen.values()]
        .map(({ body }) => body)
        .filter((body) => body['recvID'] === recvID && body['sendID'] === sendID)
        .map((body) => [body['seq'], body['clientMsgID'], body['content']]);
      expect(got).toEqual(await inLog(sendID, recvID));
    }
    const metrics = await server.metrics();
    expect(metrics).toContain('seqline_webhook_deliveries_total{endpoint="crm",result="taken"} 30');
    expect(metrics).toMatch(/seqline_webhook_retries_total\{endpoint="crm"\} [1-9]/);
    expect(metrics).toContain('seqline_webhook_oldest_undelivered_seconds{endpoint="crm"} 0');
  });

  test('[HOK-23] what is given up is listed, holds up nothing, and is sent again when asked for', async () => {
    let isIll = true;
    app.behave((call, reply) =>
      isIll && call.body['clientMsgID'] === 'bad' ? reply.code(500).send() : consent(call, reply),
    );
    await server.begin([{ ...told('afterSendSingleMsg'), giveUpAfter: '1ms' }]);
    await server.register('ann', 'bob');
    await send('bad');
    await send('good');
    await hasAll(2);
    const { text } = await until('it is listed', async () => {
      const listed = await cli(['deliveries', 'crm'], { dead: true });
      return listed.text.includes('1 given up') ? listed : undefined;
    });
    // One try where it took a millisecond, as it nearly always does.
    expect(text).toMatch(/afterSendSingleMsg {2}conversation-si_ann_bob 0 {2}[12] tries: HTTP 500/);
    const [id = ''] = text.split(' ');
    expect(await cli(['resend', 'crm', 'no-such-id'])).toMatchObject({ code: 1 });
    isIll = false;
    expect(await cli(['resend', 'crm', id])).toMatchObject({ text: '1 will be sent again.\n' });
    await until('it is no dead letter any more', async () => {
      const listed = await cli(['deliveries', 'crm'], { dead: true });
      return listed.text === '0 given up\n' ? listed : undefined;
    });
    const bad = messages().filter(({ body }) => body['clientMsgID'] === 'bad');
    expect(bad.map(({ headers }) => headers['webhook-id'])).toEqual([id, id]);
    expect(bad[0]!.text).toBe(bad[1]!.text);
  });

  test('[HOK-24] [HOK-26] an endpoint begins with what comes, and is told the past when that is asked for', async () => {
    await server.begin([]);
    await server.register('ann', 'bob');
    await send('past1');
    const time = new Date().toISOString();
    await send('past2');
    await server.end();
    await server.begin([told('afterSendSingleMsg')]);
    await send('new');
    await hasAll(1);
    expect(ids(messages())).toEqual(['new']);
    const first = messages()[0]!;
    expect(first.headers).not.toHaveProperty('webhook-replay');

    expect(await cli(['replay', 'crm'], { from: 'start' })).toMatchObject({ code: 0 });
    await untilTrue('the replay has come', () => messages().length >= 4);
    expect(ids(messages().slice(1))).toEqual(['past1', 'past2', 'new']);
    const replayed = messages().slice(1);
    expect(new Set(replayed.map(({ headers }) => headers['webhook-replay'])).size).toBe(1);
    expect(replayed[0]!.headers['webhook-replay']).toMatch(/^[0-9a-f-]{36}$/);
    expect(replayed.map(isSigned)).toEqual([true, true, true]);
    // The same fact has the same id and says the same: a receiver drops what it has.
    expect(replayed[2]!.headers['webhook-id']).toBe(first.headers['webhook-id']);
    expect(replayed[2]!.text).toBe(first.text);

    expect(await cli(['replay', 'crm'], { from: time })).toMatchObject({ code: 0 });
    await untilTrue('the second replay has come', () => messages().length >= 6);
    expect(ids(messages().slice(4))).toEqual(['past2', 'new']);
    await until('no replay goes on', async () => {
      const { text } = await cli(['list'], { json: true });
      return text.includes('"replays":0') ? text : undefined;
    });
    expect(await cli(['replay', 'crm'], { from: 'yesterday' })).toMatchObject({ code: 1 });
    // Nobody means that nothing is to be told.
    const later = await cli(['replay', 'crm'], { from: '2999-01-01' });
    expect(later).toMatchObject({ code: 1 });
    expect(later.text).toContain('time: it has not come yet');
    expect(await cli(['replay', 'crm'], { from: '11/29/2026' })).toMatchObject({ code: 1 });
    expect(await cli(['replay', 'nobody'], { from: 'start' })).toMatchObject({ code: 1 });
  });

  test('[HOK-26] a replay goes on after a restart', async () => {
    await server.begin([told('afterSendSingleMsg')]);
    await server.register('ann', 'bob');
    await send('m1');
    await hasAll(1);
    await app.end();
    await cli(['replay', 'crm'], { from: 'start' });
    await server.end();
    await app.begin();
    await server.begin([told('afterSendSingleMsg')]);
    await untilTrue('the replay has come', () =>
      messages().some(({ headers }) => headers['webhook-replay'] !== undefined),
    );
  });

  test('[HOK-27] who comes and goes is told, by platform', async () => {
    await server.begin([told('afterUserOnline', 'afterUserOffline')]);
    await server.register('ann');
    const ann = await server.connect('ann', 5);
    await untilTrue('the first has come', () => app.received.length >= 1);
    ann.socket.terminate();
    await untilTrue('the second has come', () => app.received.length >= 2);
    expect(app.received.map(({ body }) => body)).toMatchObject([
      {
        callbackCommand: 'callbackAfterUserOnlineCommand',
        userID: 'ann',
        platformID: 5,
        platform: 'Web',
        isAppBackground: false,
      },
      { callbackCommand: 'callbackAfterUserOfflineCommand', userID: 'ann', platformID: 5 },
    ]);
  });

  test('[HOK-28] a test says whether the endpoint takes calls', async () => {
    await server.begin([told('afterSendSingleMsg')]);
    expect(await cli(['test', 'crm'])).toMatchObject({ code: 0 });
    expect(app.received[0]!.body).toMatchObject({ callbackCommand: 'callbackSeqlineTest' });
    app.behave((_, reply) => reply.code(404).send());
    expect(await cli(['test', 'crm'])).toMatchObject({ code: 1 });
    await app.end();
    const { code, text } = await cli(['test', 'crm']);
    expect([code, text]).toMatchObject([1, expect.stringContaining('unreachable')]);
    await app.begin();
    expect(await cli(['test', 'nobody'])).toMatchObject({ code: 1 });
    expect(await cli(['wipe', 'crm'])).toMatchObject({ code: 1 });
    const { text: listed } = await cli(['list']);
    expect(listed).toContain('crm  http://127.0.0.1:');
    expect(listed).toContain('told   afterSendSingleMsg');
  });
});
