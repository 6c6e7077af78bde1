import { describe, expect, test } from 'vitest';
import { ADMIN, FakeLogins, FakeUsers, SECRET } from '../../support/fakes.ts';
import { ann } from '../../support/people.ts';
import { gateway, TOKENS, type Options } from './client.ts';

const asAdmin: Options = { token: TOKENS.admin };
const keyed = (key: string): Options => ({ ...asAdmin, headers: { 'Idempotency-Key': key } });

const hello = {
  sendID: 'ann',
  recvID: 'bob',
  content: { content: 'hi' },
  contentType: 101,
  sessionType: 1,
};

describe('calls with an Idempotency-Key', () => {
  test('[WIR-37] are one message however often they come', async () => {
    const { post, deps } = gateway();
    await post('/msg/send_msg', hello, keyed('17'));
    await post('/msg/send_msg', hello, keyed('17'));
    await post('/msg/send_msg', { ...hello, recvID: 'ann' }, keyed('17'));
    await post('/msg/send_msg', hello, keyed('18'));
    await post('/msg/send_msg', hello, asAdmin);
    const ids = deps.messages.sent.map(({ message }) => message.clientMsgId);
    expect(ids[1]).toBe(ids[0]);
    expect(new Set(ids).size).toBe(4);
  });

  test('[WIR-37] are one token, of one caller', async () => {
    const users = new FakeUsers();
    for (const user of [ann, ADMIN]) users.add(user);
    const logins = new FakeLogins(users);
    const { post } = gateway({ users, logins });
    const body = { userID: 'ann', platformID: 5 };
    await post('/auth/get_user_token', body, keyed('k'));
    await post('/auth/get_user_token', body, keyed('k'));
    await post('/auth/get_user_token', body, asAdmin);
    await post('/auth/get_admin_token', { secret: SECRET, userID: ADMIN }, keyed('k'));
    const [first, second, without, other] = logins.calls;
    expect(first).toBeDefined();
    expect(second).toBe(first);
    expect(without).toBeUndefined();
    expect(other).not.toBe(first);
  });
});
