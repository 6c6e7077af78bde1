import { rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { open as openLmdb } from 'lmdb';
import { describe, expect, test } from 'vitest';
import type { EventStore, StoredEvent } from '../../../../core/kernel/eventStore.ts';
import { openLogEnvironment } from '../../../../infra/eventstore/embedded/environment.ts';
import { DamagedIndex } from '../../../../infra/eventstore/embedded/indexChunk.ts';
import { NotLmdb } from '../../../../infra/lmdbFile.ts';
import { StreamIndex } from '../../../../infra/eventstore/embedded/streamIndex.ts';
import {
  allOf,
  event,
  events,
  follow,
  newStream,
  plain,
} from '../../../support/eventStore/events.ts';
import { temporaryLogs } from '../../../support/eventStore/logs.ts';
import { answerOf, eventsOf, heldBy, histories, Model } from '../../../support/eventStore/model.ts';

const whole = { from: 'start', direction: 'forwards', max: 100_000 } as const;

/** All there is to see of a log: `$all` both ways, and each stream both ways. */
const everythingIn = async (log: EventStore) => {
  const all = (await allOf(log, { ...whole, max: 500 })).map(plain);
  const reversed = (await allOf(log, { from: 'end', direction: 'backwards', max: 333 })).map(plain);
  const streams: Record<string, readonly ReturnType<typeof plain>[]> = {};
  for (const stream of new Set(all.map((one) => one.stream))) {
    const read = async (options: Parameters<EventStore['readStream']>[1]) =>
      (await log.readStream(stream, options)).map((one: StoredEvent) => plain(one));
    streams[stream] = await read(whole);
    expect(await read({ from: 'end', direction: 'backwards', max: 100_000 })).toEqual(
      [...(streams[stream] ?? [])].reverse(),
    );
  }
  return { all, reversed, streams, head: await log.head(), logId: await log.logId() };
};

describe('the embedded log, opened again', () => {
  const { directory, open } = temporaryLogs();

  test('[STO-18] any history, closed and opened at any point, is as the rules say', async () => {
    await fc.assert(
      fc.asyncProperty(histories, fc.nat(24), async (history, reopenAt) => {
        const at = await directory();
        const model = new Model();
        const streamOf = (stream: number) => `history-${stream}`;
        let log = await open({ directory: at });
        for (const [index, step] of history.entries()) {
          if (index === reopenAt) {
            await log.close();
            log = await open({ directory: at });
            model.forget();
          }
          const result = await log.append(streamOf(step.stream), step.expected, eventsOf(step, 1));
          expect(answerOf(result)).toBe(model.append(step));
        }
        const before = await everythingIn(log);
        await log.close();
        const again = await open({ directory: at });
        expect(await everythingIn(again)).toEqual(before);
        expect(await heldBy(again, streamOf)).toEqual(model.streams);
        await again.close();
      }),
      { numRuns: 15 },
    );
  });

  /**
   * Many streams, some long enough for several chunks of the index, appended to between flushes.
   */
  const filled = async (at: string) => {
    const log = await open({ directory: at });
    for (let round = 0; round < 3; round++) {
      await Promise.all(
        Array.from({ length: 40 }, (_, index) => log.append(`short-${index}`, 'any', events(1))),
      );
      for (let step = 0; step < 4; step++) await log.append('long', 'any', events(100));
    }
    const seen = await everythingIn(log);
    await log.close();
    return seen;
  };

  test('[STO-18] a missing index is made again from the log, equal', async () => {
    const at = await directory();
    const before = await filled(at);
    expect(await everythingIn(await open({ directory: at }))).toEqual(before);
    const other = await directory();
    const second = await filled(other);
    await rm(join(other, 'index'), { recursive: true });
    expect(await everythingIn(await open({ directory: other }))).toEqual(second);
  });

  test('[STO-18] an index that is behind is completed, whatever it was written in', async () => {
    const at = await directory();
    const before = await filled(at);
    await rm(join(at, 'index'), { recursive: true });
    for (const upTo of [1, 130, 900, 1_000]) {
      const { logId, close } = openLogEnvironment(at);
      await close();
      const index = StreamIndex.open(at, logId, before.head);
      for (const { stream, revision, position } of before.all)
        if (position > index.indexed && position <= upTo) index.add(stream, revision, position);
      await index.flush();
      expect(index.indexed).toBe(upTo);
      await index.close();
    }
    const log = await open({ directory: at });
    expect(await everythingIn(log)).toEqual(before);
    expect(await log.append('long', 1_199, [event()])).toMatchObject({ revision: 1_200 });
  });

  test('[STO-18] an index whose last writing was cut short by a crash is completed', async () => {
    const at = await directory();
    const before = await filled(at);
    // As after the chunks of a writing, or some of them, and before its mark.
    for (const position of [0, 130, 1_100]) {
      const root = openLmdb({ path: join(at, 'index'), maxDbs: 4, noSubdir: false });
      const marks = root.openDB<object, string>({ name: 'marks-2', encoding: 'json' });
      await marks.put('indexed', { logId: before.logId, position });
      await root.close();
      const log = await open({ directory: at });
      expect(await everythingIn(log)).toEqual(before);
      await log.close();
    }
  });

  test('[STO-18] the index of another log is not believed', async () => {
    const [one, two] = [await directory(), await directory()];
    const before = await filled(one);
    const log = await open({ directory: two });
    await log.append('else', 'any', events(5));
    await log.close();
    await rm(join(one, 'index'), { recursive: true });
    await rename(join(two, 'index'), join(one, 'index'));
    expect(await everythingIn(await open({ directory: one }))).toEqual(before);
  });

  test('[STO-25] a flipped bit in the index is named, and takes no number twice', async () => {
    const at = await directory();
    const before = await filled(at);
    const root = openLmdb({ path: join(at, 'index'), maxDbs: 4, noSubdir: false });
    const chunks = root.openDB<Buffer, Uint8Array>({
      ...{ name: 'chunks-2', encoding: 'binary', keyEncoding: 'binary' },
    } as const);
    for (const { key, value } of chunks.getRange({})) {
      // Two distances become one, and the stream an event shorter.
      const last = value.length - 3;
      value[last] = (value[last] ?? 0) | 0x80;
      if (Buffer.from(key).includes('short-7')) await chunks.put(key, value);
    }
    await root.close();
    const log = await open({ directory: at });
    await expect(log.append('short-7', 'any', events(1))).rejects.toThrow(/index.*short-7/);
    await expect(log.readStream('short-7', whole)).rejects.toThrow(DamagedIndex);
    expect(await log.append('short-8', 'any', events(1))).toMatchObject({ revision: 3 });
    expect(await log.verify()).toMatchObject({ head: before.head + 1 });
    await log.close();
    await rm(join(at, 'index'), { recursive: true });
    const again = await open({ directory: at });
    expect(await again.append('short-7', 'any', events(1))).toMatchObject({ revision: 3 });
    expect(await again.verify()).toMatchObject({ head: before.head + 2 });
  });

  test('[STO-25] where a file is none of LMDB, the log says so and does not open', async () => {
    const at = await directory();
    const before = await filled(at);
    // As a loss of power may leave one that was just being made.
    await writeFile(join(at, 'index', 'data.mdb'), Buffer.alloc(8_192));
    await expect(open({ directory: at })).rejects.toThrow(/stream index/);
    await rm(join(at, 'index'), { recursive: true });
    const log = await open({ directory: at });
    expect(await everythingIn(log)).toEqual(before);
    await log.close();
    await writeFile(join(at, 'log', 'data.mdb'), Buffer.from('short'));
    await expect(open({ directory: at })).rejects.toThrow(NotLmdb);
    await writeFile(join(at, 'log', 'data.mdb'), '');
    expect(await (await open({ directory: at })).head()).toBe(0);
  });

  test('[STO-25] an older version, and this one after it, each make their own index anew', async () => {
    const at = await directory();
    const before = await filled(at);
    const opened = () => {
      const root = openLmdb({ path: join(at, 'index'), maxDbs: 4, noSubdir: false });
      const binary = { encoding: 'binary', keyEncoding: 'binary' } as const;
      const chunks = root.openDB<Buffer, Uint8Array>({ name: 'chunks', ...binary });
      const marks = root.openDB<object, string>({ name: 'marks', encoding: 'json' });
      return { root, chunks, marks };
    };
    const older = opened();
    await older.chunks.put(Buffer.from('stream'), Buffer.from('without a checksum'));
    await older.marks.put('indexed', { logId: before.logId, position: before.head });
    await older.root.close();
    const log = await open({ directory: at });
    expect(await everythingIn(log)).toEqual(before);
    await log.close();
    const { root, chunks, marks } = opened();
    expect([marks.get('indexed'), chunks.getCount()]).toEqual([undefined, 0]);
    await root.close();
  });

  test('[STO-5] a restart forgets what any was told, not what an exact revision finds in the log', async () => {
    const at = await directory();
    const log = await open({ directory: at });
    const batch = events(1);
    await log.append('any', 'any', batch);
    const exact = await log.append('exact', 'no_stream', batch);
    await log.close();
    const again = await open({ directory: at });
    expect(await again.append('any', 'any', batch)).toMatchObject({ revision: 1 });
    expect(await again.append('exact', 'no_stream', batch)).toEqual(exact);
  });

  test('[STO-11] a subscriber far behind is served from disk, in batches, then goes live', async () => {
    const log = await open({ directory: await directory() });
    let release = (): void => undefined;
    const held = new Promise<void>((resolve) => (release = resolve));
    const slow = follow(log, { after: 'start', onEvents: () => held });
    const streams = Array.from({ length: 50 }, () => newStream());
    for (let round = 0; round < 5; round++)
      await Promise.all(streams.map((stream) => log.append(stream, 'any', events(60))));
    release();
    await slow.until(15_000);
    await log.append('later', 'any', events(1));
    await slow.until(15_001);
    expect(slow.seen.map(({ position }) => position)).toEqual(
      Array.from({ length: 15_001 }, (_, index) => index + 1),
    );
    expect(Math.max(...slow.batches)).toBeLessThanOrEqual(1_000);
  });
});
