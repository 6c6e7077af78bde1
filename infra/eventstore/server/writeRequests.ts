import type { ExpectedRevision, StoreEvent } from '../../../core/kernel/eventStore.ts';
import type { EventId, Millis } from '../../../core/kernel/ids.ts';
import { JSON_TYPE, storedMetadata } from './contentType.ts';
import { Malformed, MessageReader } from '../protocol/protobufReader.ts';
import { readUuid } from '../protocol/uuid.ts';

/** What a caller asks of a stream to change it: which, and how it must be. */
export type WriteOptions = Readonly<{ stream: string; expected: ExpectedRevision }>;

export type AppendMessage =
  | Readonly<{ kind: 'options'; options: WriteOptions }>
  | Readonly<{ kind: 'event'; event: StoreEvent }>;

/** When the caller gives up: at a moment of its clock, or after so long. */
export type Deadline =
  Readonly<{ kind: 'at'; time: Millis }> | Readonly<{ kind: 'within'; time: Millis }>;

export type BatchMessage = Readonly<{
  id: EventId;
  /** In the first message of an append. */
  options: (WriteOptions & Readonly<{ deadline?: Deadline }>) | undefined;
  events: readonly StoreEvent[];
  final: boolean;
}>;

/** An event came without a type or content type. */
export class MetadataMissing extends Malformed {
  override name = 'MetadataMissing';
}

export const readAppendMessage = (bytes: Buffer): AppendMessage => {
  const reader = new MessageReader(bytes);
  while (reader.next()) {
    if (reader.field === 1) return { kind: 'options', options: writeOptions(reader.message()) };
    if (reader.field === 2) return { kind: 'event', event: proposedEvent(reader.message()) };
    reader.skip();
  }
  throw new Malformed('a message of an append is neither its options nor an event');
};

/** Of `DeleteReq` and `TombstoneReq`. */
export const readDeleteRequest = (bytes: Buffer): WriteOptions => {
  const reader = new MessageReader(bytes);
  while (reader.next()) {
    if (reader.field === 1) return writeOptions(reader.message());
    reader.skip();
  }
  throw new Malformed('the options are missing');
};

export const readBatchMessage = (bytes: Buffer): BatchMessage => {
  const reader = new MessageReader(bytes);
  let id: EventId | undefined;
  let options: BatchMessage['options'];
  const events: StoreEvent[] = [];
  let final = false;
  while (reader.next()) {
    if (reader.field === 1) id = readUuid(reader.message());
    else if (reader.field === 2) options = writeOptions(reader.message());
    else if (reader.field === 3) events.push(proposedEvent(reader.message()));
    else if (reader.field === 4) final = reader.flag();
    else reader.skip();
  }
  if (id === undefined) throw new Malformed('an append has no correlation id');
  return { id, options, events, final };
};

const writeOptions = (reader: MessageReader): WriteOptions & Readonly<{ deadline?: Deadline }> => {
  let stream = '';
  let expected: ExpectedRevision | undefined;
  let deadline: Deadline | undefined;
  while (reader.next()) {
    if (reader.field === 1) stream = streamName(reader.message());
    else if (reader.field === 2) expected = reader.uint();
    else if (reader.field === 6) deadline = { kind: 'at', time: moment(reader.message()) };
    else if (reader.field === 7) deadline = { kind: 'within', time: moment(reader.message()) };
    else {
      expected = EXPECTATIONS.get(reader.field) ?? expected;
      reader.skip();
    }
  }
  if (expected === undefined) throw new Malformed('the expected revision is missing');
  return deadline === undefined ? { stream, expected } : { stream, expected, deadline };
};

const EXPECTATIONS: ReadonlyMap<number, ExpectedRevision> = new Map([
  [3, 'no_stream'],
  [4, 'any'],
  [5, 'stream_exists'],
] as const);

/** `Timestamp` and `Duration` alike: seconds and nanoseconds. */
const moment = (reader: MessageReader): Millis => {
  let time: Millis = 0;
  while (reader.next()) {
    if (reader.field === 1) time += Number(BigInt.asIntN(64, reader.bits())) * 1_000;
    else if (reader.field === 2) time += Number(BigInt.asIntN(64, reader.bits())) / 1_000_000;
    else reader.skip();
  }
  return time;
};

const proposedEvent = (reader: MessageReader): StoreEvent => {
  let id: EventId | undefined;
  const properties = new Map<string, string>();
  let metadata: Uint8Array = NOTHING;
  let data: Uint8Array = NOTHING;
  while (reader.next()) {
    if (reader.field === 1) id = readUuid(reader.message());
    else if (reader.field === 2) readProperty(reader.message(), properties);
    else if (reader.field === 3) metadata = reader.bytes();
    else if (reader.field === 4) data = reader.bytes();
    else reader.skip();
  }
  if (id === undefined) throw new Malformed('an event has no id');
  const type = properties.get('type');
  const contentType = properties.get('content-type');
  if (type === undefined || contentType === undefined)
    throw new MetadataMissing('an event lacks its type or its content-type');
  return {
    id,
    type,
    data,
    metadata: storedMetadata({ json: contentType === JSON_TYPE, metadata }),
  };
};

const NOTHING = Buffer.alloc(0);

const readProperty = (reader: MessageReader, properties: Map<string, string>): void => {
  let [key, value] = ['', ''];
  while (reader.next()) {
    if (reader.field === 1) key = reader.text();
    else if (reader.field === 2) value = reader.text();
    else reader.skip();
  }
  properties.set(key, value);
};

/** `StreamIdentifier`. */
export const streamName = (reader: MessageReader): string => {
  let name = '';
  while (reader.next()) {
    if (reader.field === 3) name = reader.text();
    else reader.skip();
  }
  return name;
};
