import { describe, expect, test } from 'vitest';
import { appendOnce } from '../../../core/conversation/appendOnce.ts';
import { conversationStream, type MessageSent } from '../../../core/conversation/events.ts';
import { sendHandler, type SendMessage } from '../../../core/conversation/handler.ts';
import { single } from '../../../core/conversation/ids.ts';
import type {
  Allowed,
  BeforeSend,
  CallbackRefusal,
  Known,
} from '../../../core/conversation/ports.ts';
import type { Refused } from '../../../core/kernel/decider.ts';
import type { UserId } from '../../../core/kernel/ids.ts';
import type { Passing } from '../../../core/sequence/shown.ts';
import { deriveId } from '../../../infra/ids.ts';
import { MemoryEventLog } from '../../support/memoryEventLog.ts';
import { numberedWriters } from '../../support/numberedWriters.ts';
import { ann, bob, by, cat, registered } from '../../support/people.ts';

const NOW = 1_700_000_000_000;

type Answer = Allowed | Refused<CallbackRefusal>;

/** Sends over a log, with an app server whose answers a test gives one by one. */
const chat = (concerned: (send: SendMessage) => boolean = () => true) => {
  const log = new MemoryEventLog();
  const writers = numberedWriters(log);
  const asked: { send: SendMessage; answer: (answer: Answer) => void }[] = [];
  const passed: Passing[] = [];
  const beforeSend: BeforeSend = (send) =>
    concerned(send)
      ? () =>
          new Promise((answer) => {
            asked.push({ send, answer });
          })
      : undefined;
  const known: Known = {
    user: () => Promise.resolve(registered),
    userAtHand: () => registered,
    reach: () => 'open',
    standing: () => Promise.reject(new Error('there are no groups here')),
    at: () => Promise.reject(new Error('not asked by sends')),
    sentBefore: () => Promise.resolve('never'),
    message: async (conversation, seq) => {
      const [event] = await log.readStream<MessageSent>(conversationStream(conversation), {
        from: seq - 1,
        direction: 'forwards',
        max: 1,
      });
      return event;
    },
  };
  const send = sendHandler({
    writers,
    append: appendOnce({ writers, known }),
    deriveId,
    known,
    beforeSend,
    doing: {
      pass: (passing) => passed.push(passing),
      followed: () => Promise.resolve(true),
      now: () => NOW,
    },
  });
  return {
    asked,
    passed,
    send: (clientMsgId: string, content = 'hi', to: UserId = bob, stored = true) =>
      send(
        {
          conversation: single(ann, to),
          message: {
            from: ann,
            to,
            clientMsgId,
            contentType: 101,
            createTime: NOW,
            body: { content },
          },
          stored,
          senderSync: true,
          privileged: false,
        },
        by('ann'),
      ),
    stored: (to: UserId = bob) =>
      log.readStream<MessageSent>(conversationStream(single(ann, to)), {
        from: 'start',
        direction: 'forwards',
        max: 100,
      }),
  };
};

const asItIs = ({ message, stored }: SendMessage): Allowed => ({
  kind: 'allowed',
  message,
  stored,
});
const masked = ({ message }: SendMessage): Allowed => ({
  kind: 'allowed',
  message: { ...message, body: { content: '***', originalHash: 'of what it was' } },
  stored: true,
  changedBy: 'moderation',
});
const NO: Answer = {
  kind: 'refused',
  reason: 'callback/refused',
  detail: 'contact first',
  own: { code: 5001, message: 'no strangers' },
};
/** All that can be done without an answer has been done. */
const settled = () => new Promise((resolve) => setImmediate(resolve));

