import { OutcomeUnknown } from '../../core/kernel/eventStore.ts';
import type { Millis, UserId } from '../../core/kernel/ids.ts';
import type { Answer } from './reply.ts';

/** As OpenIM numbers them. */
export const SEND_STATUS = { unknown: 0, sending: 1, sent: 2, failed: 3 } as const;
type Status = (typeof SEND_STATUS)[keyof typeof SEND_STATUS];

/** Calls that are remembered: at some 200 bytes each, 20 MB. */
const CALLS_MAX = 100_000;
const REMEMBERED: Millis = 24 * 3_600_000;

/**
 * What has become of sends over HTTP, by caller and operation id, for who has lost the answer. Of this
 * process alone, and not for ever: what it does not know, it says that it does not know.
 */
export class SendStatuses {
  readonly #now: () => Millis;
  /** Oldest first. */
  readonly #known = new Map<string, Readonly<{ at: Millis; status: Status }>>();

  constructor(now: () => Millis) {
    this.#now = now;
  }

  /** Does it, and notes what becomes of it. */
  readonly noted = async <T>(
    caller: UserId,
    operationId: string,
    act: () => Promise<Answer<T>>,
  ): Promise<Answer<T>> => {
    const key = keyOf(caller, operationId);
    this.#note(key, SEND_STATUS.sending);
    try {
      const result = await act();
      this.#note(key, result.kind === 'done' ? SEND_STATUS.sent : SEND_STATUS.failed);
      return result;
    } catch (error) {
      // It may still be stored, and then nobody hears of it here.
      if (!(error instanceof OutcomeUnknown)) this.#note(key, SEND_STATUS.failed);
      throw error;
    }
  };

  of(caller: UserId, operationId: string): Status {
    const found = this.#known.get(keyOf(caller, operationId));
    if (found === undefined || this.#now() - found.at > REMEMBERED) return SEND_STATUS.unknown;
    return found.status;
  }

  #note(key: string, status: Status): void {
    this.#known.delete(key);
    this.#known.set(key, { at: this.#now(), status });
    if (this.#known.size <= CALLS_MAX) return;
    for (const oldest of this.#known.keys()) {
      this.#known.delete(oldest);
      return;
    }
  }
}

const keyOf = (caller: UserId, operationId: string): string => `${caller} ${operationId}`;
