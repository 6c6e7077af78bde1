import { describe, expect, test } from 'vitest';
import { CONTENT_BYTES_MAX, numbered } from '../../../core/conversation/decider.ts';
import {
  conversationStream,
  type MessageRevoked,
  type NumberedEvent,
} from '../../../core/conversation/events.ts';
import {
  FRESH_MS,
  sendHandler,
  sendId,
  type NumberedWriters,
} from '../../../core/conversation/handler.ts';
import { notificationOf } from '../../../core/conversation/ids.ts';
import { loadNumbered } from '../../../core/conversation/load.ts';
import { markReadHandler } from '../../../core/conversation/markRead.ts';
import type { Known, Reached } from '../../../core/conversation/ports.ts';
import { revokeHandler } from '../../../core/conversation/revoke.ts';
import type { Seq, UserId } from '../../../core/kernel/ids.ts';
import { StreamWriters } from '../../../core/kernel/writer.ts';
import { foldHead, type Head } from '../../../core/sequence/head.ts';
import { emptySide, foldSide, type Side } from '../../../core/sequence/side.ts';
import type { User } from '../../../core/user/decider.ts';
import { deriveId } from '../../../infra/ids.ts';
import { MemoryEventLog } from '../../support/memoryEventLog.ts';
import { ann, annAndBob, bob, by, cat, eventId } from '../../support/people.ts';

const NOW = 1_700_000_000_000;
const STREAM = conversationStream(annAndBob);
const NOTICES = conversationStream(notificationOf(annAndBob));

const known = (user: UserId): User => ({
  status: 'registered',
  registration: eventId(`registration of ${user}`),
  level: 1,
  globalReceive: 0,
  profile: { nickname: user, faceUrl: '', ex: '' },
});

/** The handlers over a log; what they must know of others is folded from it at every question. */
const chat = (
  sentBefore: Known['sentBefore'] = () => Promise.resolve('never'),
  reached: () => Reached | Promise<Reached> = () => 'open',
) => {
  const log = new MemoryEventLog();
  const writers: NumberedWriters = new StreamWriters({
    log,
    decider: numbered,
    streamOf: ({ stream }) => stream,
    metaOf: ({ meta }) => meta,
    load: loadNumbered(log),
    clock: () => 0,
    pause: () => Promise.resolve(),
  });
  const read = (stream: string) =>
    log.readStream<NumberedEvent>(stream, { from: 'start', direction: 'forwards', max: 10_000 });
  const sideOf = async (user: UserId): Promise<Side> =>
    (await read(NOTICES)).reduce<Side>(
      (side, event) =>
        event.type === 'MessagesRead' && event.data.from === user ? foldSide(side, event) : side,
      emptySide(user, annAndBob),
    );
  const doing = { pass: () => undefined, followed: () => Promise.resolve(true), now: () => NOW };
  let ids = 0;
  const deps = {
    writers,
    deriveId,
    doing,
    newId: () => eventId(`new ${String((ids += 1))}`),
    known: {
      user: (user: UserId) => Promise.resolve(known(user)),
      userAtHand: () => undefined,
      reach: reached,
      at: async (user: UserId, _: unknown, seq?: Seq) => ({
        head: (await read(STREAM)).reduce<Head | undefined>(foldHead, undefined),
        side: await sideOf(user),
        revoked: (await read(NOTICES)).some(
          (event) => event.type === 'MessageRevoked' && event.data.seq === seq,
        ),
      }),
      sentBefore,
      message: async (_: unknown, seq: Seq) => (await read(STREAM))[seq - 1],
    } satisfies Known,
  };
  const send = sendHandler(deps);
  const markRead = markReadHandler({ ...deps, noteMark: () => Promise.reject(new Error('quiet')) });
  const revoke = revokeHandler(deps);
  return {
    read,
    send: (clientMsgId: string, content = 'hi', createTime = NOW, privileged = false) =>
      send(
        {
          conversation: annAndBob,
          message: {
            from: ann,
            to: bob,
            clientMsgId,
            contentType: 101,
            createTime,
            body: { content },
          },
          stored: true,
          senderSync: true,
          privileged,
        },
        by('ann'),
      ),
    revoke: (user: UserId, admin = false, seq = 1) =>
      revoke({ conversation: annAndBob, seq, by: user, admin }, by(user)),
    markRead: (upTo: Seq) =>
      markRead({ conversation: annAndBob, reader: bob, upTo, seqs: [], quiet: false }, by('bob')),
  };
};

