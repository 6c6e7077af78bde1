import type { StoredEvent } from '../../../core/kernel/eventStore.ts';
import { LogDigest, carriedTime } from './digest.ts';
import { OwnEvents, type Readable } from './pages.ts';

/** The one log is not a beginning of the other; the message names the stream and the revision. */
export class NotTheSame extends Error {
  override name = 'NotTheSame';
}

export type Compared = Readonly<{
  /** How many events are the same in both, and what they come to. */
  events: number;
  digest: string;
  /** What the one has next and the other lacks. */
  onlyInFrom: StoredEvent | undefined;
  onlyInTo: StoredEvent | undefined;
}>;

/** Where a log is read, how far. */
export type OnEvents = (events: number, event: StoredEvent) => void;

/** Reads both from the start to the end of either. @throws NotTheSame at the first difference */
export const compareLogs = async (
  from: Readable,
  to: Readable,
  onEvents: OnEvents = () => undefined,
): Promise<Compared> => {
  const [ours, theirs] = [new OwnEvents(from), new OwnEvents(to)];
  const digest = new LogDigest();
  for (let events = 0; ; events++) {
    const [one, other] = [await ours.next(), await theirs.next()];
    if (one === undefined || other === undefined)
      return { events, digest: digest.finish(), onlyInFrom: one, onlyInTo: other };
    const difference = differenceOf(one, other);
    if (difference !== undefined) throw notTheSame(one, other, difference);
    digest.add(one);
    onEvents(events + 1, one);
  }
};

export const notTheSame = (one: StoredEvent, other: StoredEvent, what: string): NotTheSame =>
  new NotTheSame(
    `TO is not a beginning of FROM: where FROM has ${nameOf(one)}, TO has ${nameOf(other)} (${what})`,
  );

export const nameOf = ({ stream, revision, type, position }: StoredEvent): string =>
  `revision ${revision} of ${stream} (${type}, position ${position})`;

/** Undefined for what is the same in all but its position. */
export const differenceOf = (one: StoredEvent, other: StoredEvent): string | undefined => {
  if (one.stream !== other.stream || one.revision !== other.revision) return 'another event';
  if (one.id !== other.id) return `the id is ${other.id}, not ${one.id}`;
  if (one.type !== other.type) return 'the type differs';
  if (Buffer.compare(one.metadata, other.metadata) !== 0) return 'the metadata differs';
  if (Buffer.compare(one.data, other.data) !== 0) return 'the data differs';
  return carriedTime(one) === carriedTime(other) ? undefined : 'the time differs';
};
