import { GobReader } from './gobReader.ts';
import {
  defineType,
  eachField,
  GOB_BYTES,
  GOB_INT,
  GOB_STRING,
  skipValue,
  type GobField,
  type GobTypes,
} from './gobTypes.ts';
import type { Reply, Request } from './envelope.ts';
import { malformed } from './malformed.ts';

/**
 * Reads a request of Go core: a gob stream of its own, with the definition of its type and one value
 * (gateway reference 2.5). Fields go by their names; the numbers of types differ between clients.
 */
export const decodeGobRequest = (frame: Uint8Array): GobRequest => {
  const reader = new GobReader(frame);
  const types: GobTypes = new Map();
  while (!reader.ended()) {
    reader.enterMessage();
    const id = reader.int();
    if (id >= 0) {
      const request = readRequest(reader, id, types);
      reader.leaveMessage();
      return request;
    }
    defineType(reader, -id, types);
    reader.leaveMessage();
  }
  return malformed('a gob stream without a value');
};

type GobRequest = Omit<Request, 'size'>;

/** The fields of a request and their types. `Token` is not among them: the connection has its own. */
const REQUEST_FIELDS = {
  ReqIdentifier: GOB_INT,
  SendID: GOB_STRING,
  OperationID: GOB_STRING,
  MsgIncr: GOB_STRING,
  Data: GOB_BYTES,
} as const;

const isRequestField = (name: string): name is keyof typeof REQUEST_FIELDS =>
  Object.hasOwn(REQUEST_FIELDS, name);

const NO_BYTES = new Uint8Array(0);

const readRequest = (reader: GobReader, id: number, types: GobTypes): GobRequest => {
  const type = types.get(id);
  if (type?.kind !== 'struct') return malformed(`a gob value of type ${id}`);
  // Go refuses a structure of which it knows no field at all, and so do we.
  if (!type.fields.some(({ name }) => isRequestField(name))) malformed('not a request');
  const request = {
    identifier: 0,
    sendId: '',
    operationId: '',
    msgIncr: '',
    data: NO_BYTES,
  };
  eachField(reader, (index) => {
    const field = type.fields[index] ?? malformed(`gob field ${index}`);
    readField(reader, field, types, request);
  });
  return request;
};

type Mutable<T> = { -readonly [Name in keyof T]: T[Name] };

const readField = (
  reader: GobReader,
  { name, type }: GobField,
  types: GobTypes,
  request: Mutable<GobRequest>,
): void => {
  if (!isRequestField(name)) {
    skipValue(reader, type, types);
    return;
  }
  if (type !== REQUEST_FIELDS[name]) malformed(`${name} is of gob type ${type}`);
  switch (name) {
    case 'ReqIdentifier':
      request.identifier = reader.int();
      return;
    case 'SendID':
      request.sendId = reader.text();
      return;
    case 'OperationID':
      request.operationId = reader.text();
      return;
    case 'MsgIncr':
      request.msgIncr = reader.text();
      return;
    case 'Data':
      request.data = reader.bytes();
  }
};

/**
 * The definition that every reply begins with: type 65 "Resp" with ReqIdentifier (int), MsgIncr,
 * OperationID (strings), ErrCode (int), ErrMsg (string) and Data (bytes).
 */
const RESP_DEFINITION = Buffer.from(
  '60ff81030101045265737001ff82000106010d5265714964656e74696669657201040001074d7367496e6372' +
    '010c00010b4f7065726174696f6e4944010c000107457272436f646501040001064572724d7367010c0001' +
    '0444617461010a000000',
  'hex',
);
/** Type 65 as a signed number. */
const RESP_TYPE = [0xff, 0x82] as const;
/** Bytes of the longest number that occurs here: a sign of length and eight more. */
const NUMBER_BYTES_MAX = 9;
/** Type id, six deltas, six numbers or lengths, the end. */
const VALUE_OVERHEAD_MAX = 2 + 6 * (1 + NUMBER_BYTES_MAX) + 1;

/** Writes a reply as a gob stream of its own, which Go core reads with a fresh decoder. */
export const encodeGobReply = (reply: Reply): Uint8Array => {
  const { msgIncr, operationId, errMsg, data } = reply;
  const texts =
    Buffer.byteLength(msgIncr) + Buffer.byteLength(operationId) + Buffer.byteLength(errMsg);
  const start = RESP_DEFINITION.length + NUMBER_BYTES_MAX;
  const bytes = Buffer.allocUnsafe(start + VALUE_OVERHEAD_MAX + texts + data.length);
  const end = writeValue(bytes, start, reply);

  // The length goes before the value, and the definition before the length.
  const length = end - start;
  const begin = start - RESP_DEFINITION.length - uintBytes(length);
  RESP_DEFINITION.copy(bytes, begin);
  writeUint(bytes, begin + RESP_DEFINITION.length, length);
  return bytes.subarray(begin, end);
};

/** Fields that are zero are left out; each that is there is preceded by its distance to the one before. */
const writeValue = (bytes: Buffer, start: number, reply: Reply): number => {
  let at = start;
  let before = -1;
  const field = (index: number): void => {
    bytes[at++] = index - before;
    before = index;
  };
  const int = (index: number, value: number): void => {
    if (value === 0) return;
    field(index);
    at = writeUint(bytes, at, value >= 0 ? value * 2 : -value * 2 - 1);
  };
  const text = (index: number, value: string): void => {
    if (value === '') return;
    field(index);
    at = writeUint(bytes, at, Buffer.byteLength(value));
    at += bytes.write(value, at, 'utf8');
  };
  bytes[at++] = RESP_TYPE[0];
  bytes[at++] = RESP_TYPE[1];
  int(0, reply.identifier);
  text(1, reply.msgIncr);
  text(2, reply.operationId);
  int(3, reply.errCode);
  text(4, reply.errMsg);
  if (reply.data.length > 0) {
    field(5);
    at = writeUint(bytes, at, reply.data.length);
    bytes.set(reply.data, at);
    at += reply.data.length;
  }
  bytes[at++] = 0;
  return at;
};

/** How many bytes gob takes for a number of at most 53 bits. */
const uintBytes = (value: number): number => {
  if (value < 0x80) return 1;
  let bytes = 1;
  for (let rest = value; rest > 0; rest = Math.floor(rest / 256)) bytes++;
  return bytes;
};

/** Writes the number and returns where to go on. */
const writeUint = (bytes: Buffer, at: number, value: number): number => {
  const size = uintBytes(value);
  if (size === 1) {
    bytes[at] = value;
    return at + 1;
  }
  bytes[at] = 256 - (size - 1);
  let rest = value;
  for (let place = at + size - 1; place > at; place--) {
    bytes[place] = rest % 256;
    rest = Math.floor(rest / 256);
  }
  return at + size;
};
