import type { Millis } from '../../core/kernel/ids.ts';

/**
 * EventStoreDB says itself when an event was committed, and lets nobody else say it. So an event that is
 * brought from another log carries its time at the end of its metadata there:
 *
 *     {"a":"ann"}  becomes  {"a":"ann","$created":1767225600000}
 *
 * Whoever reads takes it off again, and finds the bytes as they were. Metadata that is no JSON object
 * has no room for it, and then the time is that of the copy; what Seqline writes always has.
 */
const FIELD = '"$created":';
const AT_THE_END = /^(\{.*?),?"\$created":(\d{1,15})\}$/s;
/** `{`, the field, 15 digits and `}`, with a comma: no more than this at the end need be looked at. */
const FIELD_BYTES_MAX = FIELD.length + 18;

const OPENING_BRACE = 0x7b;
const CLOSING_BRACE = 0x7d;

/** Whether the time of an event with this metadata can be carried. */
export const hasRoomForCreated = (metadata: Uint8Array): boolean =>
  metadata.at(0) === OPENING_BRACE && metadata.at(-1) === CLOSING_BRACE;

export const withCreated = (metadata: Uint8Array, created: Millis): Uint8Array => {
  if (!hasRoomForCreated(metadata)) return metadata;
  const open = Buffer.from(metadata.subarray(0, -1));
  const separator = open.length === 1 ? '' : ',';
  return Uint8Array.from(Buffer.concat([open, Buffer.from(`${separator}${FIELD}${created}}`)]));
};

export type CreatedApart = Readonly<{ metadata: Uint8Array; created: Millis | undefined }>;

export const withoutCreated = (metadata: Uint8Array): CreatedApart => {
  const bytes = Buffer.from(metadata.buffer, metadata.byteOffset, metadata.byteLength);
  if (bytes.indexOf(FIELD, Math.max(0, bytes.length - FIELD_BYTES_MAX)) < 0)
    return { metadata, created: undefined };
  // Latin-1 gives a character for each byte, so that nothing in between is touched.
  const [, open, digits] = AT_THE_END.exec(bytes.toString('latin1')) ?? [];
  if (open === undefined || digits === undefined) return { metadata, created: undefined };
  return { metadata: Buffer.from(`${open}}`, 'latin1'), created: Number(digits) };
};
