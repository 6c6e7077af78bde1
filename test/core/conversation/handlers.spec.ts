import { describe, expect, test } from 'vitest';
import { appendOnce, type NumberedWriters } from '../../../core/conversation/appendOnce.ts';
import { AHEAD_MS_MAX, CONTENT_BYTES_MAX, numbered } from '../../../core/conversation/decider.ts';
import {
  conversationStream,
  type MessageRevoked,
  type NumberedEvent,
} from '../../../core/conversation/events.ts';
import { sendHandler, sendId } from '../../../core/conversation/handler.ts';
import { hideHandler } from '../../../core/conversation/hide.ts';
import { notificationOf } from '../../../core/conversation/ids.ts';
import { lengthenWindows } from '../../../core/conversation/lengthen.ts';
import { loadNumbered } from '../../../core/conversation/load.ts';
import { markReadHandler } from '../../../core/conversation/markRead.ts';
import { FRESH_MS, type Repeats } from '../../../core/conversation/sentBefore.ts';
import type { SentWindow } from '../../../core/conversation/sentWindow.ts';
import type { Known, Reached } from '../../../core/conversation/ports.ts';
import { revokeHandler } from '../../../core/conversation/revoke.ts';
import type { Position, Seq, UserId } from '../../../core/kernel/ids.ts';
import { StreamWriters } from '../../../core/kernel/writer.ts';
import { foldHead, type Head } from '../../../core/sequence/head.ts';
import { emptySide, foldSide, type Side } from '../../../core/sequence/side.ts';
import type { User } from '../../../core/user/decider.ts';
import { deriveId } from '../../../infra/ids.ts';
import { MemoryEventLog } from '../../support/memoryEventLog.ts';
import { untilTrue } from '../../support/until.ts';
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

type ChatOptions = Readonly<{
  sentBefore?: Known['sentBefore'];
  log?: MemoryEventLog;
  /** A window that does not reach back far enough (core/conversation/lengthen.ts). */
  lacking?: Parameters<typeof loadNumbered>[1];
  reached?: () => Reached | Promise<Reached>;
  /** This process has seen so many messages in the log, and no more before it is waited for. */
  seen?: number;
}>;

