import type { StoredEvent } from '../../core/kernel/eventStore.ts';
import type { Millis, Position } from '../../core/kernel/ids.ts';

/** On a terminal one line is written over; elsewhere, such as in a log file, a line now and then. */
const TERMINAL_EVERY: Millis = 200;
const LINES_EVERY: Millis = 10_000;

export type Output = Readonly<{ isTTY?: boolean; write: (text: string) => unknown }>;

/**
 * Shows how far a log has been gone through. How many events there are is known by the positions: those of
 * an embedded log count them, and in EventStoreDB it is about so many as the share that lies behind.
 */
export class Progress {
  readonly #what: string;
  readonly #head: Position;
  readonly #output: Output;
  readonly #unit: string;
  #begun = 0;
  #shownAt = 0;
  #from: Position | undefined;
  #shown = false;

  constructor(
    what: string,
    head: Position,
    { output = process.stderr, unit = 'events' }: Readonly<{ output?: Output; unit?: string }> = {},
  ) {
    this.#what = what;
    this.#head = head;
    this.#output = output;
    this.#unit = unit;
  }

  readonly take = (events: number, { position }: Pick<StoredEvent, 'position'>): void => {
    if (this.#from === undefined) {
      this.#from = position - 1;
      this.#begun = Date.now();
      this.#shownAt = this.#begun;
    }
    const every = this.#output.isTTY === true ? TERMINAL_EVERY : LINES_EVERY;
    if (Date.now() - this.#shownAt < every) return;
    this.#shownAt = Date.now();
    this.#show(events, position);
  };

  /** Leaves the terminal's line to whatever comes next. */
  end(): void {
    if (this.#shown && this.#output.isTTY === true) this.#output.write('\r\u001b[K');
  }

  #show(events: number, position: Position): void {
    const seconds = (Date.now() - this.#begun) / 1000;
    const from = this.#from ?? 0;
    const share = Math.min(1, (position - from) / Math.max(1, this.#head - from));
    const total = Math.max(events, Math.round(events / Math.max(share, Number.EPSILON)));
    const rate = Math.round(events / seconds);
    const left = Math.ceil((seconds / Math.max(share, Number.EPSILON)) * (1 - share));
    const line =
      `${this.#what}: ${counted(events)} of about ${counted(total)} ${this.#unit} ` +
      `(${Math.floor(share * 100)} %), ${counted(rate)}/s, ${duration(left)} left`;
    const isTerminal = this.#output.isTTY === true;
    this.#output.write(isTerminal ? `\r\u001b[K${line}` : `${line}\n`);
    this.#shown = true;
  }
}

export const counted = (count: number): string => count.toLocaleString('en-US');

const duration = (seconds: number): string =>
  seconds < 60 ? `${seconds} s` : `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
