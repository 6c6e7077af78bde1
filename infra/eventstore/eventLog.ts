import { setTimeout as pause } from 'node:timers/promises';
import { assert } from '../../core/kernel/assert.ts';
import { STREAM_PREFIXES, catalogue as today } from '../../core/kernel/catalogue.ts';
import type { EventLog } from '../../core/kernel/eventLog.ts';
import { StoreUnavailable, type EventStore } from '../../core/kernel/eventStore.ts';
import type { AnyFact, NewEvent, Recorded } from '../../core/kernel/fact.ts';
import type { UserId } from '../../core/kernel/ids.ts';
import type { KeyStore } from '../../core/kernel/keyStore.ts';
import { codecOf, type Catalogue } from './codec.ts';
import { DecodedEvents } from './decodedEvents.ts';
import type { MovedPositions } from './history.ts';
import { KeyRing } from './keyRing.ts';
import { ReadEvents } from './readEvents.ts';
import { decodingBy, hasOurPrefix, isOurs, type Decode } from './reading.ts';

export type EventLogParts = Readonly<{
  store: EventStore;
  keys: KeyStore;
  /** Tells when another process has destroyed keys; there is none for keys that are this one's own. */
  onDestroyed?: ((listener: () => void) => void) | undefined;
  /** Whether personal fields are sealed from now on; what is stored is read either way. */
  seal: boolean;
  /** Of a log that is a copy. */
  moved?: MovedPositions | undefined;
  /** Ours, but for tests of the log itself. */
  catalogue?: Catalogue;
}>;

export type SealedEventLog = EventLog &
  Readonly<{
    /**
     * Erases a user: destroys its keys and drops what this process remembers of them. Once it resolves,
     * what is read from here has `ERASED` for all that was sealed for the user. It does nothing for
     * fields that were stored while sealing was off.
     */
    forget: (subject: UserId) => Promise<void>;
    /** For whoever has read the store itself. */
    decode: Decode;
  }>;

/**
 * The typed log over the bytes port. Reading throws (and a subscription ends with) an `UnreadableEvent`
 * at an event of ours that is not what it should be; events of others are passed over. The store is not
 * closed with it: whoever opened it closes it.
 */
export const eventLog = (parts: EventLogParts): SealedEventLog => {
  const { store, keys, onDestroyed, seal, moved, catalogue = today } = parts;
  const codec = codecOf(catalogue);
  const ring = new KeyRing(keys);
  const decoded = new DecodedEvents();
  const read = new ReadEvents();

  /** What this process remembers of what is sealed. */
  const drop = (): void => {
    decoded.clear();
    read.clear();
  };
  onDestroyed?.(() => {
    ring.forgetAll();
    drop();
  });

  /** Encodes and remembers in one go: nothing is remembered that an erasure should have taken. */
  const encode = async (stream: string, events: readonly NewEvent[]) => {
    for (;;) {
      const { erasures } = ring;
      // Keys first: an event must never be durable before the key that opens it.
      const sealing = seal ? await ring.sealing(codec.subjectsOf(events)) : undefined;
      if (erasures !== ring.erasures) continue;
      return events.map((event) => {
        const stored = codec.encode(stream, event, sealing);
        // Before it is appended: a subscription may deliver an event before its append is answered.
        decoded.remember(stream, stored, event);
        return stored;
      });
    }
  };

  const decode = decodingBy({
    ...{ ring, moved, catalogue },
    recall: (event) => decoded.recall(event),
  });

  return {
    append: async (stream, expected, events) => {
      assert(hasOurPrefix(stream), `${stream} is a stream of the catalogue`);
      return store.append(stream, expected, await encode(stream, events));
    },

    readStream: readingOnce({ store, ring, read, decode }),

    readPlaces: async (stream, options) =>
      (await store.readStream(stream, options))
        .filter(isOurs)
        .map(({ id, revision, created }) => ({ id, revision, created })),

    readAll: async ({ after, max, prefixes = STREAM_PREFIXES }) => {
      const from = after === 0 ? 'start' : after;
      const page = await store.readAll({ from, direction: 'forwards', max, prefixes });
      return { events: await decode(page.events), next: page.next, end: page.end };
    },

    subscribeAll: subscribing(store, decode),

    decode,
    head: () => store.head(),
    logId: () => store.logId(),

    forget: async (subject) => {
      await ring.forget(subject);
      drop();
    },
  };
};

const subscribing =
  (store: EventStore, decode: Reading['decode']): EventLog['subscribeAll'] =>
  ({ onEvents, leftSealed, ...rest }) => {
    let closed = false;
    const isOver = (): boolean => closed;
    const subscription = store.subscribeAll({
      ...rest,
      prefixes: STREAM_PREFIXES,
      onEvents: async (batch) => {
        const events = await untilReached(() => decode(batch, leftSealed), isOver);
        if (events.length > 0) await onEvents(events);
      },
    });
    return {
      close: () => {
        closed = true;
        return subscription.close();
      },
    };
  };

const TRY_AGAIN_MS = 250;

/** Keys may be away for a while, as a store may: who follows the log waits for them, and is not failed. */
const untilReached = async <T>(work: () => Promise<T>, isOver: () => boolean): Promise<T> => {
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof StoreUnavailable) || isOver()) throw error;
    }
    await pause(TRY_AGAIN_MS);
  }
};

type Reading = Readonly<{
  store: Pick<EventStore, 'readStream'>;
  ring: KeyRing;
  read: ReadEvents;
  decode: Decode;
}>;

/** Reads a stream, or recalls what was read of it before. */
const readingOnce =
  ({ store, ring, read, decode }: Reading): EventLog['readStream'] =>
  async <E extends AnyFact>(stream: string, options: ReadOptions) => {
    const known = keptRange(read, stream, options);
    if (known !== undefined) return known as readonly Recorded<E>[];
    const { erasures } = ring;
    const stored = await store.readStream(stream, options);
    const events = await decode(stored);
    // What was read before an erasure, or beside others' events, is not kept.
    if (isKept(stream) && events.length === stored.length && erasures === ring.erasures) {
      read.remember(stream, stored, events);
    }
    // Which events a stream has is known to who names it; the store knows bytes.
    return events as readonly Recorded<E>[];
  };

/** Streams that are read again and again; of the others the newest event is asked for, or all of it once. */
const PREFIX_KEPT = 'conversation-';

const isKept = (stream: string): boolean => stream.startsWith(PREFIX_KEPT);

const keptRange = (
  read: ReadEvents,
  stream: string,
  { from, direction, max }: ReadOptions,
): readonly Recorded[] | undefined =>
  direction === 'forwards' && typeof from === 'number' && isKept(stream)
    ? read.range(stream, from, max)
    : undefined;

type ReadOptions = Parameters<EventStore['readStream']>[1];
