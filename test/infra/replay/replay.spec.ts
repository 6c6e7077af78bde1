import fc from 'fast-check';
import { parquetReadObjects } from 'hyparquet';
import { describe, expect, test } from 'vitest';
import { catalogue } from '../../../core/kernel/catalogue.ts';
import type { UserId } from '../../../core/kernel/ids.ts';
import { exportEvents } from '../../../infra/replay/export.ts';
import type { Output } from '../../../infra/replay/output.ts';
import { piecesInOrder, piecesOf, type Maker, type Piece } from '../../../infra/replay/pieces.ts';
import { rendering, type Format } from '../../../infra/replay/rendering.ts';
import { replayOf, RequestRefused, type ReplayRequest } from '../../../infra/replay/request.ts';
import { EVERYTHING } from '../../../infra/replay/selection.ts';
import { lastAt } from '../../../infra/replay/walk.ts';
import { otherWork } from '../../../infra/eventstore/embedded/reader.ts';
import { isRecord, parseJson } from '../../support/json.ts';
import { fits, histories, selections, worldOf, type World, type Written } from './world.ts';

const isType = (type: string): boolean => Object.hasOwn(catalogue, type);

const collecting = (): Output & Readonly<{ bytes: () => Buffer }> => {
  const pieces: Uint8Array[] = [];
  const nothing = (): Promise<void> => Promise.resolve();
  return {
    standing: undefined,
    write: (bytes) => {
      pieces.push(Uint8Array.from(bytes));
      return Promise.resolve();
    },
    ...{ settle: nothing, finish: nothing, close: nothing },
    bytes: () => Buffer.concat(pieces),
  };
};

const replayed = async (
  { log }: World,
  request: ReplayRequest = EVERYTHING,
  format: Format = 'ndjson',
): Promise<Buffer> => {
  const output = collecting();
  const { span, chosen } = replayOf(request, await log.head(), isType);
  const lines = rendering(format);
  await exportEvents({
    ...{ span, output, rendering: lines, onProgress: () => undefined },
    pieces: (part) => piecesOf(log, part, chosen, lines),
  });
  return output.bytes();
};

/** The same, made in parts by several who take their time. */
const replayedByMany = async (
  { log }: World,
  request: ReplayRequest,
  makers: number,
): Promise<Buffer> => {
  const output = collecting();
  const { span, chosen } = replayOf(request, await log.head(), isType);
  const lines = rendering('ndjson');
  let busy = 0;
  const make: Maker = async (part) => {
    busy += 1;
    expect(busy).toBeLessThanOrEqual(makers * 2);
    for (let turns = (part.after * 7) % 5; turns > 0; turns -= 1) await otherWork();
    const pieces: AsyncIterator<Piece, void> = piecesOf(log, part, chosen, lines);
    const piece = await pieces.next();
    busy -= 1;
    if (piece.done === true) throw new Error('each part has events');
    return piece.value;
  };
  await exportEvents({
    ...{ span, output, rendering: lines, onProgress: () => undefined },
    pieces: (part) => piecesInOrder(log, part, Array<Maker>(makers).fill(make), 4),
  });
  return output.bytes();
};

const positions = (bytes: Buffer): readonly unknown[] =>
  bytes
    .toString()
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const row = parseJson(line);
      return isRecord(row) ? row['position'] : undefined;
    });

const times = fc.integer({ min: 990, max: 1_060 });

test('[REP-2] what is asked for comes, and nothing else, however clocks went', async () => {
  const between = fc.tuple(fc.option(times), fc.option(times));
  await fc.assert(
    fc.asyncProperty(histories, selections, between, async (written, selection, [one, other]) => {
      const isTurned = one !== null && other !== null && one > other;
      const [from, to] = isTurned ? [other, one] : [one, other];
      const world = await worldOf(written);
      const request = {
        ...selection,
        ...(from !== null && { from: new Date(from).toISOString() }),
        ...(to !== null && { to: new Date(to).toISOString() }),
      };
      const found = await replayed(world, request);
      // The time of an event is the latest that any clock had shown by then.
      let latest = 0;
      const wanted = written.flatMap((event, index) => {
        latest = Math.max(latest, event.created);
        const isWithin = latest >= (from ?? 0) && latest <= (to ?? Infinity);
        return isWithin && fits(event, selection) ? [index + 1] : [];
      });
      expect(positions(found)).toEqual(wanted);
      expect(await replayedByMany(world, request, 3)).toEqual(found);
    }),
  );
});

test('[REP-21] of parts that several make the first fault ends it, after what came before it', async () => {
  const world = await worldOf([ANN, MARK, MARK, MARK, MARK]);
  const output = collecting();
  const makers = [1, 2].map((): Maker => async ({ after, until }) => {
    if (after >= 2) throw new Error(`a fault after ${String(after)}`);
    return {
      ...{ events: 1, bytes: Buffer.from(`${String(after)} `), state: '', looked: 1 },
      ...{ reached: until, begun: true, over: false },
    };
  });
  const exporting = exportEvents({
    ...{ output, rendering: rendering('ndjson'), onProgress: () => undefined },
    span: { after: 0, until: 5 },
    pieces: (part) => piecesInOrder(world.log, part, makers, 1),
  });
  await expect(exporting).rejects.toThrow('a fault after 2');
  expect(output.bytes().toString()).toBe('0 1 ');
});

