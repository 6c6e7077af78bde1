import type { Database, RootDatabase } from 'lmdb';
import type { Position, Revision } from '../../../core/kernel/ids.ts';
import type { RevisionRange } from '../streamRange.ts';
import {
  CHUNK_EVENTS_MAX,
  chunkKey,
  decodeChunk,
  encodeChunk,
  lastOf,
  REVISION_MAX,
  type Chunk,
} from './indexChunk.ts';
import { settled } from './settled.ts';

/**
 * Streams written in one go, so that the event loop is not held for more than a few milliseconds.
 */
const SLICE_STREAMS = 500;
const MARK = 'indexed';
/**
 * Each format has tables of its own: an older version that comes back would take a newer one's chunks for its own.
 * The first format had no checksums.
 */
const TABLES = { chunks: 'chunks-2', marks: 'marks-2' };
const FORMER_TABLES = { chunks: 'chunks', marks: 'marks' };

/** Which log the index is of, and up to where. */
export type IndexMark = Readonly<{ logId: string; position: Position }>;

/** The part of the stream index that is on disk. */
export class IndexTable {
  readonly #root: RootDatabase;
  readonly #logId: string;
  readonly #chunks: Database<Buffer, Uint8Array>;
  readonly #marks: Database<IndexMark, string>;

  constructor(root: RootDatabase, logId: string) {
    this.#root = root;
    this.#logId = logId;
    const { chunks, marks } = TABLES;
    this.#chunks = root.openDB({ name: chunks, encoding: 'binary', keyEncoding: 'binary' });
    this.#marks = root.openDB({ name: marks, encoding: 'json' });
    this.#clearFormer();
  }

  /** An older version makes its own anew, should it come back. */
  #clearFormer(): void {
    const { chunks, marks } = FORMER_TABLES;
    for (const name of [marks, chunks]) this.#root.openDB({ name }).clearSync();
  }

  /** How far the index goes; what does not belong to this log up to `head` is cleared. */
  startFrom(head: Position): IndexMark {
    const mark = this.#marks.get(MARK);
    if (mark !== undefined && mark.logId === this.#logId && mark.position <= head) return mark;
    this.#chunks.clearSync();
    const fresh = { logId: this.#logId, position: 0 };
    this.#marks.putSync(MARK, fresh);
    return fresh;
  }

  /** The chunk that holds this revision, or the last one before it. */
  chunkAt(stream: string, revision: Revision): Chunk | undefined {
    const range = { start: chunkKey(stream, revision), end: chunkKey(stream, 0) };
    for (const { key, value } of this.#chunks.getRange({ ...range, reverse: true, limit: 1 }))
      return decodeChunk(key, value);
    // The end of a range is exclusive.
    const first = this.#chunks.get(range.end);
    return first === undefined ? undefined : decodeChunk(range.end, first);
  }

  /** The chunks that may hold these revisions, in order. */
  *chunks(stream: string, { first, last }: RevisionRange): Generator<Chunk> {
    const start = this.chunkAt(stream, first)?.first ?? first;
    const range = { start: chunkKey(stream, start), end: chunkKey(stream, last + 1) };
    for (const { key, value } of this.#chunks.getRange(range)) yield decodeChunk(key, value);
  }

  /**
   * Adds the positions of each stream, then the mark. Chunks hold nothing but what the log says for
   * ever, so a write that was cut off halfway is simply made again: what is there already is left
   * out.
   */
  async write(tail: ReadonlyMap<string, Chunk>, upTo: Position): Promise<void> {
    // About the order of the keys, so that neighbours on the disk are written together.
    const streams = [...tail.keys()].sort((a, b) => a.length - b.length || (a < b ? -1 : 1));
    for (let from = 0; from < streams.length; from += SLICE_STREAMS) {
      const slice = streams.slice(from, from + SLICE_STREAMS);
      await this.#transaction(() => {
        for (const stream of slice) this.#extend(stream, tail.get(stream));
      });
    }
    await this.#transaction(() => {
      this.#marks.put(MARK, { logId: this.#logId, position: upTo }).catch(() => undefined);
    });
  }

  close(): Promise<void> {
    return this.#root.close();
  }

  #transaction(writes: () => void): Promise<void> {
    return settled(this.#root.batch(writes));
  }

  /** The last chunk is filled up first. */
  #extend(stream: string, added: Chunk | undefined): void {
    if (added === undefined) return;
    const last = this.chunkAt(stream, REVISION_MAX);
    const skip = last === undefined ? 0 : Math.max(0, lastOf(last) + 1 - added.first);
    const fillable = last !== undefined && last.positions.length < CHUNK_EVENTS_MAX;
    const positions = added.positions.slice(skip);
    if (positions.length === 0) return;
    const whole = fillable ? [...last.positions, ...positions] : positions;
    const first = fillable ? last.first : added.first + skip;
    for (let from = 0; from < whole.length; from += CHUNK_EVENTS_MAX) {
      const key = chunkKey(stream, first + from);
      const value = encodeChunk(key, whole.slice(from, from + CHUNK_EVENTS_MAX));
      this.#chunks.put(key, value).catch(() => undefined);
    }
  }
}
