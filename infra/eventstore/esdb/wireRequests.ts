import type {
  Direction,
  ExpectedRevision,
  StoreEvent,
  StreamPrefixes,
} from '../../../core/kernel/eventStore.ts';
import type { Millis, Position, Revision } from '../../../core/kernel/ids.ts';
import { withCreated } from '../firstCreated.ts';
import { MessageWriter } from '../protocol/protobufWriter.ts';
import { writeUuid } from '../protocol/uuid.ts';

/**
 * How long the server is told that an append may wait. It goes over as a time of day, so it is far more
 * than anybody waits: a server whose clock is ahead by more would refuse everything. The server's own
 * limit is 2 s.
 */
const DEADLINE_TOLD: Millis = 60_000;
/** What an append and an event take besides their names, metadata and data. */
const APPEND_OVERHEAD = 160;
const EVENT_OVERHEAD = 140;
const UTF8_BYTES_MAX = 3;

const OPENING_BRACE = 0x7b;
const CLOSING_BRACE = 0x7d;

/**
 * Whether other tools are told that it is JSON, as all that Seqline writes is. The bytes are kept as they
 * are either way.
 */
const looksLikeJson = (data: Uint8Array): boolean =>
  data[0] === OPENING_BRACE && data[data.byteLength - 1] === CLOSING_BRACE;

export type Append = Readonly<{
  /** A UUID that the answer will name. */
  id: string;
  stream: string;
  expected: ExpectedRevision;
  events: readonly StoreEvent[];
}>;

/** `BatchAppendReq`: the whole append in one message. */
export const appendRequest = ({ id, stream, expected, events }: Append, now: Millis): Buffer => {
  const capacity = events.reduce(
    (sum, { type, data, metadata }) =>
      sum + EVENT_OVERHEAD + type.length + data.byteLength + metadata.byteLength,
    APPEND_OVERHEAD + stream.length * UTF8_BYTES_MAX,
  );
  const writer = new MessageWriter(capacity);
  // From the end to the beginning.
  writer.flag(4, true);
  for (let index = events.length - 1; index >= 0; index--) {
    const event = events[index];
    if (event !== undefined) writeEvent(writer, event);
  }
  const opened = writer.open();
  writeMoment(writer, 6, now + DEADLINE_TOLD);
  writeExpected(writer, expected);
  writeStream(writer, 1, stream);
  writer.close(2, opened);
  writeUuid(writer, 1, id);
  return writer.finish();
};

const writeEvent = (
  writer: MessageWriter,
  { id, type, data, metadata, created }: StoreEvent,
): void => {
  const opened = writer.open();
  writer.bytes(4, data);
  writer.bytes(3, created === undefined ? metadata : withCreated(metadata, created));
  writeProperty(
    writer,
    'content-type',
    looksLikeJson(data) ? 'application/json' : 'application/octet-stream',
  );
  writeProperty(writer, 'type', type);
  writeUuid(writer, 1, id);
  writer.close(3, opened);
};

const writeProperty = (writer: MessageWriter, key: string, value: string): void => {
  const opened = writer.open();
  writer.text(2, value);
  writer.text(1, key);
  writer.close(2, opened);
};

const writeExpected = (writer: MessageWriter, expected: ExpectedRevision): void => {
  if (typeof expected === 'number') writer.uint(2, expected);
  else writer.empty({ no_stream: 3, any: 4, stream_exists: 5 }[expected]);
};

/** `Timestamp`: seconds and nanoseconds. */
const writeMoment = (writer: MessageWriter, field: number, time: Millis): void => {
  const opened = writer.open();
  const whole = Math.floor(time);
  writer.uint(2, (whole % 1_000) * 1_000_000);
  writer.uint(1, Math.floor(whole / 1_000));
  writer.close(field, opened);
};

const writeStream = (writer: MessageWriter, field: number, stream: string): void => {
  const opened = writer.open();
  writer.text(3, stream);
  writer.close(field, opened);
};

/** Which part of a stream or of the log, as the server counts: inclusive, but backwards over the log. */
export type Part<From> = Readonly<{ from: From; direction: Direction; count: number }>;

/** `ReadReq` of a stream. */
export const readStreamRequest = (
  stream: string,
  { from, direction, count }: Part<Revision | 'start' | 'end'>,
): Buffer =>
  readRequest((writer) => {
    writer.empty(8);
    writer.uint(5, count);
    writeDirection(writer, direction);
    writer.message(1, () => {
      if (typeof from === 'number') writer.uint(2, from);
      else writer.empty(from === 'start' ? 3 : 4);
      writeStream(writer, 1, stream);
    });
  });

/** `ReadReq` of the log. */
export const readAllRequest = ({
  from,
  direction,
  count,
}: Part<Position | 'start' | 'end'>): Buffer =>
  readRequest((writer) => {
    writer.empty(8);
    writer.uint(5, count);
    writeDirection(writer, direction);
    writeFrom(writer, from);
  });

/** Streams of the store's own; the metadata (`$$x`) of others' streams is not among them. */
const NOT_SYSTEM = '^([^$]|\\$\\$[^$])';
/** A checkpoint at least after as many events as the server reads at once. */
const CHECKPOINT_EVERY = 1;

/** `ReadReq` of all that comes after a position, filtered by the server. */
export const subscribeRequest = (after: Position, prefixes: StreamPrefixes | undefined): Buffer =>
  readRequest((writer) => {
    writer.message(7, () => {
      writer.uint(5, CHECKPOINT_EVERY);
      // Without a window of its own, the server takes its usual one.
      writer.empty(4);
      writer.message(1, () => {
        if (prefixes === undefined || prefixes.length === 0) writer.text(1, NOT_SYSTEM);
        else for (const prefix of prefixes.toReversed()) writer.text(2, prefix);
      });
    });
    writer.empty(6);
    writeDirection(writer, 'forwards');
    writeFrom(writer, after === 0 ? 'start' : after);
  });

/** The options of `ReadReq`: ids are wanted as text. */
const readRequest = (write: (writer: MessageWriter) => void): Buffer => {
  const writer = new MessageWriter();
  writer.message(1, () => {
    writer.message(9, () => writer.empty(2));
    write(writer);
  });
  return writer.finish();
};

const writeDirection = (writer: MessageWriter, direction: Direction): void =>
  writer.uint(3, direction === 'forwards' ? 0 : 1);

/** Every server still in support writes commit and prepare alike. */
const writeFrom = (writer: MessageWriter, from: Position | 'start' | 'end'): void =>
  writer.message(2, () => {
    if (typeof from !== 'number') writer.empty(from === 'start' ? 2 : 3);
    else {
      writer.message(1, () => {
        writer.uint(2, from);
        writer.uint(1, from);
      });
    }
  });
