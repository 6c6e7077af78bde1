import {
  APPEND_BYTES_MAX,
  APPEND_EVENTS_MAX,
  AppendTooLarge,
  EVENT_BYTES_MAX,
  type StoreEvent,
} from '../../core/kernel/eventStore.ts';

/** A stream's name is a key of the stream index, and LMDB's keys end at 1,978 bytes. */
export const STREAM_NAME_BYTES_MAX = 1024;
/** Types are names we choose; 255 bytes is far above the longest. */
export const EVENT_TYPE_BYTES_MAX = 255;

/**
 * The append as a whole, or one event of it, is larger than every store would take. Nothing is
 * stored.
 */
export class AppendTooBig extends AppendTooLarge {
  override name = 'AppendTooBig';
}

/** The append names no stream, carries no event, or an event without a proper id or type. */
export class InvalidAppend extends Error {
  override name = 'InvalidAppend';
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** EventStoreDB counts data, metadata, and two bytes for each character of the type. */
export const countedBytes = ({ type, data, metadata }: StoreEvent): number =>
  data.byteLength + metadata.byteLength + 2 * type.length;

/**
 * Refuses what some store would refuse, so that nothing works on one of them only. Returns the
 * counted size of the append.
 * @throws AppendTooBig, InvalidAppend
 */
export const checkAppend = (stream: string, events: readonly StoreEvent[]): number => {
  checkStreamName(stream);
  if (events.length === 0) throw new InvalidAppend(`an append to ${stream} carries no event`);
  if (events.length > APPEND_EVENTS_MAX)
    throw new AppendTooBig(`${events.length} events in one append to ${stream}`);
  let bytes = 0;
  for (const event of events) bytes += checkEvent(stream, event);
  if (bytes > APPEND_BYTES_MAX) throw new AppendTooBig(`${bytes} bytes in one append to ${stream}`);
  return bytes;
};

const checkStreamName = (stream: string): void => {
  // `$$` alone would be the metadata stream of a stream without a name.
  if (stream === '' || stream === '$$') throw new InvalidAppend(`no stream is called "${stream}"`);
  if (isLonger(stream, STREAM_NAME_BYTES_MAX))
    throw new InvalidAppend(
      `a stream's name has at most ${STREAM_NAME_BYTES_MAX} bytes: ${stream}`,
    );
};

const checkEvent = (stream: string, event: StoreEvent): number => {
  if (!UUID.test(event.id))
    throw new InvalidAppend(`an event for ${stream} has "${event.id}" for an id, not a UUID`);
  if (event.type === '' || isLonger(event.type, EVENT_TYPE_BYTES_MAX))
    throw new InvalidAppend(`an event for ${stream} has "${event.type}" for a type`);
  const bytes = countedBytes(event);
  if (bytes > EVENT_BYTES_MAX)
    throw new AppendTooBig(`${event.type} for ${stream} has ${bytes} bytes`);
  return bytes;
};

/** In UTF-8, where a character of a string takes three bytes at most: short ones need no count. */
const isLonger = (text: string, bytes: number): boolean =>
  text.length * 3 > bytes && Buffer.byteLength(text) > bytes;
