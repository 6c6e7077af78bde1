/**
 * EventStoreDB keeps with each event whether its data is JSON; the log does not. What Seqline writes is
 * JSON, so the rare other kind is marked, and the mark stands before the stored metadata: a byte that no
 * text of metadata begins with. Metadata of JSON events that begins so by chance is marked as well, and
 * so everything comes back as it was given.
 */
const BINARY = 0x00;
const JSON_ALL_THE_SAME = 0x01;
const MARK_MAX = JSON_ALL_THE_SAME;

export const JSON_TYPE = 'application/json';
export const BINARY_TYPE = 'application/octet-stream';

export type WireMetadata = Readonly<{ json: boolean; metadata: Uint8Array }>;

export const storedMetadata = ({ json, metadata }: WireMetadata): Uint8Array => {
  if (!json) return marked(BINARY, metadata);
  const [first] = metadata;
  return first === undefined || first > MARK_MAX ? metadata : marked(JSON_ALL_THE_SAME, metadata);
};

export const wireMetadata = (stored: Uint8Array): WireMetadata => {
  const [first] = stored;
  if (first === undefined || first > MARK_MAX) return { json: true, metadata: stored };
  return { json: first !== BINARY, metadata: stored.subarray(1) };
};

const marked = (mark: number, metadata: Uint8Array): Uint8Array => {
  const whole = Buffer.allocUnsafe(metadata.byteLength + 1);
  whole[0] = mark;
  whole.set(metadata, 1);
  return whole;
};
