import type { ExpectedRevision, StoredEvent } from '../../../core/kernel/eventStore.ts';
import type { Position, Revision } from '../../../core/kernel/ids.ts';
import { BINARY_TYPE, JSON_TYPE, wireMetadata } from './contentType.ts';
import { MessageWriter } from '../protocol/protobufWriter.ts';
import { TOMBSTONE_TYPE } from './systemEvents.ts';
import { writeUuid, type UuidForm } from '../protocol/uuid.ts';

/** An event as it is delivered: with the link that led to it, or the link alone if that leads nowhere. */
export type Delivered = Readonly<{ event: StoredEvent | undefined; link: StoredEvent | undefined }>;

/** What a tombstone is said to have for a revision: no event can come after it. */
const TOMBSTONE_REVISION = 2n ** 63n - 1n;
/** Of `expected_revision` in the old copy of a conflict, where there is to be no stream. */
const NO_STREAM_REVISION = 2n ** 64n - 1n;
/** What an event takes besides its names, metadata and data: fixed texts, ids, numbers and tags. */
const EVENT_OVERHEAD = 256;

/** `ReadResp` with an event. */
export const eventResponse = ({ event, link }: Delivered, uuids: UuidForm): Buffer => {
  const original = link ?? event;
  const writer = new MessageWriter(capacityOf(event) + capacityOf(link));
  const opened = writer.open();
  if (original !== undefined) writer.uint(3, original.position);
  if (link !== undefined) writeEvent(writer, 2, link, uuids);
  if (event !== undefined) writeEvent(writer, 1, event, uuids);
  writer.close(1, opened);
  return writer.finish();
};

const capacityOf = (event: StoredEvent | undefined): number =>
  event === undefined
    ? 0
    : EVENT_OVERHEAD +
      3 * (event.stream.length + event.type.length) +
      event.metadata.byteLength +
      event.data.byteLength;

/** `RecordedEvent`; its time is in ticks of 100 ns. */
const writeEvent = (
  writer: MessageWriter,
  field: number,
  event: StoredEvent,
  uuids: UuidForm,
): void => {
  const { json, metadata } = wireMetadata(event.metadata);
  const opened = writer.open();
  writer.bytes(8, event.data);
  writer.bytes(7, metadata);
  writeProperty(writer, 'created', `${event.created}0000`);
  writeProperty(writer, 'content-type', json ? JSON_TYPE : BINARY_TYPE);
  writeProperty(writer, 'type', event.type);
  writer.uint(5, event.position);
  writer.uint(4, event.position);
  writer.uint(3, event.type === TOMBSTONE_TYPE ? TOMBSTONE_REVISION : event.revision);
  writeStream(writer, 2, event.stream);
  writeUuid(writer, 1, event.id, uuids);
  writer.close(field, opened);
};

const writeProperty = (writer: MessageWriter, key: string, value: string): void => {
  const opened = writer.open();
  writer.text(2, value);
  writer.text(1, key);
  writer.close(6, opened);
};

/** `StreamIdentifier`. */
export const writeStream = (writer: MessageWriter, field: number, stream: string): void => {
  const opened = writer.open();
  writer.text(3, stream);
  writer.close(field, opened);
};

const writePosition = (writer: MessageWriter, field: number, position: Position): void => {
  const opened = writer.open();
  writer.uint(2, position);
  writer.uint(1, position);
  writer.close(field, opened);
};

const response = (write: (writer: MessageWriter) => void): Buffer => {
  const writer = new MessageWriter();
  write(writer);
  return writer.finish();
};

/** `ReadResp`: the subscription is there. */
export const confirmationResponse = (id: string): Buffer =>
  response((writer) => writer.message(2, () => writer.text(1, id)));

/** `ReadResp`: all up to here has been looked at. */
export const checkpointResponse = (position: Position): Buffer =>
  response((writer) => writePosition(writer, 3, position));

export const streamNotFoundResponse = (stream: string): Buffer =>
  response((writer) => writer.message(4, () => writeStream(writer, 1, stream)));

export const caughtUpResponse = (): Buffer => response((writer) => writer.empty(8));

/** Where an append has come to; without a position if nothing was there to append. */
export type Appended = Readonly<{
  revision: Revision | 'no_stream';
  position: Position | undefined;
}>;

/** The two fields of a successful append that Append and BatchAppend have in common. */
export const writeAppended = (writer: MessageWriter, { revision, position }: Appended): void => {
  if (position === undefined) writer.empty(4);
  else writePosition(writer, 3, position);
  if (revision === 'no_stream') writer.empty(2);
  else writer.uint(1, revision);
};

export const appendResponse = (appended: Appended): Buffer =>
  response((writer) => writer.message(1, () => writeAppended(writer, appended)));

/** What was expected of a stream, and what is the case. */
export type Conflict = Readonly<{
  expected: ExpectedRevision;
  actual: Revision | 'no_stream';
}>;

/** `AppendResp`: an answer, not an error. It comes in two forms, of which old clients know the second. */
export const conflictResponse = ({ expected, actual }: Conflict): Buffer =>
  response((writer) =>
    writer.message(2, () => {
      if (expected === 'any') writer.empty(9);
      else if (expected === 'stream_exists') writer.empty(10);
      else if (expected === 'no_stream') writer.empty(11);
      else writer.uint(8, expected);
      if (actual === 'no_stream') writer.empty(7);
      else writer.uint(6, actual);
      if (expected === 'any') writer.empty(4);
      else if (expected === 'stream_exists') writer.empty(5);
      else writer.uint(3, expected === 'no_stream' ? NO_STREAM_REVISION : expected);
      if (actual === 'no_stream') writer.empty(2);
      else writer.uint(1, actual);
    }),
  );

/** `DeleteResp` and `TombstoneResp`. */
export const deletedResponse = (position: Position): Buffer =>
  response((writer) => writePosition(writer, 1, position));
