import { assert } from '../../../core/kernel/assert.ts';
import type { StoredEvent } from '../../../core/kernel/eventStore.ts';
import type { EventId, Millis, Position, Revision } from '../../../core/kernel/ids.ts';
import { withoutCreated } from '../firstCreated.ts';
import { MessageReader } from '../protocol/protobufReader.ts';
import { readUuid } from '../protocol/uuid.ts';
import { ClientFault, type FaultReason } from './faults.ts';
import type { Seen } from './reading.ts';

/** A stream that ends with this has a revision for it that is no number of ours. */
const TOMBSTONE_TYPE = '$streamDeleted';
/** Streams of the store's own; the metadata (`$$x`) of others' streams is not among them. */
const OF_SYSTEM = /^\$(?!\$[^$])/u;

/**
 * `ReadResp`: an event, or how far the server has looked; nothing that is of interest where it only says
 * how it goes. @throws ClientFault where there is no such stream
 */
export const readResponse = (bytes: Buffer): Seen | undefined => {
  const reader = new MessageReader(bytes);
  while (reader.next()) {
    if (reader.field === 1) return readEvent(reader.message());
    if (reader.field === 3) return { position: checkpoint(reader.message()), event: undefined };
    if (reader.field === 4) throw new ClientFault({ kind: 'no-stream' }, 'there is no such stream');
    reader.skip();
  }
  return undefined;
};

const checkpoint = (reader: MessageReader): Position => {
  let commit = 0;
  while (reader.next()) {
    if (reader.field === 1) commit = reader.uint();
    else reader.skip();
  }
  return safe(commit);
};

const readEvent = (reader: MessageReader): Seen | undefined => {
  let recorded: MessageReader | undefined;
  let position: Position | undefined;
  while (reader.next()) {
    if (reader.field === 1) recorded = reader.message();
    else if (reader.field === 3) position = safe(reader.uint());
    else reader.skip();
  }
  if (recorded === undefined) return undefined;
  if (position === undefined)
    throw new ClientFault({ kind: 'invalid' }, 'the server gives events without their position');
  return { position, event: recordedEvent(recorded, position) };
};

type Recorded = { -readonly [Name in keyof StoredEvent]: StoredEvent[Name] };

/** Undefined for what is the store's own. */
const recordedEvent = (reader: MessageReader, position: Position): StoredEvent | undefined => {
  const event: Recorded = {
    id: NO_ID,
    type: '',
    data: NOTHING,
    metadata: NOTHING,
    stream: '',
    revision: 0,
    position,
    created: 0,
  };
  while (reader.next()) {
    if (reader.field === 1) event.id = readUuid(reader.message());
    else if (reader.field === 2) event.stream = streamName(reader.message());
    else if (reader.field === 3) event.revision = reader.uint();
    else if (reader.field === 6) readProperty(reader.message(), event);
    else if (reader.field === 7) event.metadata = reader.bytes();
    else if (reader.field === 8) event.data = reader.bytes();
    else reader.skip();
  }
  if (event.type === TOMBSTONE_TYPE || OF_SYSTEM.test(event.stream)) return undefined;
  if (event.id === NO_ID)
    throw new ClientFault({ kind: 'invalid' }, 'an event comes without its id');
  safe(event.revision);
  const { metadata, created } = withoutCreated(event.metadata);
  event.metadata = metadata;
  event.created = created ?? event.created;
  return event;
};

const NO_ID = '' as EventId;
const NOTHING = new Uint8Array();

const streamName = (reader: MessageReader): string => {
  let name = '';
  while (reader.next()) {
    if (reader.field === 3) name = reader.text();
    else reader.skip();
  }
  return name;
};

const readProperty = (reader: MessageReader, event: Recorded): void => {
  let [key, value] = ['', ''];
  while (reader.next()) {
    if (reader.field === 1) key = reader.text();
    else if (reader.field === 2) value = reader.text();
    else reader.skip();
  }
  if (key === 'type') event.type = value;
  else if (key === 'created') event.created = millisOf(value);
};

/** The server counts in ticks of 100 ns, which are too many for a number of JavaScript. */
const TICKS_DIGITS = 4;
const millisOf = (ticks: string): Millis => Number(ticks.slice(0, -TICKS_DIGITS));

const safe = (value: number): number => {
  assert(value < Number.MAX_SAFE_INTEGER, `${value} is a number that JavaScript counts exactly`);
  return value;
};

export type Appended = Readonly<{
  revision: Revision;
  /** Missing where the store knows the append but can no longer read it. */
  position: Position | undefined;
}>;

export type AppendAnswer = Readonly<{ id: string; outcome: Appended | ClientFault }>;

/** `BatchAppendResp`. @throws Malformed for what is none */
export const appendResponse = (bytes: Buffer): AppendAnswer => {
  const reader = new MessageReader(bytes);
  let id = '';
  let outcome: AppendAnswer['outcome'] | undefined;
  while (reader.next()) {
    if (reader.field === 1) id = readUuid(reader.message());
    else if (reader.field === 2) outcome = failure(reader.message());
    else if (reader.field === 3) outcome = success(reader.message());
    else reader.skip();
  }
  return { id, outcome: outcome ?? new ClientFault({ kind: 'other' }, 'an empty answer') };
};

const success = (reader: MessageReader): Appended => {
  let revision: Revision = -1;
  let position: Position | undefined;
  while (reader.next()) {
    if (reader.field === 1) revision = safe(reader.uint());
    else if (reader.field === 3) position = checkpoint(reader.message());
    else reader.skip();
  }
  return { revision, position };
};

/** `google.rpc.Status`, of which the details say more than its code. */
const failure = (reader: MessageReader): ClientFault => {
  let message = '';
  let details: Readonly<{ type: string; value: Buffer }> | undefined;
  while (reader.next()) {
    if (reader.field === 2) message = reader.text();
    else if (reader.field === 3) details = anything(reader.message());
    else reader.skip();
  }
  const reason = details === undefined ? undefined : reasonOf(details.type, details.value);
  return new ClientFault(reason ?? { kind: 'other' }, message);
};

const anything = (reader: MessageReader): Readonly<{ type: string; value: Buffer }> => {
  let url = '';
  let value: Buffer = Buffer.alloc(0);
  while (reader.next()) {
    if (reader.field === 1) url = reader.text();
    else if (reader.field === 2) value = reader.bytes();
    else reader.skip();
  }
  return { type: url.slice(url.lastIndexOf('.') + 1), value };
};

const reasonOf = (type: string, value: Buffer): FaultReason | undefined => {
  switch (type) {
    case 'WrongExpectedVersion':
      return { kind: 'conflict', actual: actualOf(new MessageReader(value)) };
    case 'StreamDeleted':
      return { kind: 'stream-deleted' };
    case 'AccessDenied':
      return { kind: 'denied' };
    case 'Timeout':
      return { kind: 'late' };
    case 'MaximumAppendSizeExceeded':
    case 'MaximumAppendEventSizeExceeded':
      return { kind: 'too-big' };
    case 'BadRequest':
      return { kind: 'invalid' };
    default:
      return undefined;
  }
};

const actualOf = (reader: MessageReader): Revision | 'no_stream' => {
  let actual: Revision | 'no_stream' = 'no_stream';
  while (reader.next()) {
    if (reader.field === 1) actual = reader.uint();
    else reader.skip();
  }
  return actual;
};
