import type { Millis, Revision } from '../../../core/kernel/ids.ts';

/** What a stream's metadata says of which events are shown. */
export type Visibility = Readonly<{
  /** Events below are not shown. */
  truncateBefore: Revision;
  /** Only so many of the newest are. */
  countMax: number | undefined;
  /** Nor any that are older. */
  ageMax: Millis | undefined;
  /** As if the stream had no events, until one is appended. */
  softDeleted: boolean;
}>;

export const ALL_VISIBLE: Visibility = {
  truncateBefore: 0,
  countMax: undefined,
  ageMax: undefined,
  softDeleted: false,
};

/** Of a `$$` stream: the newest document is the one that counts. */
export const NEWEST_VISIBLE: Visibility = { ...ALL_VISIBLE, countMax: 1 };

/** What a soft delete writes, to the letter. */
export const SOFT_DELETED = '{"$tb":9223372036854775807}';
/** 2^63 − 1 as JSON.parse gives it. */
const SOFT_DELETED_BELOW = Number(2n ** 63n - 1n);

const HIDING = ['$tb', '$maxCount', '$maxAge'] as const;

export type Document = Readonly<Record<string, unknown>>;

/** What is no JSON object is no metadata, as EventStoreDB has it. */
export const parseDocument = (data: Uint8Array): Document => {
  try {
    const value: unknown = JSON.parse(new TextDecoder().decode(data));
    return isDocument(value) ? value : {};
  } catch {
    return {};
  }
};

const isDocument = (value: unknown): value is Document =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Values out of range count as absent. */
export const visibilityOf = (document: Document): Visibility => {
  const truncateBefore = wholeFrom(0, document['$tb']) ?? 0;
  const age = wholeFrom(1, document['$maxAge']);
  return {
    truncateBefore,
    countMax: wholeFrom(1, document['$maxCount']),
    ageMax: age === undefined ? undefined : age * 1_000,
    softDeleted: truncateBefore >= SOFT_DELETED_BELOW,
  };
};

/** Whether it would hide events of its stream. */
export const hides = (document: Document): boolean => HIDING.some((key) => key in document);

/** The document of a stream that has been deleted and is written again from this revision on. */
export const undeleted = (document: Document, first: Revision): string =>
  JSON.stringify({ ...document, $tb: first });

const wholeFrom = (least: number, value: unknown): number | undefined =>
  typeof value === 'number' && Number.isInteger(value) && value >= least ? value : undefined;
