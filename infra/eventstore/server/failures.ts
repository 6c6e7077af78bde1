import { Metadata, status as Status } from '@grpc/grpc-js';
import {
  APPEND_BYTES_MAX,
  EVENT_BYTES_MAX,
  OutcomeUnknown,
  StoreUnavailable,
} from '../../../core/kernel/eventStore.ts';
import { unreachable } from '../../../core/kernel/assert.ts';
import { AppendTooBig, InvalidAppend } from '../limits.ts';
import { Malformed } from '../protocol/protobufReader.ts';
import type { Conflict } from './responses.ts';
import { MetadataMissing } from './writeRequests.ts';

/** Why a call comes to nothing, as the protocol can say it. */
export type Failure =
  | Readonly<{ kind: 'stream-deleted'; stream: string }>
  | Readonly<{ kind: 'conflict'; stream: string; conflict: Conflict }>
  | Readonly<{ kind: 'access-denied' }>
  | Readonly<{ kind: 'append-too-big' }>
  | Readonly<{ kind: 'event-too-big'; id: string; bytes: number }>
  | Readonly<{ kind: 'metadata-missing' }>
  | Readonly<{ kind: 'malformed'; message: string }>
  /** It may have happened all the same. */
  | Readonly<{ kind: 'timeout' }>
  | Readonly<{ kind: 'unavailable'; message: string }>
  /** A fault, of which only the server's own log tells more. */
  | Readonly<{ kind: 'unknown' }>;

/** Ends a call, wherever in it this is found out. */
export class Refused extends Error {
  override name = 'Refused';
  readonly failure: Failure;

  constructor(failure: Failure) {
    super(failure.kind);
    this.failure = failure;
  }
}

export const failureOf = (error: unknown): Failure => {
  if (error instanceof Refused) return error.failure;
  if (error instanceof MetadataMissing) return { kind: 'metadata-missing' };
  if (error instanceof Malformed || error instanceof InvalidAppend)
    return { kind: 'malformed', message: error.message };
  if (error instanceof AppendTooBig) return { kind: 'append-too-big' };
  if (error instanceof OutcomeUnknown) return { kind: 'timeout' };
  if (error instanceof StoreUnavailable) return { kind: 'unavailable', message: error.message };
  return { kind: 'unknown' };
};

/** How a call ends: what grpc-js takes for the status and the trailers of an error. */
export type CallStatus = Readonly<{ code: Status; details: string; metadata: Metadata }>;

export const callStatusOf = (failure: Failure): CallStatus => {
  switch (failure.kind) {
    case 'stream-deleted':
      return typed(Status.FAILED_PRECONDITION, `${failure.stream} is deleted`, {
        exception: failure.kind,
        'stream-name': failure.stream,
      });
    case 'conflict':
      return typed(Status.FAILED_PRECONDITION, `${failure.stream} is not as expected`, {
        exception: 'wrong-expected-version',
        'stream-name': failure.stream,
        'expected-version': expectedVersion(failure.conflict),
        'actual-version': String(
          failure.conflict.actual === 'no_stream' ? -1 : failure.conflict.actual,
        ),
      });
    case 'access-denied':
      return typed(Status.PERMISSION_DENIED, 'that is not allowed here', {
        exception: failure.kind,
      });
    case 'append-too-big':
      return typed(Status.INVALID_ARGUMENT, 'the append is too big', {
        exception: 'maximum-append-size-exceeded',
        'maximum-append-size': String(APPEND_BYTES_MAX),
      });
    case 'event-too-big':
      return typed(Status.INVALID_ARGUMENT, 'an event is too big', {
        exception: 'maximum-append-event-size-exceeded',
        'event-id': failure.id,
        'proposed-append-event-size': String(failure.bytes),
        'maximum-append-event-size': String(EVENT_BYTES_MAX),
      });
    case 'metadata-missing':
      return typed(Status.INVALID_ARGUMENT, 'an event lacks its type or its content-type', {
        exception: 'missing-required-metadata-property',
        'required-metadata-properties': 'type,content-type',
      });
    case 'malformed':
      return typed(Status.INVALID_ARGUMENT, failure.message);
    case 'timeout':
      return typed(Status.ABORTED, 'not done in time');
    case 'unavailable':
      return typed(Status.UNAVAILABLE, failure.message);
    case 'unknown':
      return typed(Status.UNKNOWN, 'the server has failed');
    default:
      return unreachable(failure);
  }
};

const expectedVersion = ({ expected }: Conflict): string => {
  if (typeof expected === 'number') return String(expected);
  return { any: '-2', no_stream: '-1', stream_exists: '-4' }[expected];
};

const typed = (
  code: Status,
  details: string,
  trailers: Readonly<Record<string, string>> = {},
): CallStatus => {
  const metadata = new Metadata();
  // A trailer is ASCII, and a stream may have any name.
  for (const [key, value] of Object.entries(trailers)) metadata.set(key, asciiOf(value));
  return { code, details, metadata };
};

const asciiOf = (value: string): string =>
  value.replace(/[^\x20-\x7e]+/g, (other) => encodeURIComponent(other));