test('[REP-2] a moment is before the first event that was committed after it', async () => {
  await fc.assert(
    fc.asyncProperty(histories, times, async (written, time) => {
      const { log } = await worldOf(written);
      const first = written.findIndex(({ created }) => created > time);
      expect(await lastAt(log, time, written.length)).toBe(first === -1 ? written.length : first);
    }),
  );
});

const ANN: Written = {
  ...{ stream: 'user-ann', type: 'UserRegistered', actor: 'admin', created: 1_000 },
  data: { user: 'ann', level: 1, globalReceive: 0, profile: { nickname: 'Ann, "A"\n' } },
};
const MARK: Written = {
  ...{ stream: 'inbox-ann', type: 'ReadMarked', actor: '=1+1', created: 2_500 },
  data: { user: 'ann', conversation: 'si_ann_bob', upTo: 3 },
};

describe('[REP-1] an event', () => {
  test('is a line of JSON with all that is known of it', async () => {
    const lines = (await replayed(await worldOf([ANN, MARK]))).toString().split('\n');
    expect(lines.slice(0, -1).map((line) => parseJson(line))).toEqual([
      {
        ...{ position: 1, time: '1970-01-01T00:00:01.000Z', stream: 'user-ann', revision: 0 },
        ...{ type: 'UserRegistered', actor: 'admin', operationId: 'op 0', data: ANN.data },
        id: expect.stringMatching(/^[0-9a-f-]{36}$/u) as unknown,
      },
      expect.objectContaining({ position: 2, type: 'ReadMarked', data: MARK.data }),
    ]);
  });

  test('is a record of CSV, in which nothing breaks out of its field', async () => {
    const text = (await replayed(await worldOf([ANN, MARK]), EVERYTHING, 'csv')).toString();
    const fields = [...text.matchAll(/(?:^|[,\n])(?:"((?:[^"]|"")*)"|([^",\n]*))/gu)].map(
      ([, quoted, plain]) => quoted?.replaceAll('""', '"') ?? plain ?? '',
    );
    const [header, first, second] = [0, 10, 20].map((from) => fields.slice(from, from + 10));
    expect(header?.join()).toBe(
      'position,time,stream,revision,type,id,actor,operationId,causationId,data',
    );
    expect(first?.slice(0, 5)).toEqual([
      '1',
      '1970-01-01T00:00:01.000Z',
      'user-ann',
      '0',
      ANN.type,
    ]);
    expect(parseJson(first?.[9] ?? '')).toEqual(ANN.data);
    expect(second?.[6]).toBe('=1+1');
  });

  test('is a row of a Parquet file', async () => {
    const bytes = await replayed(await worldOf([ANN, MARK]), EVERYTHING, 'parquet');
    const file = Uint8Array.from(bytes).buffer;
    const rows = await parquetReadObjects({ file });
    expect(rows).toHaveLength(2);
    expect(rows[1]).toMatchObject({
      ...{ position: 2n, time: new Date(2_500), stream: 'inbox-ann', revision: 0n },
      ...{ type: 'ReadMarked', actor: '=1+1', operation_id: 'op 1', causation_id: '' },
    });
    expect(parseJson(String(rows[0]?.['data']))).toEqual(ANN.data);
  });
});

test('[REP-1] all formats have the same events', async () => {
  await fc.assert(
    fc.asyncProperty(histories, async (written) => {
      const world = await worldOf(written);
      const lines = positions(await replayed(world));
      expect(lines).toEqual(written.map((_, index) => index + 1));
      const table = await replayed(world, EVERYTHING, 'parquet');
      const rows = await parquetReadObjects({ file: Uint8Array.from(table).buffer });
      expect(rows.map(({ position }) => Number(position))).toEqual(lines);
    }),
    { numRuns: 30 },
  );
});

test('[REP-5] what has been erased is exported as erased, and no sealed text with it', async () => {
  const world = await worldOf([ANN, MARK]);
  await world.keys.destroy('ann' as UserId);
  for (const format of ['ndjson', 'csv'] as const) {
    const text = (await replayed(world, EVERYTHING, format)).toString();
    expect(text.replaceAll('""', '"')).toContain('"profile":{"erased":true}');
    expect(text).not.toContain('Ann');
    expect(text).not.toContain('"~"');
  }
});

describe('[REP-4] what cannot be is refused by name', () => {
  test.each([
    [{ from: 'soon' }, 'from: "soon" is not a position'],
    [{ to: '2026-02-30' }, 'to: "2026-02-30" is not'],
    [{ from: '8' }, 'from: position 8 is beyond the end of the log, which is at 7'],
    [{ to: '8' }, 'to: position 8 is beyond the end'],
    [{ from: '5', to: '4' }, 'from: 5 is after 4'],
    [{ from: '2026-11-30', to: '2026-11-29' }, 'from: 2026-11-30 is after 2026-11-29'],
    [{ types: ['MessageSend'] }, 'type: there is no event "MessageSend"'],
  ])('%j', (request, message) => {
    const ask = () => replayOf({ ...EVERYTHING, ...request }, 7, isType);
    expect(ask).toThrow(RequestRefused);
    expect(ask).toThrow(message);
  });
});
