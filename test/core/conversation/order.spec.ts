import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { appendOnce } from '../../../core/conversation/appendOnce.ts';
import {
  conversationStream,
  type MessageSent,
  type Parties,
} from '../../../core/conversation/events.ts';
import { sendHandler, WAITING_MAX } from '../../../core/conversation/handler.ts';
import { group, single } from '../../../core/conversation/ids.ts';
import type { BeforeSend, Known, Reached, Standing } from '../../../core/conversation/ports.ts';
import { WINDOW_MS } from '../../../core/conversation/sentWindow.ts';
import type { ConversationId, GroupId } from '../../../core/kernel/ids.ts';
import { StreamContended } from '../../../core/kernel/writer.ts';
import { deriveId } from '../../../infra/ids.ts';
import { MemoryEventLog } from '../../support/memoryEventLog.ts';
import { numberedWriters } from '../../support/numberedWriters.ts';
import { ann, bob, by, cat, eventId, registered } from '../../support/people.ts';

const NOW = 1_700_000_000_000;
const CREW = 'crew' as GroupId;
const CHATS = [single(ann, bob), single(ann, cat), group(CREW)] as const;

const member: Standing = { status: 'open', role: 20, mutedUntil: 0, groupMuted: false };

const partiesOf = (chat: ConversationId): Parties =>
  chat === CHATS[2] ? { from: ann, group: CREW } : { from: ann, to: chat === CHATS[0] ? bob : cat };

/** As long as the event loop takes for so many turns; 0: not at all. */
const turns = async (count: number): Promise<void> => {
  for (let turn = 0; turn < count; turn += 1) await new Promise((done) => setImmediate(done));
};

/** How long each thing takes that a send may have to wait for; 0: it is at hand. */
type Slow = Readonly<{
  user: number;
  policy: number;
  question: number;
  lookUp: number;
  read: number;
}>;
const quick: Slow = { user: 0, policy: 0, question: 0, lookUp: 0, read: 0 };

type Fate = 'sent' | 'blocked' | 'refused' | 'broken' | 'unanswerable';
type Step = Readonly<{ chat: number; old: boolean; fate: Fate; after: number; slow: Slow }>;

const plain: Step = { chat: 0, old: false, fate: 'sent', after: 0, slow: quick };

/** Sends of ann over a log whose conversations are longer than what a writer reads at once. */
const world = async (before: number) => {
  const log = new MemoryEventLog();
  let now: Step | undefined;
  const slow = (): Slow => now?.slow ?? quick;
  const fate = (): Fate => now?.fate ?? 'sent';
  let open: () => void = () => undefined;
  const opened = new Promise<void>((resolve) => (open = resolve));
  const late = async <T>(count: number, value: T): Promise<T> => {
    await (count === Infinity ? opened : turns(count));
    return value;
  };
  const read: MemoryEventLog['readStream'] = async (...asked) => {
    const takes = slow().read;
    const events = await log.readStream(...asked);
    await turns(takes);
    return events as never;
  };
  const delayed = new Proxy(log, {
    get: (target, key) => {
      if (key === 'readStream') return read;
      const value: unknown = Reflect.get(target, key);
      return typeof value === 'function' ? (value.bind(target) as unknown) : value;
    },
  });
  const writers = numberedWriters(delayed);
  const known: Known = {
    user: () => late(slow().user, registered),
    userAtHand: () => (slow().user === 0 ? registered : undefined),
    reach: () => {
      const reached: Reached = fate() === 'blocked' ? 'blocked' : 'open';
      return slow().policy === 0 ? reached : late(slow().policy, reached);
    },
    standing: () => {
      const standing = fate() === 'blocked' ? { ...member, groupMuted: true } : member;
      return slow().policy === 0 ? standing : late(slow().policy, standing);
    },
    at: () => Promise.reject(new Error('not asked by sends')),
    sentBefore: () => late(slow().lookUp, fate() === 'unanswerable' ? 'unanswerable' : 'never'),
    message: async (conversation, seq) => {
      const [event] = await log.readStream<MessageSent>(conversationStream(conversation), {
        ...{ from: seq - 1, direction: 'forwards', max: 1 },
      });
      return event;
    },
  };
  const beforeSend: BeforeSend = ({ message, stored }) => {
    const [takes, end] = [slow().question, fate()];
    if (takes === 0) return undefined;
    return async () => {
      await turns(takes);
      if (end === 'broken') throw new Error('broken');
      return end === 'refused'
        ? { kind: 'refused', reason: 'callback/refused', detail: 'no' }
        : { kind: 'allowed', message, stored };
    };
  };
  const doing = {
    pass: () => undefined,
    followed: () => Promise.resolve(true),
    now: () => NOW,
  };
  const onItsWay: string[] = [];
  const once = appendOnce({ writers, known });
  const append: typeof once = (wish) => {
    if ('clientMsgId' in wish.wish.data) onItsWay.push(wish.wish.data.clientMsgId ?? '');
    return once(wish);
  };
  const send = sendHandler({ writers, append, deriveId, known, beforeSend, doing });
  const stored = (chat: ConversationId) =>
    log.readStream<MessageSent>(conversationStream(chat), {
      ...{ from: 'start', direction: 'forwards', max: 10_000 },
    });
  const say = (chat: ConversationId, name: string, made = NOW) =>
    send(
      {
        conversation: chat,
        message: {
          ...partiesOf(chat),
          ...{ clientMsgId: name, contentType: 101, createTime: made, body: { content: name } },
        },
        ...{ stored: true, senderSync: true, privileged: false },
      },
      by(ann),
    );
  for (const chat of CHATS) {
    const event = { type: 'MessageSent' as const, meta: by(ann) };
    const said = Array.from({ length: before }, (_, index) => ({
      ...event,
      id: eventId(`${chat} ${String(index)}`),
      data: {
        ...partiesOf(chat),
        ...{ clientMsgId: `b${String(index)}`, contentType: 101, createTime: NOW, sendTime: NOW },
        body: { content: 'before' },
      },
    }));
    if (before > 0) await log.append(conversationStream(chat), 'any', said);
  }
  return {
    ...{ say, stored, onItsWay },
    /** What takes for ever has come. */
    open,
    /** From here on all takes as long as this step says. */
    step: (next: Step | undefined) => {
      now = next;
    },
  };
};

