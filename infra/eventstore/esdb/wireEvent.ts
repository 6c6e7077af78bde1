import type { StoreEvent } from '../../../core/kernel/eventStore.ts';
import { withCreated } from '../firstCreated.ts';

/**
 * The client takes and gives values of JSON, and the port takes and gives bytes. What Seqline stores is
 * JSON that `JSON.stringify` has made, for which the way there and back changes nothing; so it is sent as
 * JSON, for everyone's tools to read. All else keeps its bytes by another way: data is sent as binary,
 * and metadata, which the client parses whenever it can, gets a first byte that no JSON begins with.
 */
export type WireEvent = Readonly<{ id: string; type: string; metadata: Uint8Array }> &
  (
    | Readonly<{ contentType: 'application/json'; data: JsonObject }>
    | Readonly<{ contentType: 'application/octet-stream'; data: Uint8Array }>
  );

type JsonObject = Record<string, unknown>;

/** As the client gives it back: parsed where that was possible. */
export type WirePayload = Readonly<{ isJson: boolean; data: unknown; metadata: unknown }>;

const KEPT = 0x00;
const OPENING_BRACE = 0x7b;

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

export const toWire = ({ id, type, data, metadata, created }: StoreEvent): WireEvent => {
  const carried = created === undefined ? metadata : withCreated(metadata, created);
  const event = { id, type, metadata: wireMetadata(carried) };
  const json = sameAsJson(data);
  return json === undefined
    ? { ...event, contentType: 'application/octet-stream', data: plainBytes(data) }
    : { ...event, contentType: 'application/json', data: json };
};

export const dataOf = ({ isJson, data }: WirePayload): Uint8Array =>
  !isJson && data instanceof Uint8Array ? data : jsonBytes(data);

export const metadataOf = ({ metadata }: WirePayload): Uint8Array => {
  if (metadata === undefined) return new Uint8Array();
  if (!(metadata instanceof Uint8Array)) return jsonBytes(metadata);
  return metadata[0] === KEPT ? metadata.subarray(1) : metadata;
};

const wireMetadata = (metadata: Uint8Array): Uint8Array => {
  const changes = sameAsJson(metadata) === undefined && isJson(metadata);
  if (metadata[0] !== KEPT && !changes) return plainBytes(metadata);
  const kept = new Uint8Array(metadata.byteLength + 1);
  kept.set(metadata, 1);
  return kept;
};

/** The object that these bytes are the JSON of, if they are just what is made of it again. */
const sameAsJson = (bytes: Uint8Array): JsonObject | undefined => {
  if (bytes[0] !== OPENING_BRACE) return undefined;
  try {
    const text = decoder.decode(bytes);
    // What begins with a brace is an object or no JSON.
    const value = JSON.parse(text) as JsonObject;
    return JSON.stringify(value) === text ? value : undefined;
  } catch {
    return undefined;
  }
};

/** As lenient as the client, which replaces what is no UTF-8 before it parses. */
const isJson = (bytes: Uint8Array): boolean => {
  try {
    JSON.parse(Buffer.from(bytes).toString('utf8'));
    return true;
  } catch {
    return false;
  }
};

/** What is no JSON though it was called so comes from the client as the text it was. */
const jsonBytes = (value: unknown): Uint8Array =>
  encoder.encode(typeof value === 'string' ? value : JSON.stringify(value));

/** The client knows bytes by their constructor, and a Buffer's is another one. */
const plainBytes = (bytes: Uint8Array): Uint8Array =>
  bytes.constructor === Uint8Array
    ? bytes
    : new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
