import type {
  AppendResult,
  ExpectedRevision,
  ReadStream,
  StreamPrefixes,
  Subscription,
} from './eventStore.ts';
import type { AnyFact, NewEvent, Recorded } from './fact.ts';
import type { Position } from './ids.ts';

/** Which event stands where, and since when. */
export type Place = Pick<Recorded, 'id' | 'revision' | 'created'>;

/** The log as facts: the event store behind the codec (catalogue, upcasting, sealing). */
export interface EventLog {
  append(
    stream: string,
    expected: ExpectedRevision,
    events: readonly NewEvent[],
  ): Promise<AppendResult>;
  readStream<E extends AnyFact = AnyFact>(
    stream: string,
    options: ReadStream,
  ): Promise<readonly Recorded<E>[]>;
  /** The same without what the events say: nothing is parsed or opened, at a fraction of the price. */
  readPlaces(stream: string, options: ReadStream): Promise<readonly Place[]>;
  /** The events of Seqline's own streams after a position, in `$all` order. */
  readAll(
    options: Readonly<{ after: Position; max: number; prefixes?: StreamPrefixes }>,
  ): Promise<Readonly<{ events: readonly Recorded[]; next: Position; end: boolean }>>;
  subscribeAll(
    options: Readonly<{
      after: Position | 'end';
      /** Types of events of which nobody here wants what is personal: that comes as `ERASED`, at a lower price. */
      leftSealed?: ReadonlySet<string>;
      onEvents: (events: readonly Recorded[]) => void | Promise<void>;
      onReached?: (position: Position) => void;
      onFailed: (error: Error) => void;
    }>,
  ): Subscription;
  head(): Promise<Position>;
  logId(): Promise<string>;
}
