import fc from 'fast-check';
import { expect, test } from 'vitest';
import { appendOnce } from '../../../core/conversation/appendOnce.ts';
import { conversationStream, type NumberedEvent } from '../../../core/conversation/events.ts';
import { sendHandler, sendId } from '../../../core/conversation/handler.ts';
import {
  group,
  notificationAccount,
  notificationOf,
  single,
} from '../../../core/conversation/ids.ts';
import { LOADED_MAX } from '../../../core/conversation/load.ts';
import { notifyHandler } from '../../../core/conversation/notify.ts';
import type { Known } from '../../../core/conversation/ports.ts';
import { OutcomeUnknown } from '../../../core/kernel/eventStore.ts';
import type { EventId, GroupId } from '../../../core/kernel/ids.ts';
import { deriveId } from '../../../infra/ids.ts';
import { MemoryEventLog } from '../../support/memoryEventLog.ts';
import { numberedWriters } from '../../support/numberedWriters.ts';
import { ann, bob, by, eventId, registered } from '../../support/people.ts';

const NOW = 1_700_000_000_000;
const CREW = 'crew' as GroupId;
const CHATS = [
  { chat: single(ann, bob), parties: { from: ann, to: bob } },
  { chat: group(CREW), parties: { from: ann, group: CREW } },
  { chat: notificationAccount(ann, bob), parties: { from: ann, to: bob } },
] as const;
const streamOf = ({ chat, isNotice }: Readonly<{ chat: number; isNotice: boolean }>): string => {
  const { chat: id } = CHATS[chat] ?? CHATS[0];
  return conversationStream(isNotice ? notificationOf(id) : id);
};

const idOf = ({ chat, name }: Pick<Step, 'chat' | 'name'>): EventId => {
  const { chat: id, parties } = CHATS[chat] ?? CHATS[0];
  return sendId(deriveId, id, parties.from, `m${String(name)}`);
};
/** Beside a chat and in it, a message and a notification may have one id. */
const nameOf = (step: Step): string => `${streamOf(step)} ${idOf(step)}`;

/** A process that has just been started: it knows the log, and the tables have all of it that it asks for. */
const processOn = (log: MemoryEventLog) => {
  const writers = numberedWriters(log);
  const readAll = (stream: string) =>
    log.readStream<NumberedEvent>(stream, { from: 'start', direction: 'forwards', max: 10_000 });
  const known: Known = {
    user: () => Promise.resolve(registered),
    userAtHand: () => registered,
    reach: () => 'open',
    standing: () => ({ status: 'open', role: 20, mutedUntil: 0, groupMuted: false }),
    at: () => Promise.reject(new Error('not asked by sends')),
    // They have messages alone, as the tables do.
    sentBefore: async (conversation, id, before) => {
      const events = await readAll(conversationStream(conversation));
      const found = events.findIndex((event) => event.id === id && event.type === 'MessageSent');
      return found >= 0 && found + 1 < before ? found + 1 : 'never';
    },
    message: async (conversation, seq) =>
      (await readAll(conversationStream(conversation)))[seq - 1],
  };
  const doing = {
    pass: () => undefined,
    followed: () => Promise.resolve(true),
    now: () => NOW,
  };
  const deps = { writers, append: appendOnce({ writers, known }), deriveId, known, doing };
  const send = sendHandler(deps);
  const notify = notifyHandler({ ...deps, send, log });
  return ({ chat, isNotice, name }: Pick<Step, 'chat' | 'isNotice' | 'name'>) => {
    const { chat: conversation, parties } = CHATS[chat] ?? CHATS[0];
    const message = {
      ...parties,
      ...{ clientMsgId: `m${String(name)}`, contentType: 101, createTime: NOW },
      body: { content: 'hi' },
    };
    const repeats = 'any';
    return isNotice
      ? notify({ chat: conversation, message, options: {}, stored: true, repeats }, by(ann))
      : send(
          {
            ...{ conversation, message, stored: true, senderSync: true, privileged: true },
            repeats,
          },
          by(ann),
        );
  };
};

