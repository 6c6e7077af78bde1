import { StoreUnavailable } from '../../../core/kernel/eventStore.ts';
import type { Log } from './log.ts';

/** Between two trial writes while the log takes none. */
const TRIAL_EVERY_MS = 1_000;

/** Whether the log takes writes; the reason is for operators (readyz, logs). */
export type Writability =
  Readonly<{ writable: true }> | Readonly<{ writable: false; reason: string }>;

type State =
  | Readonly<{ kind: 'writable' }>
  /** Ends by itself when a trial write goes through. */
  | Readonly<{ kind: 'refusing'; reason: string }>
  /** What is on disk is no longer what this process believes: ends only by opening the log anew. */
  | Readonly<{ kind: 'broken'; reason: string }>
  /** So it is, and nothing can be read either. */
  | Readonly<{ kind: 'lost'; reason: string }>
  | Readonly<{ kind: 'closed'; reason: string }>;

/** How far the log may be written, and the trials that find out when it may be again. */
export class Health {
  readonly #trial: () => Promise<void>;
  readonly #log: Log;
  #state: State = { kind: 'writable' };
  #timer: NodeJS.Timeout | undefined;
  #trying: Promise<void> | undefined;

  /** `trial` writes a little and rejects while that is not possible. */
  constructor(trial: () => Promise<void>, log: Log) {
    this.#trial = trial;
    this.#log = log;
  }

  get writability(): Writability {
    return this.#state.kind === 'writable'
      ? { writable: true }
      : { writable: false, reason: this.#state.reason };
  }

  /** @throws StoreUnavailable unless the log takes writes */
  check(): void {
    if (this.#state.kind !== 'writable') throw new StoreUnavailable(this.#state.reason);
  }

  /** For what was taken on before: closing waits for it. @throws StoreUnavailable */
  checkDisk(): void {
    if (this.#state.kind !== 'closed') this.check();
  }

  /** @throws StoreUnavailable when the log has been closed, or can no longer be read */
  checkReadable(): void {
    const { kind } = this.#state;
    if (kind === 'closed' || kind === 'lost') throw new StoreUnavailable(this.#state.reason);
  }

  refuse(reason: string): void {
    if (this.#state.kind !== 'writable') return;
    this.#state = { kind: 'refusing', reason };
    this.#log.error({ reason }, 'the log takes no writes');
    this.#tryLater();
  }

  breakDown(reason: string): void {
    if (this.#state.kind === 'closed') return;
    this.#state = { kind: 'broken', reason };
    this.#log.error({ reason }, 'the log takes no writes until it is opened again');
  }

  lose(reason: string): void {
    if (this.#state.kind === 'closed' || this.#state.kind === 'lost') return;
    this.#state = { kind: 'lost', reason };
    this.#log.error({ reason }, 'the log can be neither written nor read until it is opened again');
  }

  /** From now on nothing is taken on. Resolves when no trial is under way. */
  async close(): Promise<void> {
    this.#state = { kind: 'closed', reason: 'the log is closed' };
    clearTimeout(this.#timer);
    await this.#trying;
  }

  #tryLater(): void {
    this.#timer = setTimeout(() => {
      this.#trying = this.#try();
    }, TRIAL_EVERY_MS).unref();
  }

  async #try(): Promise<void> {
    try {
      await this.#trial();
      if (this.#state.kind !== 'refusing') return;
      this.#state = { kind: 'writable' };
      this.#log.info({}, 'the log takes writes again');
    } catch (error) {
      this.#log.warn({ error: String(error) }, 'the log still takes no writes');
      if (this.#state.kind === 'refusing') this.#tryLater();
    }
  }
}
