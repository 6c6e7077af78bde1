import { describe, expect, test } from 'vitest';
import { OutcomeUnknown } from '../../../core/kernel/eventStore.ts';
import type { UserId } from '../../../core/kernel/ids.ts';
import { RECEIVERS_MAX } from '../../../gateways/http/batchSend.ts';
import { SendStatuses } from '../../../gateways/http/sendStatuses.ts';
import { FakeMessages, NOW } from '../../support/fakes.ts';
import { annAndBob } from '../../support/people.ts';
import { gateway, TOKENS } from './client.ts';

const asAdmin = { token: TOKENS.admin };
const asAnn = { token: TOKENS.ann };
const text = {
  sendID: 'ann',
  content: { content: 'hi' },
  contentType: 101,
  sessionType: 1,
};

describe('batch_send_msg', () => {
  const path = '/msg/batch_send_msg';

  test('[MSG-30] one clientMsgID for many, each told what became of its own', async () => {
    const client = gateway();
    client.deps.messages.closed.add('sys');
    const body = { ...text, recvIDs: ['bob', 'sys', 'imAdmin', 'bob'], clientMsgID: 'c' };
    const { json } = await client.post(path, body, asAdmin);
    const sent = (recvID: string) => ({
      serverMsgID: 'f'.repeat(32),
      clientMsgID: 'c',
      sendTime: NOW,
      recvID,
    });
    expect(json.data).toEqual({ results: [sent('bob'), sent('imAdmin')], failedUserIDs: ['sys'] });
    const { sent: asked } = client.deps.messages;
    expect(asked.map(({ message }) => message.clientMsgId)).toEqual(['c', 'c', 'c']);
    expect(asked.map(({ conversation }) => conversation)).toEqual([
      'si_ann_bob',
      'si_ann_sys',
      'si_ann_imAdmin',
    ]);
  });

  test('[MSG-30] [WIR-44] where the log is away for some, the others are told what became of theirs', async () => {
    const client = gateway();
    const { messages, users } = client.deps;
    for (let index = 0; index < 700; index++) users.add(`u${String(index)}` as UserId);
    const send = messages.send.bind(messages);
    messages.send = (message) =>
      'to' in message.message && ['u3', 'sys'].includes(message.message.to)
        ? Promise.reject(new OutcomeUnknown('no answer'))
        : send(message);
    const recvIDs = Array.from({ length: 700 }, (_, index) => `u${String(index)}`);
    const { json } = await client.post(path, { ...text, recvIDs }, asAdmin);
    // The second page is not tried: it is to be sent again with the clientMsgID of the first.
    expect(json.data).toMatchObject({ failedUserIDs: ['u3', ...recvIDs.slice(500)] });
    expect(json.data).toHaveProperty('results.length', 499);
    const nobody = await client.post(path, { ...text, recvIDs: ['sys'] }, asAdmin);
    expect(nobody.status).toBe(503);
    messages.send = () => Promise.reject(new Error('a mistake'));
    expect((await client.post(path, { ...text, recvIDs: ['bob'] }, asAdmin)).status).toBe(500);
  });

  test('[MSG-30] to all users but the sender, page by page', async () => {
    const client = gateway();
    for (let index = 0; index < 1_200; index++)
      client.deps.users.add(`u${String(index)}` as UserId);
    const others = client.deps.users.all.size - 1;
    const body = { ...text, recvIDs: [], isSendAll: true };
    const { json } = await client.post(path, body, asAdmin);
    expect(json.data).toHaveProperty('results.length', others);
    const receivers = client.deps.messages.sent.map(({ message }) => 'to' in message && message.to);
    expect(new Set(receivers).size).toBe(others);
    expect(receivers).not.toContain('ann');
  });

  test('[MSG-31] to more than there may be is refused before anything is sent', async () => {
    const client = gateway();
    for (let index = 0; index <= RECEIVERS_MAX; index++) {
      client.deps.users.add(`u${String(index)}` as UserId);
    }
    const all = { ...text, recvIDs: [], isSendAll: true };
    expect((await client.post(path, all, asAdmin)).json).toMatchObject({ errCode: 1001 });
    const many = Array.from({ length: RECEIVERS_MAX + 1 }, (_, index) => `u${String(index)}`);
    const named = { ...text, recvIDs: many };
    expect((await client.post(path, named, asAdmin)).json).toMatchObject({ errCode: 1001 });
    expect(client.deps.messages.sent).toEqual([]);
  });

  test('[MSG-31] what nobody may send, or to a group, is refused whole', async () => {
    const { post, deps } = gateway();
    const send = async (body: object) =>
      (await post(path, { ...text, recvIDs: ['bob'], ...body }, asAdmin)).json.errCode;
    expect(await send({ content: {} })).toBe(1001);
    expect(await send({ sessionType: 3, groupID: 'g1' })).toBe(1001);
    const oa = { notificationName: 'n', notificationType: 1, text: 't' };
    expect(await send({ contentType: 1400, content: oa })).toBe(1002);
    expect(await send({ contentType: 1400, content: oa, sendID: 'sys' })).toBe(0);
    expect(deps.messages.sent.map(({ conversation }) => conversation)).toEqual(['sn_bob_sys']);
  });

  test('[MSG-30] [WIR-37] with a key of repetition the ids of the same call are the same', async () => {
    const { post, deps } = gateway();
    const options = { ...asAdmin, headers: { 'idempotency-key': 'k' } };
    for (let times = 0; times < 2; times++)
      await post(path, { ...text, recvIDs: ['bob'] }, options);
    expect(new Set(deps.messages.sent.map(({ message }) => message.clientMsgId)).size).toBe(1);
  });
});