type Step = Readonly<{
  process: number;
  chat: number;
  isNotice: boolean;
  name: number;
  /** The process is another one from here on. */
  restarts: boolean;
  /** Its append is stored, and the answer to it lost. */
  isLost: boolean;
  /** Others say more than a process reads as it starts. */
  isBusy: boolean;
  /** The next one does not wait for it. */
  atOnce: boolean;
}>;

/**
 * Which of them a process has taken that may not have seen in the log that the other had taken it: here nobody follows the
 * log. To the store what both append at the same place is one event, and it does not say whose.
 */
const racing = () => {
  const unseen = [new Set<string>(), new Set<string>()];
  const underWay: string[] = [];
  const raced = new Set<string>();
  return {
    raced,
    started: (process: number): void => {
      unseen[process] = new Set(underWay);
    },
    taken: (process: number, name: string): void => {
      if (unseen[process]?.has(name) === true) raced.add(name);
      unseen[1 - process]?.add(name);
      underWay.push(name);
    },
    answered: (name: string): void => {
      underWay.splice(underWay.indexOf(name), 1);
    },
  };
};

const rare = fc.integer({ min: 0, max: 4 }).map((number) => number === 0);
const step: fc.Arbitrary<Step> = fc.record({
  ...{ process: fc.nat(1), chat: fc.nat(2), isNotice: fc.boolean(), name: fc.nat(2) },
  ...{ restarts: rare, isLost: rare, isBusy: rare, atOnce: fc.boolean() },
});

test('[SEQ-2] [SEQ-6] [MSG-32] each is stored once, with one answer, whichever process takes it and restarts', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 2, maxLength: 14 }), async (steps) => {
      const log = new MemoryEventLog();
      const append = log.append.bind(log);
      let loses = false;
      log.append = async (...asked) => {
        const result = await append(...asked);
        if (!loses) return result;
        loses = false;
        throw new OutcomeUnknown('no answer');
      };
      const processes = [processOn(log), processOn(log)];
      const answers: Promise<readonly [string, object]>[] = [];
      let others = 0;
      const races = racing();
      for (const each of steps) {
        if (each.isBusy) {
          await Promise.all(answers);
          const { parties } = CHATS[each.chat] ?? CHATS[0];
          const more = Array.from({ length: LOADED_MAX + 1 }, () => ({
            ...{ type: 'MessageSent' as const, id: eventId(`other ${String((others += 1))}`) },
            meta: by(ann),
            data: {
              ...parties,
              ...{ clientMsgId: `o${String(others)}`, contentType: 101, createTime: NOW },
              ...{ sendTime: NOW, body: { content: '' } },
            },
          }));
          await append(streamOf(each), 'any', more);
        }
        if (each.restarts) {
          processes[each.process] = processOn(log);
          races.started(each.process);
        }
        loses ||= each.isLost;
        const name = nameOf(each);
        races.taken(each.process, name);
        const answer = (processes[each.process] ?? processOn(log))(each).then((result) => {
          races.answered(name);
          return [name, result.kind === 'done' ? result.sent : result] as const;
        });
        answers.push(answer);
        if (!each.atOnce) await answer;
      }
      // Where two have raced, either tells the time it has decided on.
      const told = new Map<string, object>();
      for (const [name, answer] of await Promise.all(answers)) {
        const sent = races.raced.has(name) ? { ...answer, sendTime: 'either' } : answer;
        expect(sent).toEqual(told.get(name) ?? sent);
        told.set(name, sent);
      }
      for (const each of steps) {
        const id = idOf(each);
        const events = await log.readStream(streamOf(each), {
          ...{ from: 'start', direction: 'forwards', max: 10_000 },
        });
        const places = events.flatMap((event, index) => (event.id === id ? [index + 1] : []));
        expect(places).toHaveLength(1);
        expect(told.get(nameOf(each))).toMatchObject({
          seq: places[0],
        });
      }
    }),
    { numRuns: 200 },
  );
});
