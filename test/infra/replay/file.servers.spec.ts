import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parquetReadObjects } from 'hyparquet';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { exportEvents, ExportFailed } from '../../../infra/replay/export.ts';
import { openFile, OutputRefused } from '../../../infra/replay/output.ts';
import { piecesOf } from '../../../infra/replay/pieces.ts';
import { FORMATS, rendering, type Format } from '../../../infra/replay/rendering.ts';
import { choosing, EVERYTHING } from '../../../infra/replay/selection.ts';
import type { Span } from '../../../infra/replay/walk.ts';
import { worldOf, type World } from './world.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'seqline-replay-'));
});
afterEach(() => rm(folder, { recursive: true }));

const EVENTS = 24;
/** Places at which the disk is full. */
const CUTS = 7;

const marks = (): Promise<World> =>
  worldOf(
    Array.from({ length: EVENTS }, (_, index) => ({
      ...{ stream: 'inbox-ann', type: 'ReadMarked', actor: 'ann', created: 1_000 + index },
      data: { user: 'ann', conversation: 'si_ann_bob', upTo: index + 1 },
    })),
  );

/** The system says it so when there is no room. */
class NoRoom extends Error {
  readonly code = 'ENOSPC';
}

/** Exports to a file whose disk has room for so many bytes more. */
const toFile = async (
  { log }: World,
  format: Format,
  path: string,
  { room = Infinity, span = { after: 0, until: EVENTS } }: { room?: number; span?: Span } = {},
): Promise<number> => {
  const output = await openFile(path, `a test, ${format}`, 0);
  let left = room;
  const { standing } = output;
  try {
    const lines = rendering(format, standing?.state, 4);
    const { events } = await exportEvents({
      ...{ span, rendering: lines, onProgress: () => undefined },
      pieces: (part) => piecesOf(log, part, choosing(EVERYTHING), lines),
      output: {
        ...output,
        write: async (bytes) => {
          left -= bytes.byteLength;
          // What was there before the disk was full is written, whole or not.
          await output.write(left < 0 ? bytes.subarray(0, bytes.byteLength + left) : bytes);
          if (left < 0) throw new NoRoom('no room');
        },
      },
    });
    return events;
  } catch (error) {
    await output.close();
    throw error;
  }
};

describe('[REP-3] an export that is cut short', () => {
  test.each(FORMATS)('of %s goes on where it was, wherever that is', async (format) => {
    const world = await marks();
    await toFile(world, format, join(folder, 'whole'));
    const whole = await readFile(join(folder, 'whole'));
    const step = Math.ceil(whole.length / CUTS);
    for (let room = 1; room < whole.length; room += step) {
      const path = join(folder, `at ${String(room)}`);
      await expect(toFile(world, format, path, { room })).rejects.toThrow(ExportFailed);
      expect(await readdir(folder)).not.toContain(`at ${String(room)}`);
      // A second time with a little more room, and then with enough.
      await toFile(world, format, path, { room: Math.ceil(step / 2) }).catch((error: unknown) => {
        expect(error).toBeInstanceOf(ExportFailed);
      });
      if (await isMissing(path)) expect(await toFile(world, format, path)).toBe(EVENTS);
      expect(await readFile(path)).toEqual(whole);
      await rm(path);
    }
    expect(await readdir(folder)).toEqual(['whole']);
  });

  test('by time does not look for its beginning again', async () => {
    const world = await marks();
    const path = join(folder, 'late');
    const span = { after: 0, until: EVENTS, from: 1_010 };
    await expect(toFile(world, 'ndjson', path, { room: 1_500, span })).rejects.toThrow(
      ExportFailed,
    );
    expect(await toFile(world, 'ndjson', path, { span })).toBe(EVENTS - 10);
  });

  test('of Parquet can be read as one file', async () => {
    const world = await marks();
    const path = join(folder, 'table');
    await expect(toFile(world, 'parquet', path, { room: 3_000 })).rejects.toThrow(ExportFailed);
    await toFile(world, 'parquet', path);
    const rows = await parquetReadObjects({ file: Uint8Array.from(await readFile(path)).buffer });
    expect(rows.map(({ position }) => Number(position))).toEqual(
      Array.from({ length: EVENTS }, (_, index) => index + 1),
    );
  });
});

const isMissing = async (path: string): Promise<boolean> =>
  !(await readdir(folder)).some((name) => join(folder, name) === path);

describe('[REP-4] a file is refused', () => {
  test('that is there already, and stays as it is', async () => {
    const path = join(folder, 'mine');
    await writeFile(path, 'mine');
    await expect(openFile(path, 'any')).rejects.toThrow(OutputRefused);
    expect(await readFile(path, 'utf8')).toBe('mine');
  });

  test('that another export has begun', async () => {
    const world = await marks();
    const path = join(folder, 'begun');
    await expect(toFile(world, 'ndjson', path, { room: 2_000 })).rejects.toThrow(ExportFailed);
    await expect(openFile(path, 'another')).rejects.toThrow('asked for otherwise');
    await writeFile(`${path}.part.json`, '{"position":-1}');
    await expect(openFile(path, 'a test, ndjson')).rejects.toThrow('not what an export has left');
  });
});
