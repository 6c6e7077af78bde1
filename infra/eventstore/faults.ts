import { AppendTooLarge, EVENT_BYTES_MAX, type StoredEvent } from '../../core/kernel/eventStore.ts';
import type { Position, Revision } from '../../core/kernel/ids.ts';
import type { KeyMissing } from '../../core/kernel/keyStore.ts';

/** Where an event stands that could not be read; what an operator needs to look at it or to skip it. */
type Place = Readonly<{ position: Position; stream: string; revision: Revision; type: string }>;

/** An event of the log that cannot be turned into a fact. Nothing reads past it by itself. */
export class UnreadableEvent extends Error {
  override name = 'UnreadableEvent';
  readonly place: Place;

  constructor(event: StoredEvent, what: string, options?: ErrorOptions) {
    const { position, stream, revision, type } = event;
    super(`${type} at position ${position} (${stream}, revision ${revision}): ${what}`, options);
    this.place = { position, stream, revision, type };
  }
}

/** The name is not in the catalogue: written by a newer Seqline, or not by Seqline at all. */
export class UnknownEvent extends UnreadableEvent {
  override name = 'UnknownEvent';

  constructor(event: StoredEvent) {
    super(
      event,
      'this version of Seqline knows no event of that name; run the version that wrote it, or a later one',
    );
  }
}

/** The bytes are not what Seqline wrote: broken JSON, a missing part, or a seal that does not fit. */
export class DamagedEvent extends UnreadableEvent {
  override name = 'DamagedEvent';
}

export class EventFromNewerVersion extends UnreadableEvent {
  override name = 'EventFromNewerVersion';

  constructor(event: StoredEvent, version: number, known: number) {
    super(event, `it has version ${version}, and this Seqline knows versions up to ${known}`);
  }
}

/** What it was sealed with has been lost, which is not the same as destroyed: nothing is erased. */
export class EventWithoutKey extends UnreadableEvent {
  override name = 'EventWithoutKey';

  constructor(event: StoredEvent, cause: KeyMissing) {
    super(event, cause.message, { cause });
  }
}

/** An event to be appended is larger than the store takes. Nothing has been stored. */
export class EventTooLarge extends AppendTooLarge {
  override name = 'EventTooLarge';
  readonly bytes: number;

  constructor(stream: string, type: string, bytes: number) {
    super(`${type} for ${stream} has ${bytes} bytes; an event has at most ${EVENT_BYTES_MAX}`);
    this.bytes = bytes;
  }
}