describe('a message that the app server is asked about', () => {
  test('[HOK-2] is stored as it has been changed, with who has changed it', async () => {
    const { send, asked, stored } = chat();
    const sending = send('1', 'a bad word');
    await settled();
    expect(await stored()).toEqual([]);
    asked[0]!.answer(masked(asked[0]!.send));
    expect(await sending).toMatchObject({
      kind: 'done',
      sent: { seq: 1, changed: { body: { content: '***' } } },
    });
    expect(await stored()).toMatchObject([
      {
        data: { body: { content: '***', originalHash: 'of what it was' } },
        meta: { actor: 'ann', operationId: 'op', modifiedBy: 'moderation' },
      },
    ]);
  });

  test('[HOK-3] is not stored if it is refused, and asked about again when it comes again', async () => {
    const { send, asked, stored } = chat();
    const first = send('1');
    await settled();
    asked[0]!.answer(NO);
    expect(await first).toEqual(NO);
    const second = send('1');
    await settled();
    asked[1]!.answer(asItIs(asked[1]!.send));
    expect(await second).toMatchObject({ kind: 'done', sent: { seq: 1 } });
    expect(await stored()).toHaveLength(1);
  });

  test('[HOK-1] is asked about once, though it comes again before and after the answer', async () => {
    const { send, asked, stored } = chat();
    const sending = [send('1'), send('1', 'in other words')];
    await settled();
    expect(asked).toHaveLength(1);
    asked[0]!.answer(masked(asked[0]!.send));
    const [first, second] = await Promise.all(sending);
    const later = await send('1');
    expect(asked).toHaveLength(1);
    expect(await stored()).toHaveLength(1);
    const sentAs = (answer: typeof first) => answer?.kind === 'done' && answer.sent.serverMsgId;
    expect([sentAs(second), sentAs(later)]).toEqual([sentAs(first), sentAs(first)]);
    // Nothing was done for it: that is how the doors know a repetition.
    expect(later).not.toHaveProperty('position');
  });

  test('[HOK-5] keeps its place among those of its sender, however long each is asked about', async () => {
    const { send, asked, stored } = chat(({ message }) => message.clientMsgId !== 'unasked');
    const all = [send('1'), send('2'), send('unasked'), send('3')];
    await settled();
    expect(asked.map(({ send: { message } }) => message.clientMsgId)).toEqual(['1', '2', '3']);
    for (const { send: each, answer } of [...asked].reverse()) answer(asItIs(each));
    await Promise.all(all);
    const order = (await stored()).map(({ data }) => data.clientMsgId);
    expect(order).toEqual(['1', '2', 'unasked', '3']);
  });

  test('[HOK-5] holds up no other conversation', async () => {
    const { send, asked, stored } = chat();
    const slow = send('1');
    const fast = send('2', 'hi', cat);
    await settled();
    asked[1]!.answer(asItIs(asked[1]!.send));
    expect(await fast).toMatchObject({ kind: 'done', sent: { seq: 1 } });
    expect(await stored(cat)).toHaveLength(1);
    expect(await stored()).toEqual([]);
    asked[0]!.answer(asItIs(asked[0]!.send));
    await slow;
  });

  test('a fault of the question is its own sender’s, and the next message goes on', async () => {
    const { send, asked } = chat();
    const failing = send('1');
    const next = send('2');
    await settled();
    asked[1]!.answer(asItIs(asked[1]!.send));
    asked[0]!.answer(Promise.reject(new Error('broken')) as unknown as Answer);
    await expect(failing).rejects.toThrow('broken');
    expect(await next).toMatchObject({ kind: 'done', sent: { seq: 1 } });
  });

  test('[HOK-2] is passed on as it has been changed where it is not stored', async () => {
    const { send, asked, passed } = chat();
    const sending = send('1', 'hi', bob, false);
    await settled();
    asked[0]!.answer({ ...masked(asked[0]!.send), stored: false });
    await sending;
    expect(passed).toMatchObject([{ data: { body: { content: '***' } } }]);
  });

  test('is refused where it has become too long', async () => {
    const { send, asked, stored } = chat();
    const sending = send('1');
    await settled();
    const { message } = asked[0]!.send;
    const body = { content: 'x'.repeat(30_000) };
    asked[0]!.answer({
      kind: 'allowed',
      message: { ...message, body },
      stored: true,
      changedBy: 'm',
    });
    expect(await sending).toMatchObject({ kind: 'refused', reason: 'message/too-long' });
    expect(await stored()).toEqual([]);
  });
});
