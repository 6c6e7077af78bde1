import type { KeyObject } from 'node:crypto';
import type { StoredEvent } from '../../../core/kernel/eventStore.ts';
import type { Position } from '../../../core/kernel/ids.ts';
import { CHAIN_BEGIN, linked, type ChainState, type Linked } from './chain.ts';
import { isSignedBy, type SignedCheckpoint } from './checkpoints.ts';

export type ChainFault = Readonly<{
  kind: 'chain broken' | 'chain cut short' | 'bad signature';
  key: string;
  expected: string;
  found: string;
}>;

export type ChainReport = Readonly<{
  /** How many have been compared, and what the newest of them is. */
  checkpoints: number;
  newest: SignedCheckpoint | undefined;
  /** Of the whole log, as far as it could be read. */
  events: number;
  hash: string;
}>;

/** Follows the chain and compares it with what has been signed: each checkpoint by itself. */
export class ChainCheck {
  readonly #checkpoints: readonly SignedCheckpoint[];
  readonly #onFault: (fault: ChainFault) => void;
  #next = 0;
  #state: ChainState = CHAIN_BEGIN;
  /** After the last checkpoint that was compared. */
  #since: Readonly<{ events: number; position: Position }> = { events: 0, position: 0 };
  /** Something could not be read, so that the hash says nothing until the next checkpoint. */
  #blind = false;

  /** `key` is the public half, or the private one. */
  constructor(
    checkpoints: readonly SignedCheckpoint[],
    key: KeyObject | undefined,
    onFault: (fault: ChainFault) => void,
  ) {
    this.#onFault = onFault;
    this.#checkpoints = checkpoints
      .filter((checkpoint) => this.#isGenuine(checkpoint, key))
      .toSorted((one, other) => one.events - other.events);
  }

  take(event: Linked & Partial<Pick<StoredEvent, 'position'>>): void {
    this.#state = linked(this.#state, event);
    this.#compare();
  }

  /** An event that cannot be read; it is told of anyhow. */
  unreadable(): void {
    this.#state = { ...this.#state, events: this.#state.events + 1 };
    this.#blind = true;
    this.#compare();
  }

  finish(): ChainReport {
    const left = this.#checkpoints.slice(this.#next);
    const [first] = left;
    if (first !== undefined && !this.#blind) {
      this.#onFault({
        kind: 'chain cut short',
        key: `after event ${String(this.#state.events)}`,
        expected: `${String(left.at(-1)?.events)} events, as was signed at ${timeOf(first)}`,
        found: `${String(this.#state.events)} events`,
      });
    }
    const { events, hash } = this.#state;
    return {
      ...{ checkpoints: this.#next, newest: this.#checkpoints[this.#next - 1], events },
      hash: this.#blind ? '' : hash,
    };
  }

  #compare(): void {
    for (;;) {
      const signed = this.#checkpoints[this.#next];
      if (signed === undefined || signed.events > this.#state.events) return;
      this.#next += 1;
      const { events, hash, position } = signed;
      if (!this.#blind && hash !== this.#state.hash) {
        const from = this.#since;
        this.#onFault({
          kind: 'chain broken',
          key:
            `between events ${String(from.events + 1)} and ${String(events)}, ` +
            `signed as positions ${String(from.position + 1)} to ${String(position)}`,
          expected: `the hash ${hash}, as was signed at ${timeOf(signed)}`,
          found: this.#state.hash,
        });
      }
      // What comes after it is judged by itself.
      this.#state = { events, hash };
      this.#blind = false;
      this.#since = { events, position };
    }
  }

  #isGenuine(checkpoint: SignedCheckpoint, key: KeyObject | undefined): boolean {
    if (key !== undefined && isSignedBy(checkpoint, key)) return true;
    this.#onFault({
      kind: 'bad signature',
      key: `of the checkpoint over ${String(checkpoint.events)} events`,
      expected: 'one that fits what was signed, by the key that is here',
      found: `one of the key ${checkpoint.key} that does not fit`,
    });
    return false;
  }
}

const timeOf = ({ at }: SignedCheckpoint): string => new Date(at).toISOString();
