import { expect, test } from 'vitest';
import { appendSince } from '../../../core/conversation/appendSince.ts';
import type { AppendNumbered } from '../../../core/conversation/decider.ts';
import { conversationStream, type NumberedEvent } from '../../../core/conversation/events.ts';
import type { Seq } from '../../../core/kernel/ids.ts';
import { MemoryEventLog } from '../../support/memoryEventLog.ts';
import { numberedWriters } from '../../support/numberedWriters.ts';
import { ann, annAndBob, by, eventId, sent } from '../../support/people.ts';

/** More than a writer that has just been started reads at once. */
const MANY = 5_000;
const STREAM = conversationStream(annAndBob);

const wishOf = (name: string): AppendNumbered => {
  const { sendTime: _, ...data } = sent(name).data;
  const wish = { type: 'MessageSent', data } as const;
  return { stream: STREAM, id: eventId(name), at: 1_000, meta: by(ann), wish };
};

/** A process that has just been started on this log; counts what it reads to find something. */
const processOn = (log: MemoryEventLog) => {
  const looked: number[] = [];
  const writers = numberedWriters(log);
  const message = async (_: unknown, seq: Seq) => {
    const place = { from: seq - 1, direction: 'forwards', max: 1 } as const;
    return (await log.readStream<NumberedEvent>(STREAM, place))[0];
  };
  const readPlaces: MemoryEventLog['readPlaces'] = async (stream, options) => {
    const places = await log.readPlaces(stream, options);
    looked.push(places.length);
    return places;
  };
  return { append: appendSince({ writers, known: { message }, log: { readPlaces } }), looked };
};

const said = async (log: MemoryEventLog, from: number, count: number): Promise<void> => {
  for (let index = from; index < from + count; index += 100) {
    const events = Array.from({ length: Math.min(100, count) }, (_, at) => ({
      ...sent(`m${String(index + at)}`),
      meta: by(ann),
    }));
    await log.append(STREAM, 'any', events);
  }
};

const createdOf = async (log: MemoryEventLog, seq: Seq) => {
  const [event] = await log.readStream(STREAM, {
    ...{ from: seq - 1, direction: 'forwards', max: 1 },
  });
  return event?.created ?? 0;
};

test('[SEQ-12] what follows from a fact is found beyond the window of whoever does it again', async () => {
  const log = new MemoryEventLog();
  await said(log, 0, 300);
  const line = await processOn(log).append(wishOf('line'), await createdOf(log, 300));
  expect(line).toMatchObject({ seq: 301 });
  // The process ends before it has noted that this is done, and much is said until another does it again.
  await said(log, 300, MANY);
  const again = processOn(log);
  const since = await createdOf(log, 300);
  expect(await again.append(wishOf('line'), since)).toEqual({
    ...{ kind: 'accepted', seq: 301 },
    sendTime: line.kind === 'accepted' && line.sendTime,
  });
  expect(await log.readPlaces(STREAM, { from: 'end', direction: 'backwards', max: 1 })).toEqual([
    expect.objectContaining({ revision: 300 + MANY }),
  ]);
});

test('[SEQ-12] what has not been done yet is done, and nothing is read where the window tells', async () => {
  const log = new MemoryEventLog();
  await said(log, 0, MANY);
  const fresh = processOn(log);
  expect(await fresh.append(wishOf('line'), await createdOf(log, 1))).toMatchObject({
    seq: MANY + 1,
  });
  expect(fresh.looked.length).toBeGreaterThan(0);

  const short = new MemoryEventLog();
  await said(short, 0, 50);
  const other = processOn(short);
  expect(await other.append(wishOf('line'), await createdOf(short, 1))).toMatchObject({ seq: 51 });
  expect(other.looked).toEqual([]);
});