describe('send_business_notification', () => {
  const path = '/msg/send_business_notification';
  const detail = (key: string, data: string) =>
    JSON.stringify({ detail: JSON.stringify({ key, data }) });

  test('[MSG-32] to who is online, or stored and told as a line too, as it is asked', async () => {
    const { post, deps } = gateway();
    const body = { sendUserID: 'ann', recvUserID: 'bob', key: 'order', data: '{"id":1}' };
    const { json } = await post(path, body, asAdmin);
    expect(json.data).toMatchObject({ serverMsgID: 'f'.repeat(32), sendTime: NOW });
    await post(path, { ...body, sendMsg: true, reliabilityLevel: 2 }, asAdmin);
    const [first, second] = deps.messages.notified;
    expect(first).toMatchObject({
      chat: annAndBob,
      stored: false,
      message: {
        from: 'ann',
        to: 'bob',
        contentType: 2001,
        system: true,
        body: { content: detail('order', '{"id":1}') },
      },
      options: { isNotNotification: false, history: false, isSendMsg: false, senderSync: true },
    });
    expect(first).not.toHaveProperty('line');
    expect(second).toMatchObject({
      stored: true,
      line: { unreadCount: true, offlinePush: false },
      options: { history: true, persistent: true, isSendMsg: true, unreadCount: false },
    });
  });

  test('[MSG-32] to a group, in the place beside its chat', async () => {
    const { post, deps } = gateway();
    await post(path, { sendUserID: 'ann', recvGroupID: 'g1', key: 'k' }, asAdmin);
    expect(deps.messages.notified).toMatchObject([
      { chat: 'sg_g1', message: { from: 'ann', group: 'g1' } },
    ]);
  });

  test.each([
    ['recvUserID', { sendUserID: 'ann' }],
    ['recvUserID', { sendUserID: 'ann', recvUserID: 'bob', recvGroupID: 'g1' }],
    ['sendUserID', { recvUserID: 'bob' }],
    ['reliabilityLevel', { sendUserID: 'ann', recvUserID: 'bob', reliabilityLevel: 3 }],
  ])('[WIR-42] a bad %s is named', async (field, body) => {
    const { json } = await gateway().post(path, body, asAdmin);
    expect(json).toMatchObject({ errCode: 1001 });
    expect(json.errDlt).toContain(field);
  });
});

