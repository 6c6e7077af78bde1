import { catalogue } from '../../../core/kernel/catalogue.ts';
import type { EventStore, StoredEvent } from '../../../core/kernel/eventStore.ts';
import type { Position, Revision } from '../../../core/kernel/ids.ts';
import type { KeyStore } from '../../../core/kernel/keyStore.ts';
import { codecOf, type ParsedEvent, type SealedPart } from '../codec.ts';
import { NO_REVISION } from '../expectedRevision.ts';
import type { OnEvents } from './compare.ts';
import { LogDigest } from './digest.ts';
import { ownPages } from './pages.ts';

/** Users of whom one sealed event is opened: enough to tell the right keys from others. */
const SAMPLED_MAX = 1_000;

export type LogReport = Readonly<{
  events: number;
  streams: number;
  digest: string;
  /** Users one of whose sealed events was opened, or whose keys have been destroyed. */
  opened: number;
}>;

/** The log is not what a log must be; the message says where. */
export class LogBroken extends Error {
  override name = 'LogBroken';
}

/**
 * Reads a whole log: every event is one this version knows, whole, at the revision that follows in its
 * stream, at a position after the one before; and the keys, if given, open what was sealed.
 * @throws what says where it is not so: LogBroken, UnreadableEvent, DamagedRecord, KeyMissing
 */
export const checkLog = async (
  log: Pick<EventStore, 'readAll'>,
  keys: Pick<KeyStore, 'opening'> | undefined,
  onEvents: OnEvents = () => undefined,
): Promise<LogReport> => {
  const codec = codecOf(catalogue);
  const places = new Places();
  const digest = new LogDigest();
  const sample = new Sample();
  let events = 0;
  for await (const page of ownPages(log, 'start')) {
    for (const event of page.events) {
      places.take(event);
      digest.add(event);
      if (!event.type.startsWith('$')) sample.take(codec.parse(event));
      onEvents(++events, event);
    }
  }
  if (keys !== undefined) {
    for (const parsed of sample.taken) {
      const opening = new Map<SealedPart, Uint8Array | undefined>();
      for (const part of parsed.sealed)
        opening.set(part, await keys.opening(part.subject, part.keyId));
      codec.open(parsed, (part) => opening.get(part));
    }
  }
  const opened = keys === undefined ? 0 : sample.subjects;
  return { events, streams: places.streams, digest: digest.finish(), opened };
};

class Places {
  readonly #revisions = new Map<string, Revision>();
  #position: Position = 0;

  get streams(): number {
    return this.#revisions.size;
  }

  take({ stream, revision, position }: StoredEvent): void {
    const follows = (this.#revisions.get(stream) ?? NO_REVISION) + 1;
    if (revision !== follows)
      throw new LogBroken(
        `at position ${position} is revision ${revision} of ${stream}, where ${follows} follows`,
      );
    if (position <= this.#position)
      throw new LogBroken(`position ${position} comes after position ${this.#position}`);
    this.#revisions.set(stream, revision);
    this.#position = position;
  }
}

/** One sealed event of each of many users. */
class Sample {
  readonly #subjects = new Set<string>();
  readonly #taken: ParsedEvent[] = [];

  get taken(): readonly ParsedEvent[] {
    return this.#taken;
  }

  get subjects(): number {
    return this.#subjects.size;
  }

  take(parsed: ParsedEvent): void {
    if (this.#subjects.size >= SAMPLED_MAX) return;
    if (parsed.sealed.every(({ subject }) => this.#subjects.has(subject))) return;
    for (const { subject } of parsed.sealed) this.#subjects.add(subject);
    this.#taken.push(parsed);
  }
}