/** The handlers over a log; what they must know of others is folded from it at every question. */
const chat = ({
  sentBefore = () => Promise.resolve('never'),
  log = new MemoryEventLog(),
  lacking = () => undefined,
  reached = () => 'open',
  seen = Infinity,
}: ChatOptions = {}) => {
  let now = NOW;
  const writers: NumberedWriters = new StreamWriters({
    log,
    decider: numbered,
    streamOf: ({ stream }) => stream,
    metaOf: ({ meta }) => meta,
    load: loadNumbered(log, lacking),
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
  const doing = {
    pass: () => undefined,
    followed: (position: Position) => {
      followed.push(position);
      seen = Infinity;
      return Promise.resolve(true);
    },
    now: () => now,
  };
  const followed: Position[] = [];
  let ids = 0;
  const shared = {
    deriveId,
    doing,
    newId: () => eventId(`new ${String((ids += 1))}`),
    known: {
      user: (user: UserId) => Promise.resolve(known(user)),
      userAtHand: () => undefined,
      reach: reached,
      standing: () => Promise.reject(new Error('there are no groups here')),
      at: async (user: UserId, _: unknown, seq?: Seq) => ({
        head: (await read(STREAM)).slice(0, seen).reduce<Head | undefined>(foldHead, undefined),
        side: await sideOf(user),
        revoked: (await read(NOTICES)).some(
          (event) => event.type === 'MessageRevoked' && event.data.seq === seq,
        ),
      }),
      sentBefore,
      message: async (_: unknown, seq: Seq) => (await read(STREAM))[seq - 1],
    } satisfies Known,
  };
  const deps = { ...shared, writers, append: appendOnce({ writers, known: shared.known }) };
  const send = sendHandler(deps);
  const markRead = markReadHandler({ ...deps, noteMark: () => Promise.reject(new Error('quiet')) });
  const markAll = (all: readonly Seq[]) => {
    const marks = all.map((upTo) => ({ upTo, seqs: [upTo] }));
    return markRead({ conversation: annAndBob, reader: bob, marks, quiet: false }, by('bob'));
  };
  const revoke = revokeHandler(deps);
  const hide = hideHandler({ ...deps, note: () => Promise.resolve({ kind: 'done' }) });
  return {
    read,
    followed,
    pass: (ms: number): void => {
      now += ms;
    },
    send: (
      clientMsgId: string,
      content = 'hi',
      createTime = now,
      privileged = false,
      repeats?: Repeats,
    ) =>
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
          ...(repeats === undefined ? {} : { repeats }),
        },
        by('ann'),
      ),
    revoke: (user: UserId, admin = false, seq = 1) =>
      revoke({ conversation: annAndBob, seq, by: user, admin }, by(user)),
    hide: (seqs: readonly Seq[]) =>
      hide({ user: ann, conversation: annAndBob, seqs, scope: 'all', admin: false }, by('ann')),
    markRead: (upTo: Seq) => markAll([upTo]).then((marked) => marked({ upTo })),
    /** Together, in one event. */
    markAll,
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
    const { send, read } = chat({ reached: () => reached });
    const first = await send('1');
    reached = 'blocked';
    expect(reasonOf(await send('2'))).toBe('message/blocked');
    reached = 'stranger';
    expect(reasonOf(await send('2'))).toBe('message/not-friends');
    expect(reasonOf(await send('2', 'hi', NOW, true))).toBe('done');
    expect(await read(STREAM)).toHaveLength(2);
    expect(await send('1')).toEqual({ kind: 'done', sent: first.kind === 'done' && first.sent });
  });

  test('[GRP-30] is refused for a moment while it cannot be told who reaches whom', async () => {
    let reached: Reached = 'open';
    const { send, read } = chat({ reached: () => Promise.resolve(reached) });
    const first = await send('1');
    reached = 'behind';
    expect(reasonOf(await send('2'))).toBe('service/unavailable');
    expect(await send('1')).toEqual({ kind: 'done', sent: first.kind === 'done' && first.sent });
    expect(reasonOf(await send('2', 'hi', NOW, true))).toBe('done');
    expect(await read(STREAM)).toHaveLength(2);
  });

  test('[BLK-3] is refused as well when that has to be looked up first', async () => {
    const { send } = chat({ reached: () => Promise.resolve('blocked') });
    expect(reasonOf(await send('1'))).toBe('message/blocked');
  });

  const HOUR = 3_600_000;
  const noQuestion: Known['sentBefore'] = () => Promise.reject(new Error('nobody should ask'));
  const idOf = (clientMsgId: string) => sendId(deriveId, annAndBob, ann, clientMsgId);

  /** One message an hour: the window has some hundreds of them, and not the first. */
  const grown = async (sentBefore: Known['sentBefore']) => {
    const all = chat({ sentBefore });
    for (let index = 1; index <= 1_000; index++) {
      await all.send(String(index));
      all.pass(HOUR);
    }
    return all;
  };

  test('[SEQ-9] made before what the window has is looked up, and answered as it was', async () => {
    const asked: unknown[] = [];
    const { send } = await grown((conversation, id, before) => {
      asked.push([conversation, id, before]);
      return Promise.resolve(1);
    });
    const answer = await send('1', 'hi', NOW);
    expect(answer).toMatchObject({ kind: 'done', sent: { id: idOf('1'), seq: 1, sendTime: NOW } });
    expect(asked).toEqual([[annAndBob, idOf('1'), expect.any(Number)]]);
  });

  test('[SEQ-9] that cannot be looked up is to be tried again', async () => {
    const { send } = await grown(() => Promise.resolve('unanswerable'));
    expect(reasonOf(await send('x', 'hi', NOW))).toBe('service/unavailable');
    expect(reasonOf(await send('y'))).toBe('done');
  });

  test('[SEQ-9] made long ago, but when the window has everything since, is not looked up', async () => {
    const { send } = await grown(noQuestion);
    const hoursAgo = (hours: number) => NOW + (1_000 - hours) * HOUR;
    expect(await send('990', 'hi', hoursAgo(11))).toMatchObject({ sent: { seq: 990 } });
    expect(await send('new', 'hi', hoursAgo(100))).toMatchObject({ sent: { seq: 1_001 } });
  });

  test('[SEQ-9] from a clock that is ahead is looked up: when it was made says nothing', async () => {
    const { send } = await grown(() => Promise.resolve('unanswerable'));
    const ahead = NOW + 1_000 * HOUR + FRESH_MS;
    expect(reasonOf(await send('a little', 'hi', ahead))).toBe('done');
    expect(reasonOf(await send('much', 'hi', ahead + 1))).toBe('service/unavailable');
  });

  test('[SEQ-9] whose id was given without a time is looked up, and one with a new id never', async () => {
    const { send } = await grown(() => Promise.resolve(1));
    const [now, made] = ['hi', NOW + 1_000 * HOUR];
    expect(await send('1', now, made, false, 'any')).toMatchObject({ sent: { seq: 1 } });
    const { send: other } = await grown(noQuestion);
    expect(await other('n', now, NOW, false, 'none')).toMatchObject({ sent: { seq: 1_001 } });
  });

  test('[SEQ-1] that has to be looked up is not passed by the next one of its sender', async () => {
    const answers: (() => void)[] = [];
    const { send } = await grown(
      () =>
        new Promise((resolve) => {
          answers.push(() => {
            resolve('never');
          });
        }),
    );
    const slow = send('old', 'hi', NOW);
    const next = send('older', 'hi', NOW);
    const fresh = send('fresh');
    while (answers.length < 1) await Promise.resolve();
    answers[0]?.();
    expect(await slow).toMatchObject({ sent: { seq: 1_001 } });
    while (answers.length < 2) await Promise.resolve();
    answers[1]?.();
    expect(await next).toMatchObject({ sent: { seq: 1_002 } });
    expect(await fresh).toMatchObject({ sent: { seq: 1_003 } });
  });

  test('[SEQ-2] that may not be sent any more is answered as it was, if it had been', async () => {
    let reached: Reached = 'open';
    const { send, pass } = chat({ reached: () => reached, sentBefore: () => Promise.resolve(1) });
    const first = await send('1');
    reached = 'blocked';
    expect(await send('1')).toEqual({ kind: 'done', sent: first.kind === 'done' && first.sent });
    pass(HOUR);
    expect(reasonOf(await send('2'))).toBe('message/blocked');
  });

  test('[SEQ-6] in a hot conversation needs no read model, and is once', async () => {
    const { send, read } = chat({ sentBefore: noQuestion });
    for (let index = 1; index <= 10_000; index++) await send(String(index));
    for (const seq of [1, 5_000, 10_000]) {
      const again = await send(String(seq), 'something else');
      const sendTime = NOW + Math.min(seq - 1, AHEAD_MS_MAX);
      expect(again).toMatchObject({ sent: { id: idOf(String(seq)), seq, sendTime } });
    }
    expect(await read(STREAM)).toHaveLength(10_000);
  });

  test('[SEQ-6] after a restart needs one only until the window has been made longer', async () => {
    const log = new MemoryEventLog();
    const before = chat({ log });
    for (let index = 1; index <= 6_000; index++) await before.send(String(index));

    let asked = 0;
    const faults: unknown[] = [];
    let begin: () => void = () => undefined;
    const begun = new Promise<void>((resolve) => (begin = resolve));
    let windowOf: (window: SentWindow) => void = () => undefined;
    const lacking = new Promise<SentWindow>((resolve) => (windowOf = resolve));
    const lengthen = lengthenWindows({
      log: {
        readPlaces: async (stream, options) => {
          await begun;
          return log.readPlaces(stream, options);
        },
      },
      pause: () => Promise.resolve(),
      onFault: (error) => faults.push(error),
    });
    const after = chat({
      log,
      sentBefore: () => Promise.resolve((asked += 1) > 0 ? 'never' : 'unanswerable'),
      lacking: (stream, window, until) => {
        lengthen(stream, window, until);
        windowOf(window);
      },
    });
    expect(await after.send('6001')).toMatchObject({ sent: { seq: 6_001 } });
    expect(asked).toBe(1);
    begin();
    const window = await lacking;
    await untilTrue('the window is whole', () => window.from === 1);
    expect(await after.send('1')).toMatchObject({ sent: { seq: 1 } });
    expect(await after.send('6002')).toMatchObject({ sent: { seq: 6_002 } });
    expect(asked).toBe(1);
    expect(faults).toEqual([]);
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

  test('[SYN-9] that goes too far is refused alone, with whatever others it shares an event', async () => {
    const { send, markAll, read } = chat();
    for (const name of ['1', '2', '3']) await send(name);
    const marked = await markAll([2, 4, 1, 3]);
    const reasons = [2, 4, 1, 3].map((upTo) => reasonOf(marked({ upTo })));
    expect(reasons).toEqual(['done', 'conversation/beyond-newest', 'done', 'done']);
    expect((await read(NOTICES)).map(({ data }) => data)).toMatchObject([{ after: 0, upTo: 3 }]);
    const far = await markAll([7, 5]);
    expect(reasonOf(far({ upTo: 5 }))).toBe('conversation/beyond-newest');
    expect(await read(NOTICES)).toHaveLength(1);
  });
});

