import { describe, expect, test } from 'vitest';
import { appendOnce, sentInWindow } from '../../../core/conversation/appendOnce.ts';
import type { AppendNumbered } from '../../../core/conversation/decider.ts';
import { conversationStream, type NumberedEvent } from '../../../core/conversation/events.ts';
import { fingerprintOf } from '../../../core/conversation/generation.ts';
import type { Seq } from '../../../core/kernel/ids.ts';
import { MemoryEventLog } from '../../support/memoryEventLog.ts';
import { numberedWriters } from '../../support/numberedWriters.ts';
import { ann, annAndBob, by, eventId, sent } from '../../support/people.ts';

const STREAM = conversationStream(annAndBob);

/** Found among 40 million. */
const [ONE, OTHER] = ['7735733', '20975974'];

const send = (name: string): AppendNumbered => {
  const { sendTime: _, ...data } = sent(name).data;
  const wish = { type: 'MessageSent', data } as const;
  return { stream: STREAM, id: eventId(name), at: 1_000, meta: by(ann), wish };
};

const chat = () => {
  const log = new MemoryEventLog();
  const read = () =>
    log.readStream<NumberedEvent>(STREAM, { from: 'start', direction: 'forwards', max: 100 });
  const writers = numberedWriters(log);
  const known = { message: async (_: unknown, seq: Seq) => (await read())[seq - 1] };
  return { append: appendOnce({ writers, known }), writers, known, read };
};

describe('appending once', () => {
  test('[SEQ-2] [SEQ-6] ids with one and the same fingerprint are two messages', async () => {
    expect(fingerprintOf(eventId(ONE))).toBe(fingerprintOf(eventId(OTHER)));
    const { append, writers, known, read } = chat();
    const answers = await Promise.all(
      [ONE, 'between', OTHER, ONE, OTHER].map((name) => append(send(name))),
    );
    expect(answers).toMatchObject([1, 2, 3, 1, 3].map((seq) => ({ kind: 'accepted', seq })));
    expect(await append(send(OTHER))).toEqual({ kind: 'accepted', seq: 3, sendTime: 1_002 });
    expect((await read()).map(({ id }) => id)).toEqual([ONE, 'between', OTHER].map(eventId));

    const state = await writers.state(STREAM);
    expect(await sentInWindow(known, send(OTHER), state)).toMatchObject({ seq: 3 });
    expect(await sentInWindow(known, send('never'), state)).toBeUndefined();
  });

  test('[SEQ-2] a repetition is answered as the first was, with its time', async () => {
    const { append } = chat();
    const first = await append(send('1'));
    expect(first).toMatchObject({
      seq: 1,
      sendTime: 1_000,
      position: expect.any(Number) as number,
    });
    const again = await append({ ...send('1'), at: 9_000 });
    expect(again).toEqual({ kind: 'accepted', seq: 1, sendTime: 1_000 });
  });

  test('[WIR-11] a repetition is known as one though others share its append', async () => {
    const { append } = chat();
    await append(send('1'));
    const [other, again] = await Promise.all([append(send('2')), append(send('1'))]);
    expect(other).toHaveProperty('position');
    expect(again).toEqual({ kind: 'accepted', seq: 1, sendTime: 1_000 });
    // What is stored by this very append is told to all who are there by then.
    const both = await Promise.all([append(send('3')), append(send('3'))]);
    expect(both.map((one) => 'position' in one)).toEqual([true, true]);
  });
});