const slowness = fc.oneof(
  { weight: 3, arbitrary: fc.constant(0) },
  { weight: 1, arbitrary: fc.integer({ min: 1, max: 8 }) },
);
const step: fc.Arbitrary<Step> = fc.record({
  chat: fc.nat(2),
  old: fc.boolean(),
  fate: fc.oneof(
    { weight: 6, arbitrary: fc.constant<Fate>('sent') },
    { weight: 1, arbitrary: fc.constantFrom<Fate>('blocked', 'refused', 'broken', 'unanswerable') },
  ),
  after: fc.nat(3),
  slow: fc.record({
    user: slowness,
    policy: slowness,
    question: slowness,
    lookUp: slowness,
    read: slowness,
  }),
});

describe('[SEQ-13] what one sender says in one conversation', () => {
  test('stands in the order in which it came, however long each takes and however it ends', async () => {
    const steps = fc.array(step, { minLength: 2, maxLength: 16 });
    await fc.assert(
      fc.asyncProperty(steps, fc.constantFrom(0, 100), async (all, before) => {
        const { say, stored, step } = await world(before);
        const sends: Promise<Readonly<{ chat: ConversationId; name: string; seq: number }>>[] = [];
        for (const [index, next] of all.entries()) {
          step(next);
          const [chat, name] = [CHATS[next.chat] ?? CHATS[0], `m${String(index)}`];
          const sending = say(chat, name, next.old ? NOW - WINDOW_MS : NOW);
          sends.push(
            sending.then(
              (result) => ({ chat, name, seq: result.kind === 'done' ? result.sent.seq : 0 }),
              () => ({ chat, name, seq: 0 }),
            ),
          );
          await turns(next.after);
        }
        const answers = await Promise.all(sends);
        for (const chat of CHATS) {
          const said = (await stored(chat)).slice(before);
          const mine = answers.filter((one) => one.chat === chat && one.seq > 0);
          expect(said.map(({ data }) => data.clientMsgId)).toEqual(mine.map(({ name }) => name));
          expect(mine.map(({ seq }) => seq)).toEqual(said.map(({ revision }) => revision + 1));
        }
      }),
      { numRuns: 150 },
    );
  });

  test('goes on its way at once where all is at hand', async () => {
    const { say, onItsWay } = await world(0);
    await say(CHATS[0], 'first');
    const sending = say(CHATS[0], 'second');
    expect(onItsWay).toEqual(['first', 'second']);
    await sending;
  });

  test('does not wait for what becomes of what is before it, nor for other conversations', async () => {
    const { say, step, open, onItsWay, stored } = await world(0);
    for (const chat of CHATS) await say(chat, 'first');
    step({ ...plain, slow: { ...quick, policy: Infinity } });
    const slow = say(CHATS[0], 'slow');
    step(undefined);
    const behind = say(CHATS[0], 'behind it');
    expect(await say(CHATS[1], 'elsewhere')).toMatchObject({ kind: 'done', sent: { seq: 2 } });
    expect(await say(CHATS[2], 'elsewhere')).toMatchObject({ kind: 'done', sent: { seq: 2 } });
    expect(await stored(CHATS[0])).toHaveLength(1);
    expect(onItsWay).not.toContain('behind it');
    open();
    expect(await slow).toMatchObject({ sent: { seq: 2 } });
    expect(await behind).toMatchObject({ sent: { seq: 3 } });
  });

  test('is to be tried again where too much of it waits', async () => {
    const { say, step } = await world(0);
    step({ ...plain, slow: { ...quick, policy: 3 } });
    const waiting = Array.from({ length: WAITING_MAX }, (_, index) => say(CHATS[0], String(index)));
    await expect(say(CHATS[0], 'one more')).rejects.toThrow(StreamContended);
    expect(await say(CHATS[1], 'elsewhere')).toMatchObject({ kind: 'done' });
    const seqs = (await Promise.all(waiting)).map((one) => one.kind === 'done' && one.sent.seq);
    expect(seqs).toEqual(waiting.map((_, index) => index + 1));
    expect(await say(CHATS[0], 'one more')).toMatchObject({ sent: { seq: WAITING_MAX + 1 } });
  });
});
