import type { EventStore, StoredEvent } from '../../../core/kernel/eventStore.ts';
import type { Position } from '../../../core/kernel/ids.ts';
import { RecentMap } from '../../recentMap.ts';
import {
  ALL_VISIBLE,
  NEWEST_VISIBLE,
  parseDocument,
  visibilityOf,
  type Document,
  type Visibility,
} from './streamMetadata.ts';
import { metadataStreamOf, ownerOf, TOMBSTONE_TYPE } from './systemEvents.ts';
import { Turns } from './turns.ts';

/** What there is to know of a stream besides its events. */
export type StreamState = Readonly<{
  /** Gone for ever. */
  tombstoned: boolean;
  visibility: Visibility;
  document: Document;
  /** Of the newest event of its metadata stream; 0 when there is none. */
  documentAt: Position;
}>;

/** Most streams have neither metadata nor a tombstone, and share this. */
const PLAIN: StreamState = {
  tombstoned: false,
  visibility: ALL_VISIBLE,
  document: {},
  documentAt: 0,
};

/** Streams whose state is remembered, up to twice as many: some 150 bytes each, besides metadata. */
const STATES = 32_768;

/**
 * Metadata and tombstones of streams, read from the log on first use and kept while they are in use. All
 * changes of them go through here; so do appends, which wait while a change is being made.
 */
export class StreamStates {
  readonly #store: EventStore;
  readonly #known = new RecentMap<string, StreamState>(STATES);
  readonly #turns = new Turns();

  constructor(store: EventStore) {
    this.#store = store;
  }

  /** For readers. A `$$` stream shows its newest event, and is gone with the stream it belongs to. */
  async of(stream: string): Promise<StreamState> {
    const owner = ownerOf(stream);
    if (owner === undefined) return this.#known.get(stream) ?? this.shared(stream, asItIs);
    const { tombstoned } = await this.of(owner);
    return { ...PLAIN, visibility: NEWEST_VISIBLE, tombstoned };
  }

  /** Begins at once unless the state must be read first or is being changed; in order of the calls. */
  shared<T>(stream: string, work: (state: StreamState) => Promise<T>): Promise<T> {
    if (this.#known.get(stream) === undefined) this.#load(stream);
    return this.#turns.shared(stream, async () => work(await this.#held(stream)));
  }

  /** When no append to the stream is under way; none begins before the end. */
  alone<T>(stream: string, work: (state: StreamState) => Promise<T>): Promise<T> {
    return this.#turns.alone(stream, async () => work(await this.#held(stream)));
  }

  /** From within `alone`. */
  tombstoned(stream: string, state: StreamState): void {
    this.#known.set(stream, { ...state, tombstoned: true });
  }

  /** From within `alone`: the stream's metadata has become this. */
  described(stream: string, data: Uint8Array, documentAt: Position): void {
    this.#known.set(stream, describedBy(data, documentAt));
  }

  /** Before the shared turns that follow. Whoever needs the state meets the fault, if there is one. */
  #load(stream: string): void {
    this.#turns.alone(stream, () => this.#held(stream)).catch(() => undefined);
  }

  async #held(stream: string): Promise<StreamState> {
    return this.#known.get(stream) ?? this.#read(stream);
  }

  async #read(stream: string): Promise<StreamState> {
    const document = await newestOf(this.#store, metadataStreamOf(stream));
    const last = await newestOf(this.#store, stream);
    const described =
      document === undefined ? PLAIN : describedBy(document.data, document.position);
    const tombstoned = last?.type === TOMBSTONE_TYPE;
    const state = tombstoned ? { ...described, tombstoned } : described;
    this.#known.set(stream, state);
    return state;
  }
}

/** The last event of a stream, hidden or not. */
export const newestOf = async (
  store: EventStore,
  stream: string,
): Promise<StoredEvent | undefined> => {
  const [newest] = await store.readStream(stream, { from: 'end', direction: 'backwards', max: 1 });
  return newest;
};

const describedBy = (data: Uint8Array, documentAt: Position): StreamState => {
  const document = parseDocument(data);
  return { tombstoned: false, visibility: visibilityOf(document), document, documentAt };
};

const asItIs = async (state: StreamState): Promise<StreamState> => state;
