import { ParquetPieces } from './parquet.ts';
import { CSV_HEADER, csvOf, ndjsonOf, type Row } from './rows.ts';

export const FORMATS = ['ndjson', 'csv', 'parquet'] as const;
export type Format = (typeof FORMATS)[number];

export const isFormat = (text: string): text is Format => FORMATS.some((known) => known === text);

/** Makes the bytes of a file of events, which are wanted in order. */
export type Rendering = Readonly<{
  add: (rows: readonly Row[]) => Uint8Array;
  finish: () => Uint8Array;
  /** What it takes to go on after the bytes given out so far; undefined while events are held back. */
  state: () => string | undefined;
}>;

/** `state`: of a file that is gone on with. */
export const rendering = (format: Format, state?: string, groupRows?: number): Rendering => {
  switch (format) {
    case 'ndjson':
      return lines(ndjsonOf, '');
    case 'csv':
      return lines(csvOf, state === undefined ? CSV_HEADER : '');
    case 'parquet':
      return pieces(new ParquetPieces(state, groupRows));
  }
};

const lines = (lineOf: (row: Row) => string, header: string): Rendering => {
  let before = header;
  const taken = (text: string): Uint8Array => {
    const bytes = Buffer.from(before + text);
    before = '';
    return bytes;
  };
  return {
    add: (rows) => {
      let text = '';
      for (const row of rows) text += lineOf(row);
      return taken(text);
    },
    finish: () => taken(''),
    state: () => '',
  };
};

const pieces = (parquet: ParquetPieces): Rendering => ({
  add: (rows) => parquet.add(rows),
  finish: () => parquet.finish(),
  state: () => (parquet.isSettled ? parquet.state() : undefined),
});
