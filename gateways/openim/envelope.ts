import { asBuffer, utf8 } from './bytes.ts';
import { decodeGobRequest, encodeGobReply } from './gob.ts';
import { gunzip, gzip } from './gzip.ts';
import { malformed } from './malformed.ts';
import { REQUESTS } from './numbers.ts';

/** How a connection's frames are written: chosen by its query, the same both ways (reference 2.1). */
export type WireForm = Readonly<{ kind: 'gob' | 'json'; gzip: boolean }>;

/** Every form there is; a push is wrapped once for each that somebody uses. */
export const WIRE_FORMS = [
  { kind: 'gob', gzip: true },
  { kind: 'gob', gzip: false },
  { kind: 'json', gzip: true },
  { kind: 'json', gzip: false },
] as const satisfies readonly WireForm[];

/** The largest frame that is taken from a client, as received; the socket itself refuses longer ones. */
export const FRAME_BYTES_MAX = 256 * 1024;

/**
 * Trace ids and request numbers are echoed, and kept with every event they cause: bounded here, so that one
 * client's cannot fill an append that others share. SDKs make them of a user id and a time.
 */
export const TRACE_LENGTH_MAX = 256;

/** What a client asks. `data` is the protobuf of the request. */
export type Request = Readonly<{
  /** One of REQUESTS, or a number that nobody knows. */
  identifier: number;
  sendId: string;
  /** Trace id; carried into everything the request causes. */
  operationId: string;
  /** Tells requests of one connection apart; goes back as it came. */
  msgIncr: string;
  data: Uint8Array;
  /** Bytes of the envelope, inflated: what it holds of memory until it is answered. */
  size: number;
}>;

/** What the server says: to a request, or by itself (then `msgIncr` is empty). */
export type Reply = Readonly<{
  identifier: number;
  msgIncr: string;
  operationId: string;
  /** 0: all is well. Else `data` is empty. */
  errCode: number;
  errMsg: string;
  data: Uint8Array;
}>;

/** Throws MalformedFrame, whatever the bytes are, unless they are a request in this form. */
export const decodeRequest = (frame: Uint8Array, form: WireForm): Request => {
  if (frame.length > FRAME_BYTES_MAX) malformed(`a frame of more than ${FRAME_BYTES_MAX} bytes`);
  const envelope = form.gzip ? gunzip(frame) : frame;
  const request = form.kind === 'gob' ? decodeGobRequest(envelope) : decodeJsonRequest(envelope);
  const { operationId, msgIncr } = request;
  if (operationId.length > TRACE_LENGTH_MAX) malformed('an operationID that is too long');
  if (msgIncr.length > TRACE_LENGTH_MAX) malformed('a msgIncr that is too long');
  const { identifier, sendId, data } = request;
  return { identifier, sendId, operationId, msgIncr, data, size: envelope.length };
};

export const encodeReply = (reply: Reply, form: WireForm): Uint8Array => {
  const envelope = form.kind === 'gob' ? encodeGobReply(reply) : encodeJsonReply(reply);
  return form.gzip ? gzip(envelope) : envelope;
};

/** Wraps a PushMessages that has been encoded already. The operation is the one that caused it. */
export const encodePush = (operationId: string, data: Uint8Array, form: WireForm): Uint8Array =>
  encodeReply(
    { identifier: REQUESTS.push, msgIncr: '', operationId, errCode: 0, errMsg: '', data },
    form,
  );

const decodeJsonRequest = (bytes: Uint8Array): Omit<Request, 'size'> => {
  const envelope = parseObject(bytes);
  return {
    identifier: integerOf(envelope, 'reqIdentifier'),
    sendId: textOf(envelope, 'sendID'),
    operationId: textOf(envelope, 'operationID'),
    msgIncr: textOf(envelope, 'msgIncr'),
    data: bytesOf(envelope, 'data'),
  };
};

const encodeJsonReply = (reply: Reply): Uint8Array => {
  const { identifier, msgIncr, operationId, errCode, errMsg, data } = reply;
  const base64 = data.length === 0 ? 'null' : `"${asBuffer(data).toString('base64')}"`;
  return Buffer.from(
    `{"reqIdentifier":${identifier},"msgIncr":${JSON.stringify(msgIncr)},` +
      `"operationID":${JSON.stringify(operationId)},"errCode":${errCode},` +
      `"errMsg":${JSON.stringify(errMsg)},"data":${base64}}`,
  );
};

type JsonObject = Readonly<Record<string, unknown>>;

const isObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const parseObject = (bytes: Uint8Array): JsonObject => {
  const text = utf8(asBuffer(bytes), 0, bytes.length);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return malformed('an envelope that is not JSON');
  }
  return isObject(value) ? value : malformed('an envelope that is not an object');
};

/** As in Go's JSON: what is absent or null is zero. */
const integerOf = (envelope: JsonObject, key: string): number => {
  const value = envelope[key] ?? 0;
  return Number.isSafeInteger(value) && typeof value === 'number'
    ? value
    : malformed(`${key} is not an integer`);
};

const textOf = (envelope: JsonObject, key: string): string => {
  const value = envelope[key] ?? '';
  return typeof value === 'string' ? value : malformed(`${key} is not a string`);
};

/** Standard base64 with padding. */
const bytesOf = (envelope: JsonObject, key: string): Uint8Array => {
  const value = textOf(envelope, key);
  const bytes = Buffer.from(value, 'base64');
  const padding = value.endsWith('==') ? 2 : value.endsWith('=') ? 1 : 0;
  // Node passes over what is not base64, and then there is less than there should be.
  const whole = value.length % 4 === 0 && bytes.length === (value.length / 4) * 3 - padding;
  return whole ? bytes : malformed(`${key} is not base64`);
};
