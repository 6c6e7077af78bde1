import { open } from 'lmdb';
import { assert } from '../../../core/kernel/assert.ts';
import type { Position, Revision } from '../../../core/kernel/ids.ts';
import { NO_REVISION } from '../expectedRevision.ts';
import { checkLmdbFile } from '../../lmdbFile.ts';
import { RecentMap } from '../../recentMap.ts';
import type { RevisionRange } from '../streamRange.ts';
import { indexDirectory } from './environment.ts';
import { lastOf, REVISION_MAX, type Chunk } from './indexChunk.ts';
import { IndexTable, type IndexMark } from './indexTable.ts';

/** Streams whose last revision is known without a look at the disk: some 100 bytes each. */
const HEADS = 65_536;
/** Streams in the unwritten tail at which it is written early, so that sorting it stays short. */
const TAIL_STREAMS_MAX = 5_000;

/** What has been committed and not been written to the index. */
type Tail = Map<string, { first: Revision; positions: Position[] }>;

/**
 * Which events a stream has and where they are. Derived from the log: the newest part is kept in
 * memory and written from time to time, in the order of the keys; after a crash it is read again
 * from the log.
 */
export class StreamIndex {
  readonly #table: IndexTable;
  readonly #heads = new RecentMap<string, Revision>(HEADS);
  #tail: Tail = new Map();
  /** A former tail on its way to the disk. After a failed write it is tried again. */
  #leaving: Readonly<{ tail: Tail; upTo: Position }> | undefined;
  #writing: Promise<void> | undefined;
  #added: Position;
  #indexed: Position;

  private constructor(table: IndexTable, mark: IndexMark) {
    this.#table = table;
    this.#added = mark.position;
    this.#indexed = mark.position;
  }

  /**
   * Of the log that ends at `head`. An index of another log, or of a later state of this, is
   * dropped.
   */
  static open(directory: string, logId: string, head: Position): StreamIndex {
    const remedy = 'remove the folder of the stream index, which is made anew from the log';
    checkLmdbFile(indexDirectory(directory), remedy);
    // What is not flushed before it is seen may be half on the disk when the power is lost, and LMDB then stumbles over it.
    const root = open({
      path: indexDirectory(directory),
      noSubdir: false,
      noSync: false,
      overlappingSync: false,
      maxDbs: 4,
    });
    const table = new IndexTable(root, logId);
    return new StreamIndex(table, table.startFrom(head));
  }

  /** Events up to here are on disk; those after it are to be added when the log is opened. */
  get indexed(): Position {
    return this.#indexed;
  }

  /** Events that are only in memory. */
  get unwritten(): number {
    return this.#added - this.#indexed;
  }

  /** In `$all` order, once each. */
  add(stream: string, revision: Revision, position: Position): void {
    this.#added = position;
    this.#heads.set(stream, revision);
    const held = this.#tail.get(stream);
    if (held === undefined) {
      this.#tail.set(stream, { first: revision, positions: [position] });
      return;
    }
    assert(
      revision === lastOf(held) + 1,
      `revision ${revision} of ${stream} follows the one before`,
    );
    held.positions.push(position);
  }

  /** In the place of `add` for an event that the index has already. */
  passOver(position: Position): void {
    this.#added = position;
  }

  /** Of the last event; `NO_REVISION` when there is none. */
  revisionOf(stream: string): Revision {
    const known = this.#heads.get(stream);
    if (known !== undefined) return known;
    const last =
      this.#tail.get(stream) ??
      this.#leaving?.tail.get(stream) ??
      this.#table.chunkAt(stream, REVISION_MAX);
    if (last === undefined) return NO_REVISION;
    this.#heads.set(stream, lastOf(last));
    return lastOf(last);
  }

  /** Of all revisions in the range, which must exist; ascending. */
  positionsOf(stream: string, { first, last }: RevisionRange): readonly Position[] {
    const found: Position[] = [];
    const take = (chunk: Chunk | undefined): void => {
      const next = first + found.length;
      if (chunk === undefined || chunk.first > next || next > last) return;
      for (const position of chunk.positions.slice(next - chunk.first, last + 1 - chunk.first))
        found.push(position);
    };
    const [leaving, tail] = [this.#leaving?.tail.get(stream), this.#tail.get(stream)];
    const memoryFrom = leaving?.first ?? tail?.first ?? last + 1;
    if (first < memoryFrom)
      for (const chunk of this.#table.chunks(stream, { first, last })) take(chunk);
    take(leaving);
    take(tail);
    assert(
      found.length === last + 1 - first,
      `the index has revisions ${first}–${last} of ${stream}`,
    );
    return found;
  }

  /** Whether enough has gathered to write it before the time. */
  get due(): boolean {
    return this.#tail.size >= TAIL_STREAMS_MAX && this.#writing === undefined;
  }

  /**
   * Writes what was only in memory when the writing began; one at a time. Rejects when it cannot,
   * and then nothing is lost: it is kept, and the next call begins with it.
   */
  flush(): Promise<void> {
    this.#writing ??= this.#write().finally(() => (this.#writing = undefined));
    return this.#writing;
  }

  async close(): Promise<void> {
    await this.#table.close();
  }

  async #write(): Promise<void> {
    if (this.#added === this.#indexed) return;
    if (this.#leaving === undefined) {
      this.#leaving = { tail: this.#tail, upTo: this.#added };
      this.#tail = new Map();
    }
    const { tail, upTo } = this.#leaving;
    await this.#table.write(tail, upTo);
    this.#indexed = upTo;
    this.#leaving = undefined;
  }
}