const reasonOf = (answer: Readonly<{ kind: string; reason?: string }>) =>
  answer.kind === 'refused' ? answer.reason : answer.kind;

describe('a send', () => {
  test('[SEQ-11] is refused above 20 KiB, counted in bytes of UTF-8', async () => {
    const { send } = chat();
    const euros = Math.floor(CONTENT_BYTES_MAX / 3);
    expect(reasonOf(await send('fits', '€'.repeat(euros)))).toBe('done');
    expect(reasonOf(await send('too long', '€'.repeat(euros + 1)))).toBe('message/too-long');
  });

  test('[BLK-3] to who has blocked the sender, or wants friends only, is refused', async () => {
    let reached: Reached = 'open';
    const { send, read } = chat(undefined, () => reached);
    const first = await send('1');
    reached = 'blocked';
    expect(reasonOf(await send('2'))).toBe('message/blocked');
    reached = 'stranger';
    expect(reasonOf(await send('2'))).toBe('message/not-friends');
    expect(reasonOf(await send('2', 'hi', NOW, true))).toBe('done');
    expect(await read(STREAM)).toHaveLength(2);
    expect(await send('1')).toEqual({ kind: 'done', sent: first.kind === 'done' && first.sent });
  });

  test('[BLK-3] is refused as well when that has to be looked up first', async () => {
    const { send } = chat(undefined, () => Promise.resolve('blocked'));
    expect(reasonOf(await send('1'))).toBe('message/blocked');
  });

  /** More messages than the writer of a conversation keeps in mind, and then a restart. */
  const grown = async (sentBefore: Known['sentBefore']) => {
    const { send } = chat(sentBefore);
    for (let index = 1; index <= 5_000; index++) await send(String(index));
    return send;
  };

  test('[SEQ-9] made some time ago is looked up, and answered as it was', async () => {
    const asked: unknown[] = [];
    const send = await grown((conversation, id, before) => {
      asked.push([conversation, id, before]);
      return Promise.resolve(1);
    });
    const answer = await send('1', 'hi', NOW - FRESH_MS - 1);
    const id = sendId(deriveId, annAndBob, ann, '1');
    expect(answer).toMatchObject({ kind: 'done', sent: { id, seq: 1, sendTime: NOW } });
    expect(asked.at(-1)).toEqual([annAndBob, id, expect.any(Number)]);
  });

  test('[SEQ-9] that cannot be looked up is to be tried again', async () => {
    const send = await grown(() => Promise.resolve('unanswerable'));
    const answer = await send('x', 'hi', NOW - FRESH_MS - 1);
    expect(reasonOf(answer)).toBe('service/unavailable');
  });
});

describe('taking a message back', () => {
  test('[MSG-4] is for its sender, once', async () => {
    const { send, revoke, read } = chat();
    await send('1');
    expect(reasonOf(await revoke(bob))).toBe('caller/not-allowed');
    expect(reasonOf(await revoke(cat))).toBe('caller/not-allowed');
    expect(reasonOf(await revoke(ann, false, 2))).toBe('message/not-found');
    expect(reasonOf(await revoke(ann))).toBe('done');
    expect(reasonOf(await revoke(ann))).toBe('message/revoked-already');
    expect(await read(NOTICES)).toHaveLength(1);
  });

  test('[MSG-4] is for an app admin too, who stands in for the sender', async () => {
    const { send, revoke, read } = chat();
    await send('1');
    expect(reasonOf(await revoke(cat, true))).toBe('done');
    const [revoked] = await read(NOTICES);
    const wanted: Partial<MessageRevoked['data']> = {
      from: ann,
      to: bob,
      by: cat,
      byAdmin: true,
      role: 0,
      revoker: { nickname: 'cat' },
    };
    expect(revoked?.data).toMatchObject(wanted);
  });
});

describe('a read mark', () => {
  test('[SYN-9] never goes back, and not beyond the newest message', async () => {
    const { send, markRead, read } = chat();
    for (const name of ['1', '2', '3']) await send(name);
    expect(reasonOf(await markRead(4))).toBe('conversation/beyond-newest');
    expect(reasonOf(await markRead(2))).toBe('done');
    expect(reasonOf(await markRead(1))).toBe('done');
    expect(reasonOf(await markRead(2))).toBe('done');
    expect((await read(NOTICES)).map(({ data }) => data)).toMatchObject([{ after: 0, upTo: 2 }]);
  });
});
