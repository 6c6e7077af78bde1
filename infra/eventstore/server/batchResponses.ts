import { status as Status } from '@grpc/grpc-js';
import { unreachable } from '../../../core/kernel/assert.ts';
import { APPEND_BYTES_MAX, EVENT_BYTES_MAX } from '../../../core/kernel/eventStore.ts';
import type { Failure } from './failures.ts';
import { MessageWriter } from '../protocol/protobufWriter.ts';
import { writeAppended, writeStream, type Appended, type Conflict } from './responses.ts';
import { writeUuid } from '../protocol/uuid.ts';

/** `BatchAppendResp` of an append that has been stored. */
export const batchAppended = (id: string, stream: string, appended: Appended): Buffer => {
  const writer = new MessageWriter();
  writeStream(writer, 4, stream);
  writer.message(3, () => writeAppended(writer, appended));
  writeUuid(writer, 1, id);
  return writer.finish();
};

/**
 * `BatchAppendResp` of one that has not. The official client takes the stream and the details for granted
 * and goes by the type of the details alone, so they are always there.
 */
export const batchFailed = (id: string, stream: string, failure: Failure): Buffer => {
  const { code, message, type, details } = errorOf(failure);
  const writer = new MessageWriter();
  writeStream(writer, 4, stream);
  writer.message(2, () => {
    writer.message(3, () => {
      const inner = new MessageWriter();
      details?.(inner);
      writer.bytes(2, inner.finish());
      writer.text(1, `type.googleapis.com/${type}`);
    });
    writer.text(2, message);
    writer.uint(1, code);
  });
  writeUuid(writer, 1, id);
  return writer.finish();
};

type BatchError = Readonly<{
  code: Status;
  message: string;
  /** A message's full name. */
  type: string;
  details?: (writer: MessageWriter) => void;
}>;

const ours = (
  code: Status,
  name: string,
  details?: (writer: MessageWriter) => void,
): BatchError => {
  const error = { code, message: name, type: `event_store.client.${name}` };
  return details === undefined ? error : { ...error, details };
};

const errorOf = (failure: Failure): BatchError => {
  switch (failure.kind) {
    case 'conflict':
      return ours(Status.ALREADY_EXISTS, 'WrongExpectedVersion', (writer) =>
        writeConflict(writer, failure.conflict),
      );
    case 'stream-deleted':
      return ours(Status.NOT_FOUND, 'StreamDeleted', (writer) =>
        writeStream(writer, 1, failure.stream),
      );
    case 'access-denied':
      return ours(Status.PERMISSION_DENIED, 'AccessDenied');
    case 'timeout':
      return ours(Status.DEADLINE_EXCEEDED, 'Timeout');
    case 'append-too-big':
      return ours(Status.INVALID_ARGUMENT, 'MaximumAppendSizeExceeded', (writer) =>
        writer.uint(1, APPEND_BYTES_MAX),
      );
    case 'event-too-big':
      return ours(Status.INVALID_ARGUMENT, 'MaximumAppendEventSizeExceeded', (writer) => {
        writer.uint(3, EVENT_BYTES_MAX);
        writer.uint(2, failure.bytes);
        writer.text(1, failure.id);
      });
    case 'metadata-missing':
      return badRequest('an event lacks its type or its content-type');
    case 'malformed':
      return badRequest(failure.message);
    case 'unavailable':
      // The protocol has no type for it; by its text the official client's error says what it is.
      return {
        code: Status.UNAVAILABLE,
        message: 'Server Is Not Ready',
        type: 'google.protobuf.Empty',
      };
    case 'unknown':
      return ours(Status.UNKNOWN, 'Unknown');
    default:
      return unreachable(failure);
  }
};

const badRequest = (message: string): BatchError =>
  ours(Status.INVALID_ARGUMENT, 'BadRequest', (writer) => writer.text(1, message));

/** `WrongExpectedVersion`. */
const writeConflict = (writer: MessageWriter, { expected, actual }: Conflict): void => {
  if (expected === 'any') writer.empty(4);
  else if (expected === 'stream_exists') writer.empty(5);
  else if (expected === 'no_stream') writer.empty(6);
  else writer.uint(3, expected);
  if (actual === 'no_stream') writer.empty(2);
  else writer.uint(1, actual);
};
