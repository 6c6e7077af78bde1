import { open, rename, rm, type FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Millis, Position } from '../../core/kernel/ids.ts';
import { isThere, readIfPresent, syncFolder, writeDurably } from '../durableFile.ts';

/** Where an export stands: all up to `position` is in the first `bytes` of the unfinished file. */
export type Standing = Readonly<{
  position: Position;
  events: number;
  begun: boolean;
  /** The rendering's own. */
  state: string;
}>;

/** Where bytes go. `write` resolves once they have been taken: whoever reads them sets the pace. */
export type Output = Readonly<{
  /** Where an interrupted export stands. */
  standing: Standing | undefined;
  write: (bytes: Uint8Array) => Promise<void>;
  /** What has been written may be gone on with from here. */
  settle: (standing: Standing) => Promise<void>;
  finish: () => Promise<void>;
  /** Without finishing: what is there stays, to be gone on with. */
  close: () => Promise<void>;
}>;

/** The file cannot be written as it was asked for; the message says what to do. */
export class OutputRefused extends Error {
  override name = 'OutputRefused';
}

type Kept = Standing & Readonly<{ export: string; bytes: number }>;

/** How often what has been written is made sure of. */
const SETTLE_EVERY_MS = 1_000;
const MODE_PRIVATE = 0o600;

/**
 * A file that has its name only once it is whole. Until then it is `<name>.part`, with `<name>.part.json`
 * beside it, which says how far it is sure; the same export (`key`) asked for again goes on there.
 * Readable by its owner only: it holds what people have said to one another. @throws OutputRefused
 */
export const openFile = async (
  path: string,
  key: string,
  settleEvery: Millis = SETTLE_EVERY_MS,
): Promise<Output> => {
  const [part, note] = [`${path}.part`, `${path}.part.json`];
  if (await isThere(path))
    throw new OutputRefused(`${path} is there already: remove it, or name another file`);
  const kept = keptIn(await readIfPresent(note), note);
  if (kept !== undefined && kept.export !== key)
    throw new OutputRefused(
      `${part} is of an export that was asked for otherwise: repeat that one, or remove ${part} and ${note}`,
    );
  const file = await open(part, kept === undefined ? 'w' : 'r+', MODE_PRIVATE);
  return closedOnFault(file, async () => {
    let bytes = kept?.bytes ?? 0;
    let settledAt = Date.now();
    // What came after it may be torn.
    await file.truncate(bytes);
    return {
      standing: kept,
      write: async (piece) => {
        await writeAll(file, piece, bytes);
        bytes += piece.byteLength;
      },
      settle: async (standing) => {
        if (Date.now() - settledAt < settleEvery) return;
        settledAt = Date.now();
        await file.datasync();
        const noted: Kept = { ...standing, export: key, bytes };
        await writeDurably(note, JSON.stringify(noted));
      },
      finish: async () => {
        await file.sync();
        await file.close();
        await rename(part, path);
        await rm(note, { force: true });
        await syncFolder(dirname(path));
      },
      close: () => file.close(),
    };
  });
};

const writeAll = async (file: FileHandle, piece: Uint8Array, at: number): Promise<void> => {
  for (let done = 0; done < piece.byteLength;) {
    const { bytesWritten } = await file.write(piece, done, piece.byteLength - done, at + done);
    done += bytesWritten;
  }
};

const closedOnFault = async <T>(file: FileHandle, work: () => Promise<T>): Promise<T> => {
  try {
    return await work();
  } catch (error) {
    await file.close();
    throw error;
  }
};

const keptIn = (text: string | undefined, path: string): Kept | undefined => {
  if (text === undefined) return undefined;
  try {
    const kept: unknown = JSON.parse(text);
    if (isKept(kept)) return kept;
  } catch {
    // Said below.
  }
  throw new OutputRefused(`${path} is not what an export has left there: remove it and the .part`);
};

const isKept = (value: unknown): value is Kept => {
  const kept: Partial<Record<keyof Kept, unknown>> =
    typeof value === 'object' && value !== null ? value : {};
  const numbers = [kept.position, kept.events, kept.bytes];
  return (
    numbers.every((number) => Number.isSafeInteger(number) && Number(number) >= 0) &&
    typeof kept.begun === 'boolean' &&
    typeof kept.state === 'string' &&
    typeof kept.export === 'string'
  );
};

type Stream = Pick<NodeJS.WriteStream, 'write' | 'on'>;

/** A pipe, or whatever else standard output is. */
export const openStream = (stream: Stream): Output => {
  // Each write is told of its own fault.
  stream.on('error', () => undefined);
  const write = (bytes: Uint8Array): Promise<void> =>
    new Promise((resolve, reject) => {
      stream.write(bytes, (error) => {
        if (error instanceof Error) reject(error);
        else resolve();
      });
    });
  const nothing = (): Promise<void> => Promise.resolve();
  return { standing: undefined, write, settle: nothing, finish: nothing, close: nothing };
};