describe('send_simple_msg', () => {
  const keyOf = (named: object) => Buffer.from(JSON.stringify(named)).toString('base64');
  const path = (named: object) => `/msg/send_simple_msg?key=${encodeURIComponent(keyOf(named))}`;
  const single = path({ sendID: 'bob', recvID: 'ann' });

  test('[MSG-33] who has got a message answers it, in its own name', async () => {
    const { post, deps } = gateway();
    const { json } = await post(single, { content: '**hi**', sendID: 'bob' }, asAnn);
    expect(json).toMatchObject({ errCode: 0, data: { sendTime: NOW } });
    expect(deps.messages.sent).toMatchObject([
      {
        conversation: annAndBob,
        privileged: false,
        message: {
          ...{ from: 'ann', to: 'bob', contentType: 118, platform: 10 },
          body: { content: '{"content":"**hi**"}', nickname: 'ann!', faceUrl: '' },
        },
      },
    ]);
    expect(deps.messages.sent[0]?.message).not.toHaveProperty('system');
  });

  test('[MSG-33] in a group who says so, and nobody for another', async () => {
    const { post, deps } = gateway();
    const inGroup = path({ sendID: 'bob', groupID: 'g1' });
    expect((await post(inGroup, { content: 'hi', sendID: 'ann' }, asAnn)).json.errCode).toBe(0);
    expect(deps.messages.sent).toMatchObject([
      { conversation: 'sg_g1', message: { from: 'ann', group: 'g1' } },
    ]);
    expect((await post(inGroup, { content: 'hi', sendID: 'bob' }, asAnn)).json.errCode).toBe(1002);
    expect((await post(inGroup, { content: 'hi' }, asAnn)).json.errCode).toBe(1002);
    expect((await post(inGroup, { content: 'hi' }, asAdmin)).json.errCode).toBe(1001);
    const asBob = { token: TOKENS.bob };
    expect((await post(single, { content: 'hi' }, asBob)).json.errCode).toBe(1002);
    expect((await post(single, { content: 'hi' }, asAdmin)).json.errCode).toBe(0);
  });

  test.each([
    ['', 'no key'],
    ['?key=', 'an empty one'],
    ['?key=!!', 'no base64 of JSON'],
    [`?key=${keyOf([])}`, 'a list'],
    [`?key=${keyOf({ sendID: 'bob' })}`, 'who answers is not said'],
    [`?key=${keyOf({ sendID: 5, recvID: 'ann' })}`, 'a number'],
    [`?key=${keyOf({ recvID: 'ann' })}`, 'no receiver'],
    [`?key=${'A'.repeat(2_000)}`, 'too long'],
  ])('[WIR-42] %s is refused: %s', async (query) => {
    const { post, deps } = gateway();
    const { json } = await post(`/msg/send_simple_msg${query}`, { content: 'hi' }, asAdmin);
    expect(json.errCode).toBe(1001);
    expect(deps.messages.sent).toEqual([]);
  });
});

describe('check_msg_is_send_success', () => {
  const check = async (client: ReturnType<typeof gateway>, operationID: string, token: string) =>
    (await client.post('/msg/check_msg_is_send_success', {}, { token, headers: { operationID } }))
      .json.data;

  test("[MSG-34] tells of the caller's own calls by their operationID", async () => {
    const client = gateway();
    const send = (body: object, operationID: string) =>
      client.post('/msg/send_msg', body, { ...asAdmin, headers: { operationID } });
    await send({ ...text, recvID: 'bob' }, 'good');
    client.deps.messages.closed.add('bob');
    await send({ ...text, recvID: 'bob' }, 'bad');
    expect(await check(client, 'good', TOKENS.admin)).toEqual({ status: 2 });
    expect(await check(client, 'bad', TOKENS.admin)).toEqual({ status: 3 });
    expect(await check(client, 'never', TOKENS.admin)).toEqual({ status: 0 });
    expect(await check(client, 'good', TOKENS.ann)).toEqual({ status: 0 });
  });

  test('[MSG-34] what nobody knows is still being sent, and what is a day old is forgotten', async () => {
    let now = NOW;
    const statuses = new SendStatuses(() => now);
    const ann = 'ann' as UserId;
    const unknown = () => Promise.reject(new OutcomeUnknown('nobody can tell'));
    await expect(statuses.noted(ann, 'op', unknown)).rejects.toThrow(OutcomeUnknown);
    expect(statuses.of(ann, 'op')).toBe(1);
    const fault = () => Promise.reject(new Error('away'));
    await expect(statuses.noted(ann, 'other', fault)).rejects.toThrow('away');
    expect(statuses.of(ann, 'other')).toBe(3);
    now += 24 * 3_600_000 + 1;
    expect(statuses.of(ann, 'op')).toBe(0);
  });
});

test('[MSG-35] messages are deleted by number for everybody', async () => {
  const messages = new FakeMessages();
  const { post } = gateway({ messages });
  const body = { conversationID: annAndBob, seqs: [1, 3] };
  expect((await post('/msg/delete_msg_phsical_by_seq', body, asAdmin)).json.errCode).toBe(0);
  expect(messages.removed).toEqual([{ conversation: annAndBob, seqs: [1, 3] }]);
});
