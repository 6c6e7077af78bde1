import { createHash } from 'node:crypto';
import type { StoredEvent } from '../../../core/kernel/eventStore.ts';
import { hasRoomForCreated } from '../firstCreated.ts';

/**
 * What a log says, as 64 hex digits: of each event its stream, revision, id, type, time, metadata and
 * data, in order. Two logs with the same digest are the same to every reader but for their positions.
 */
export class LogDigest {
  readonly #hash = createHash('sha256');

  add(event: StoredEvent): void {
    const { stream, revision, id, type, metadata, data } = event;
    const sizes = `${metadata.byteLength} ${data.byteLength}`;
    const text = `${stream}\n${revision} ${id} ${type}\n${carriedTime(event)} ${sizes}\n`;
    this.#hash.update(text).update(metadata).update(data);
  }

  finish(): string {
    return this.#hash.digest('hex');
  }
}

/** What is no event of Seqline's may have got another time on its way. */
export const carriedTime = ({ metadata, created }: StoredEvent): number =>
  hasRoomForCreated(metadata) ? created : 0;
