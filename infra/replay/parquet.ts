import { deserialize, serialize } from 'node:v8';
import { ByteWriter, ParquetWriter, type SchemaElement } from 'hyparquet-writer';
import type { Row } from './rows.ts';

/** Rows of one row group at most, and characters of their data: what is held in memory. */
const GROUP_ROWS_MAX = 20_000;
const GROUP_CHARACTERS_MAX = 16 * 1024 * 1024;

const text = (name: string): SchemaElement => ({
  ...{ name, type: 'BYTE_ARRAY', converted_type: 'UTF8', repetition_type: 'REQUIRED' },
});

const SCHEMA: SchemaElement[] = [
  { name: 'event', num_children: 10 },
  { name: 'position', type: 'INT64', repetition_type: 'REQUIRED' },
  {
    ...{ name: 'time', type: 'INT64', converted_type: 'TIMESTAMP_MILLIS' },
    repetition_type: 'REQUIRED',
  },
  text('stream'),
  { name: 'revision', type: 'INT64', repetition_type: 'REQUIRED' },
  ...['type', 'id', 'actor', 'operation_id', 'causation_id', 'data'].map(text),
];

/** All of the unfinished file that stands in its footer, as this module writes it. */
type State = Readonly<{
  groups: ParquetWriter['row_groups'];
  indexes: ParquetWriter['pendingIndexes'];
  rows: bigint;
  offset: number;
}>;

/** Events as the row groups of one Parquet file, piece by piece. */
export class ParquetPieces {
  readonly #bytes = new ByteWriter();
  readonly #writer: ParquetWriter;
  #waiting: Row[] = [];
  #characters = 0;
  readonly #rowsMax: number;

  /** `state`: of one that is gone on with. */
  constructor(state?: string, rowsMax = GROUP_ROWS_MAX) {
    this.#rowsMax = rowsMax;
    this.#writer = new ParquetWriter({
      ...{ writer: this.#bytes, schema: SCHEMA, createdBy: 'seqline' },
    });
    if (state === undefined) return;
    // Written by `state` below, into a file of ours.
    const kept = deserialize(Buffer.from(state, 'base64')) as State;
    this.#writer.row_groups = kept.groups;
    this.#writer.pendingIndexes = kept.indexes;
    this.#writer.num_rows = kept.rows;
    // The file has its beginning already.
    this.#bytes.index = 0;
    this.#bytes.offset = kept.offset;
  }

  /** Whether all that has been added has been given out. */
  get isSettled(): boolean {
    return this.#waiting.length === 0;
  }

  state(): string {
    const { row_groups: groups, pendingIndexes: indexes, num_rows: rows } = this.#writer;
    const state: State = { groups, indexes, rows, offset: this.#bytes.offset };
    return serialize(state).toString('base64');
  }

  add(rows: readonly Row[]): Uint8Array {
    for (const row of rows) {
      this.#waiting.push(row);
      this.#characters += row.data.length;
      const isFull = this.#characters >= GROUP_CHARACTERS_MAX;
      if (isFull || this.#waiting.length >= this.#rowsMax) this.#writeGroup();
    }
    return this.#taken();
  }

  finish(): Uint8Array {
    this.#writeGroup();
    // The bytes are in memory, so it is done at once.
    void this.#writer.finish();
    return this.#taken();
  }

  #writeGroup(): void {
    const rows = this.#waiting;
    if (rows.length === 0) return;
    const column = (name: string, of: (row: Row) => unknown) => ({ name, data: rows.map(of) });
    void this.#writer.write({
      columnData: [
        column('position', ({ position }) => BigInt(position)),
        column('time', ({ created }) => new Date(created)),
        column('stream', ({ stream }) => stream),
        column('revision', ({ revision }) => BigInt(revision)),
        column('type', ({ type }) => type),
        column('id', ({ id }) => id),
        column('actor', ({ meta }) => meta.actor),
        column('operation_id', ({ meta }) => meta.operationId),
        column('causation_id', ({ meta }) => meta.causationId ?? ''),
        column('data', ({ data }) => data),
      ],
      rowGroupSize: GROUP_ROWS_MAX,
    });
    this.#waiting = [];
    this.#characters = 0;
  }

  /** What has been written since, and room for what comes. */
  #taken(): Uint8Array {
    const taken = new Uint8Array(this.#bytes.buffer.slice(0, this.#bytes.index));
    this.#bytes.index = 0;
    return taken;
  }
}