describe('[SYN-28] by a process that has not seen yet what a client was told of', () => {
  /** Three messages were sent by way of another process. */
  const behind = async (seen: number) => {
    const log = new MemoryEventLog();
    const elsewhere = chat({ log });
    for (const name of ['1', '2', '3']) await elsewhere.send(name);
    return chat({ log, seen });
  };

  test.each([0, 2])('it is marked as read (%i seen)', async (seen) => {
    const { markRead, read, followed } = await behind(seen);
    expect(reasonOf(await markRead(3))).toBe('done');
    expect((await read(NOTICES)).map(({ data }) => data)).toMatchObject([{ upTo: 3 }]);
    const [first] = followed;
    expect((await read(STREAM))[2]?.position).toBe(first);
  });

  test.each([0, 2])('it is taken back (%i seen)', async (seen) => {
    const { revoke, read } = await behind(seen);
    expect(reasonOf(await revoke(ann, false, 3))).toBe('done');
    expect(await read(NOTICES)).toMatchObject([{ type: 'MessageRevoked', data: { seq: 3 } }]);
  });

  test.each([0, 2])(
    'it is deleted, and what there is not is passed over (%i seen)',
    async (seen) => {
      const { hide, read } = await behind(seen);
      expect(reasonOf(await hide([1, 99, 3]))).toBe('done');
      expect(await read(NOTICES)).toMatchObject([
        { type: 'MessagesDeleted', data: { seqs: [1, 3] } },
      ]);
    },
  );

  test('what there is not is not waited for', async () => {
    const { markRead, followed } = await behind(3);
    expect(reasonOf(await markRead(4))).toBe('conversation/beyond-newest');
    expect(followed).toEqual([]);
  });
});
