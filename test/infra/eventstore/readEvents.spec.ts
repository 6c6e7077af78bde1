import { describe, expect, test } from 'vitest';
import type { EventStore } from '../../../core/kernel/eventStore.ts';
import { ERASED, type NewEvent, type Recorded } from '../../../core/kernel/fact.ts';
import { eventLog } from '../../../infra/eventstore/eventLog.ts';
import { memoryEventStore } from '../../../infra/eventstore/memory.ts';
import { ReadEvents } from '../../../infra/eventstore/readEvents.ts';
import { deriveId } from '../../../infra/ids.ts';
import { memoryKeys } from '../../../infra/keys/memory.ts';
import { ann, annAndBob, bob } from '../../support/people.ts';

const stream = `conversation-${annAndBob}`;

const message = (name: string): NewEvent => ({
  type: 'MessageSent',
  id: deriveId(name),
  meta: { actor: ann, operationId: name },
  data: {
    from: ann,
    to: bob,
    clientMsgId: name,
    contentType: 101,
    createTime: 1,
    sendTime: 2,
    body: { content: name },
  },
});

/** A log of five messages, and how often its store was read. */
const five = async () => {
  const [memory, keys] = [memoryEventStore(), memoryKeys()];
  const read: string[] = [];
  let before: () => Promise<void> = () => Promise.resolve();
  const store: EventStore = {
    ...memory,
    append: memory.append.bind(memory),
    readStream: async (name, options) => {
      read.push(`${String(options.from)}+${String(options.max)}`);
      const events = await memory.readStream(name, options);
      await before();
      return events;
    },
  };
  const writer = eventLog({ store, keys, seal: true });
  await writer.append(stream, 'no_stream', ['c1', 'c2', 'c3', 'c4', 'c5'].map(message));
  const log = eventLog({ store, keys, seal: true });
  const page = (from: number, max: number) =>
    log.readStream(stream, { from, direction: 'forwards', max });
  return { log, read, page, first: (work: () => Promise<void>) => (before = work) };
};

const contents = (events: readonly Recorded[]) =>
  events.map(({ data }) => ('body' in data ? data.body : undefined));

describe('what has been read of a conversation', () => {
  test('is not read again, and is the same', async () => {
    const { page, read } = await five();
    const whole = await page(1, 3);
    expect(await page(1, 3)).toEqual(whole);
    expect((await page(2, 2))[0]).toBe(whole[1]);
    expect(read).toEqual(['1+3']);
    expect(contents(whole)).toEqual([{ content: 'c2' }, { content: 'c3' }, { content: 'c4' }]);
  });

  test('is read where any of it is missing, and what is beyond the end is asked for each time', async () => {
    const { page, read } = await five();
    await page(1, 3);
    expect(await page(0, 3)).toHaveLength(3);
    expect(await page(3, 5)).toHaveLength(2);
    expect(await page(3, 5)).toHaveLength(2);
    expect(read).toEqual(['1+3', '0+3', '3+5', '3+5']);
  });

  test('[SEA-2] is erased with its user', async () => {
    const { log, page } = await five();
    await page(0, 5);
    await log.forget(ann);
    expect(contents(await page(0, 5))).toEqual(Array.from({ length: 5 }, () => ERASED));
  });

  test('[SEA-2] is erased too if it was being read meanwhile', async () => {
    const { log, page, first } = await five();
    first(() => log.forget(ann));
    await page(0, 5);
    expect(contents(await page(0, 5))).toEqual(Array.from({ length: 5 }, () => ERASED));
  });

  test('is bounded, and the newest stay', () => {
    const kept = new ReadEvents(1000);
    const bytes = { data: new Uint8Array(80), metadata: new Uint8Array(20) };
    const event = (name: string, revision: number) =>
      ({ ...message(name), stream, revision, position: revision, created: 1 }) as const;
    for (let revision = 0; revision < 105; revision += 1) {
      const one = event(`c${String(revision)}`, revision);
      kept.remember(stream, [{ ...one, ...bytes }], [one]);
    }
    const known = Array.from(
      { length: 105 },
      (_, revision) => kept.range(stream, revision, 1) !== undefined,
    );
    expect(known.indexOf(true)).toBe(90);
    expect(known.slice(90).every((one) => one)).toBe(true);
    kept.clear();
    expect(kept.range(stream, 104, 1)).toBeUndefined();
  });
});
