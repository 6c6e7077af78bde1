import { Readable } from 'node:stream';
import type { Millis } from '../../core/kernel/ids.ts';
import type { Log } from '../log.ts';
import { faultWire } from './reply.ts';

/** Whoever has not taken anything for so long is gone, or has stopped: its place is for others. */
const STALLED_MS: Millis = 60_000;

/** Lines come for as long as there are any; whoever makes them ends them in much less. */
export const LINES_WITHIN: Millis = 60 * 60_000;

export const LINES_TYPE = 'application/x-ndjson';

/** Some whole lines of JSON at a time; the next ones are asked for when these have been taken. */
export type Lines = AsyncIterable<string>;

export const isLines = (value: unknown): value is Lines =>
  typeof value === 'object' && value !== null && Symbol.asyncIterator in value;

type About = Readonly<{ log: Log; operationId: string; path: string; stalledMs?: Millis }>;

/**
 * An answer that is written as fast as its reader reads. A fault in the middle can no longer be the answer's
 * status, so it is the last line. Ends what it reads from when the connection ends.
 */
export const streamOf = (lines: Lines, about: About): Readable => {
  const { stalledMs = STALLED_MS } = about;
  let stall: NodeJS.Timeout | undefined;
  const taken = async function* (): Lines {
    for await (const some of guarded(lines, about)) {
      stall = setTimeout(() => {
        stream.destroy();
      }, stalledMs);
      yield some;
      clearTimeout(stall);
    }
  };
  const stream = Readable.from(taken(), { objectMode: false, highWaterMark: 1 });
  stream.on('close', () => {
    clearTimeout(stall);
  });
  return stream;
};

const guarded = async function* (lines: Lines, { log, operationId, path }: About): Lines {
  try {
    yield* lines;
  } catch (err) {
    log.error({ operationId, path, err }, 'an answer in lines has failed');
    const { body } = faultWire('it ends here; go on after the last position that came');
    yield `${JSON.stringify(body)}\n`;
  }
};
