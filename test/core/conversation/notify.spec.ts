import { describe, expect, test } from 'vitest';
import { appendOnce } from '../../../core/conversation/appendOnce.ts';
import { conversationStream, type NumberedEvent } from '../../../core/conversation/events.ts';
import { sendHandler } from '../../../core/conversation/handler.ts';
import { removeHandler } from '../../../core/conversation/hide.ts';
import { notificationOf } from '../../../core/conversation/ids.ts';
import { notifyHandler, type Notify } from '../../../core/conversation/notify.ts';
import type { Known } from '../../../core/conversation/ports.ts';
import type { UserId } from '../../../core/kernel/ids.ts';
import { foldHead, type Head } from '../../../core/sequence/head.ts';
import type { Passing } from '../../../core/sequence/shown.ts';
import { emptySide } from '../../../core/sequence/side.ts';
import type { User } from '../../../core/user/decider.ts';
import { deriveId } from '../../../infra/ids.ts';
import { MemoryEventLog } from '../../support/memoryEventLog.ts';
import { numberedWriters } from '../../support/numberedWriters.ts';
import { ann, annAndBob, bob, by, cat, eventId } from '../../support/people.ts';

const NOW = 1_700_000_000_000;
const beside = notificationOf(annAndBob);

const userOf = (user: UserId): User =>
  user === cat
    ? { status: 'unknown' }
    : {
        status: 'registered',
        registration: eventId(user),
        level: 1,
        globalReceive: 0,
        profile: { nickname: user, faceUrl: '', ex: '' },
      };

/** The handlers of a process that has just been started on a log. Only cat is not registered. */
const chat = (log = new MemoryEventLog()) => {
  const writers = numberedWriters(log);
  const read = (conversation = annAndBob) =>
    log.readStream<NumberedEvent>(conversationStream(conversation), {
      from: 'start',
      direction: 'forwards',
      max: 1_000,
    });
  const passed: Passing[] = [];
  const doing = {
    pass: (passing: Passing) => passed.push(passing),
    followed: () => Promise.resolve(true),
    now: () => NOW,
  };
  const known: Known = {
    user: (user) => Promise.resolve(userOf(user)),
    userAtHand: () => undefined,
    reach: () => 'blocked',
    standing: () => Promise.reject(new Error('there are no groups here')),
    at: async (user, conversation) => ({
      head: (await read(conversation)).reduce<Head | undefined>(foldHead, undefined),
      side: emptySide(user, conversation),
      revoked: false,
    }),
    sentBefore: () => Promise.resolve('never'),
    message: async (conversation, seq) => (await read(conversation))[seq - 1],
  };
  const deps = { writers, append: appendOnce({ writers, known }), deriveId, known, doing };
  const notify = notifyHandler({ ...deps, send: sendHandler(deps), log });
  const note = () => Promise.reject(new Error('nothing is noted in an inbox'));
  let ids = 0;
  const newId = () => eventId(`new ${String((ids += 1))}`);
  const remove = removeHandler({ ...deps, newId, note });
  return {
    read,
    passed,
    notify: (wish: Partial<Notify> = {}, to = bob, clientMsgId = 'c') =>
      notify(
        {
          chat: annAndBob,
          message: {
            ...{
              from: ann,
              to,
              clientMsgId,
              contentType: 2001,
              system: true,
              createTime: NOW,
            },
            body: { content: '{"detail":"{}"}' },
          },
          options: { isNotNotification: false },
          stored: false,
          repeats: 'any',
          ...wish,
        },
        by('imAdmin'),
      ),
    remove: (seqs: readonly number[], conversation = annAndBob) =>
      remove({ conversation, seqs }, by('imAdmin')),
  };
};

const typesOf = (events: readonly NumberedEvent[]) => events.map(({ type }) => type);

describe("a notification of the app's own", () => {
  test('[MSG-32] that is not stored is handed on, and takes no number', async () => {
    const world = chat();
    const result = await world.notify();
    expect(result).toMatchObject({ kind: 'done', sent: { seq: 0, sendTime: NOW } });
    expect(world.passed).toMatchObject([
      { conversation: beside, data: { from: ann, to: bob, clientMsgId: 'c' } },
    ]);
    expect(await world.read(beside)).toEqual([]);
    expect(await world.read()).toEqual([]);
  });

  test('[MSG-32] that is stored takes a number beside the chat, once', async () => {
    const world = chat();
    const first = await world.notify({ stored: true });
    const again = await world.notify({ stored: true });
    expect(first).toMatchObject({ sent: { seq: 1 } });
    expect(again).toMatchObject({ sent: first.kind === 'done' ? first.sent : {} });
    expect(typesOf(await world.read(beside))).toEqual(['NoticePosted']);
    expect(world.passed).toEqual([]);
    expect(await world.read()).toEqual([]);
  });

  test('[MSG-32] is known again after a restart, however many came in between', async () => {
    const log = new MemoryEventLog();
    const before = chat(log);
    const first = await before.notify({ stored: true });
    for (let index = 0; index < 300; index++) {
      await before.notify({ stored: true }, bob, `other ${String(index)}`);
    }
    const after = chat(log);
    expect(await after.notify({ stored: true })).toEqual({
      kind: 'done',
      sent: first.kind === 'done' && first.sent,
    });
    expect(await after.notify({ stored: true }, bob, 'new')).toMatchObject({ sent: { seq: 302 } });
    // What has an id of its own is not looked for.
    const never = { stored: true, repeats: 'none' } as const;
    log.readPlaces = () => Promise.reject(new Error('nobody should ask'));
    expect(await after.notify(never, bob, 'newer')).toMatchObject({ sent: { seq: 303 } });
    expect(await after.read(beside)).toHaveLength(303);
  });

  test('[MSG-32] that shows as a line is stored in the chat first, under the same ids', async () => {
    const world = chat();
    const result = await world.notify({ line: { unreadCount: true } });
    const [line] = await world.read();
    expect(line).toMatchObject({ type: 'MessageSent', data: { options: { unreadCount: true } } });
    expect(world.passed).toMatchObject([{ conversation: beside, id: line?.id }]);
    expect(result).toMatchObject({ sent: { seq: 1, id: line?.id } });
  });

  test('[MSG-32] to somebody who is not registered is refused', async () => {
    const world = chat();
    expect(await world.notify({}, cat)).toMatchObject({ reason: 'user/unknown' });
    expect(world.passed).toEqual([]);
  });
});

describe('messages that an app admin deletes for everybody', () => {
  test('[MSG-35] are named beside the chat, as far as they are there, and stay in the log', async () => {
    const world = chat();
    await world.notify({ line: {} });
    expect(await world.remove([1, 1, 5])).toMatchObject({ kind: 'done' });
    expect(await world.read(beside)).toMatchObject([
      {
        type: 'MessagesDeleted',
        meta: { actor: 'imAdmin' },
        data: { from: ann, to: bob, conversation: annAndBob, seqs: [1], scope: 'all' },
      },
    ]);
    expect(typesOf(await world.read())).toEqual(['MessageSent']);
    expect(await world.remove([5])).toEqual({ kind: 'done' });
  });

  test('[MSG-35] of no chat are refused', async () => {
    const world = chat();
    await world.notify({ stored: true });
    const reason = 'conversation/unknown';
    expect(await world.remove([1])).toMatchObject({ reason });
    expect(await world.remove([1], beside)).toMatchObject({ reason });
  });
});
