import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import type { SendMessage } from '../../../core/conversation/handler.ts';
import type { Before, Call, Endpoint, Posted } from '../../../core/webhook/ports.ts';
import { openQuestions, WAITING_MAX } from '../../../gateways/hooks/ask.ts';
import { askAboutMessages } from '../../../gateways/hooks/messages.ts';
import { ann, annAndBob, bob, by, eventId } from '../../support/people.ts';
import { FakeLog } from '../../support/wsFakes.ts';

const settings = (failedContinue = false): Before => ({
  timeout: 1_000,
  failedContinue,
  filter: { allowedTypes: [], deniedTypes: [], attentionIds: new Set() },
});

/** An app server that is asked these callbacks, with one answer to all. */
const asking = (
  before: Readonly<Record<string, Before>>,
  answer: Posted | Promise<Posted> = { kind: 'answered', status: 200, body: '{}' },
) => {
  const calls: Call[] = [];
  const noted: unknown[] = [];
  const endpoint: Endpoint = {
    name: 'moderation',
    url: 'http://app.example.com/',
    keys: [],
    allowPrivate: false,
    convention: 'v3',
    giveUpAfter: 1,
    before: new Map(Object.entries(before)),
    after: new Map(),
  };
  const questionOf = openQuestions({
    endpoints: [endpoint],
    post: async (_, call) => {
      calls.push(call);
      return answer;
    },
    log: new FakeLog(),
    noted: (event, asked) => noted.push({ event, ...asked }),
  });
  return { calls, noted, beforeSend: askAboutMessages(questionOf) };
};

const CONTENT = '{"content":"a bad word"}';
const send = (rest: Partial<SendMessage> = {}): SendMessage => ({
  conversation: annAndBob,
  message: {
    from: ann,
    to: bob,
    clientMsgId: 'c1',
    contentType: 101,
    createTime: 1,
    body: { content: CONTENT },
  },
  stored: true,
  senderSync: true,
  privileged: false,
  ...rest,
});
const CALL = { id: eventId('1'), at: 1_700_000_000_000, meta: by('ann') };
const answered = (body: object): Posted => ({
  kind: 'answered',
  status: 200,
  body: JSON.stringify(body),
});
const commands = (calls: readonly Call[]) => calls.map(({ command }) => command);

describe('callbacks about messages', () => {
  test('that are not configured cost nothing: there is nothing to ask', () => {
    expect(asking({}).beforeSend).toBeUndefined();
    expect(asking({ beforeAddFriend: settings() }).beforeSend).toBeUndefined();
  });

  test('[EXP-2] are noted with how they ended, also where nothing came of them', async () => {
    const callbacks = ['beforeSendSingleMsg', 'beforeMsgModify'];
    const endedBy = async (answer: Posted, failedContinue = true) => {
      const before = Object.fromEntries(callbacks.map((name) => [name, settings(failedContinue)]));
      const { noted, beforeSend } = asking(before, answer);
      await beforeSend?.(send(), CALL)?.();
      return noted;
    };
    const of = (callback: string | undefined, ended: object) => ({
      ...{ event: CALL.id, endpoint: 'moderation', callback, ms: expect.any(Number) as number },
      ...ended,
    });
    const [single, modify] = callbacks;
    expect(await endedBy(answered({}))).toEqual([
      of(single, { how: 'passed' }),
      of(modify, { how: 'passed' }),
    ]);
    const no = { actionCode: 0, nextCode: 1, errCode: 5001, errMsg: 'no' };
    expect(await endedBy(answered(no))).toEqual([of(single, { how: 'refused' })]);
    const away: Posted = { kind: 'failed', failure: 'unreachable', detail: '' };
    expect(await endedBy(away)).toEqual([
      of(single, { how: 'unanswered-passed', why: 'unreachable' }),
      of(modify, { how: 'unanswered-passed', why: 'unreachable' }),
    ]);
    expect(await endedBy(away, false)).toEqual([
      of(single, { how: 'unanswered-refused', why: 'unreachable' }),
    ]);
    expect(await endedBy(answered({ recvID: 'cat' }))).toEqual([
      of(single, { how: 'passed' }),
      of(modify, { how: 'passed' }),
      of(modify, { how: 'unanswered-passed', why: 'unusable', ms: 0 }),
    ]);
  });

  test('[HOK-2] leave a hash of what was changed, beside what it has become', async () => {
    const { beforeSend } = asking({ beforeMsgModify: settings() }, answered({ content: '"***"' }));
    expect(await beforeSend?.(send(), CALL)?.()).toEqual({
      kind: 'allowed',
      stored: true,
      changedBy: 'moderation',
      message: {
        ...send().message,
        body: {
          content: '"***"',
          originalHash: createHash('sha256').update(CONTENT).digest('hex'),
        },
      },
    });
  });

  test('[HOK-6] are not asked whether an app admin may write to a user, but what to change', async () => {
    const both = { beforeSendSingleMsg: settings(), beforeMsgModify: settings() };
    const { calls, beforeSend } = asking(both);
    await beforeSend?.(send({ privileged: true }), CALL)?.();
    expect(commands(calls)).toEqual(['callbackBeforeMsgModifyCommand']);
    await beforeSend?.(send(), CALL)?.();
    expect(commands(calls).slice(1)).toEqual([
      'callbackBeforeSendSingleMsgCommand',
      'callbackBeforeMsgModifyCommand',
    ]);
  });

  test('[HOK-6] about a kind that none is configured for are not asked', () => {
    const { beforeSend } = asking({ beforeSendGroupMsg: settings() });
    expect(beforeSend?.(send(), CALL)).toBeUndefined();
  });

  test('[HOK-3] that refuse are not followed by another', async () => {
    const no = answered({ actionCode: 0, nextCode: 1, errCode: 5001, errMsg: 'no' });
    const both = { beforeSendSingleMsg: settings(), beforeMsgModify: settings() };
    const { calls, beforeSend } = asking(both, no);
    expect(await beforeSend?.(send(), CALL)?.()).toEqual({
      kind: 'refused',
      reason: 'callback/refused',
      detail: '',
      own: { code: 5001, message: 'no' },
    });
    expect(calls).toHaveLength(1);
  });

  test('[HOK-4] that answer a text which is no JSON have not answered, as OpenIM has a number for', async () => {
    const ended = (failedContinue: boolean) => {
      const plain = answered({ content: '***' });
      return asking({ beforeMsgModify: settings(failedContinue) }, plain).beforeSend?.(
        send(),
        CALL,
      );
    };
    expect(await ended(false)?.()).toMatchObject({ kind: 'refused', reason: 'args/invalid' });
    expect(await ended(true)?.()).toMatchObject({ kind: 'allowed', message: send().message });
  });

  test.each([
    [false, 'refused'],
    [true, 'allowed'],
  ])('[HOK-4] count as unanswered when too many wait (go on: %s)', async (failedContinue, kind) => {
    let free: (posted: Posted) => void = () => undefined;
    const held = new Promise<Posted>((resolve) => (free = resolve));
    const { calls, beforeSend } = asking({ beforeMsgModify: settings(failedContinue) }, held);
    const waiting = Array.from({ length: WAITING_MAX }, async () => beforeSend?.(send(), CALL)?.());
    expect(await beforeSend?.(send(), CALL)?.()).toMatchObject({ kind });
    expect(calls).toHaveLength(WAITING_MAX);
    free(answered({}));
    await Promise.all(waiting);
    expect(await beforeSend?.(send(), CALL)?.()).toMatchObject({ kind: 'allowed' });
  });
});
