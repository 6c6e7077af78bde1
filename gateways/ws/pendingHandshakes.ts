import { WIRE_ERRORS } from '../openim/errors.ts';
import { refused, type Asked, type Welcome } from './handshake.ts';
import type { Alarm } from './hold.ts';

/**
 * How long the answer to who may connect is waited for. Its groups alone may take 10 s while Postgres does not
 * answer; the wasm SDK waits 60 s for its first frame (GW 1.5).
 */
export const ANSWERED_WITHIN_MS = 15_000;

/** Clients that want to connect and have not been answered yet. They count as if they were connected. */
export class PendingHandshakes {
  readonly #welcome: (asked: Asked) => Promise<Welcome>;
  readonly #alarm: Alarm;
  readonly #late: (asked: Asked) => void;
  /** For each of them, what ends the waiting with a refusal. */
  readonly #giveUps = new Set<(detail: string) => void>();

  /** `welcome` never rejects; `late` is told of whoever was refused because it took too long. */
  constructor(
    deps: Readonly<{
      welcome: (asked: Asked) => Promise<Welcome>;
      alarm: Alarm;
      late: (asked: Asked) => void;
    }>,
  ) {
    this.#welcome = deps.welcome;
    this.#alarm = deps.alarm;
    this.#late = deps.late;
  }

  get count(): number {
    return this.#giveUps.size;
  }

  /** What was found out in time, else a refusal for which clients come again. Never rejects. */
  answer(asked: Asked): Promise<Welcome> {
    // Before it counts itself: it would be one too many where there is one place left.
    const answering = this.#welcome(asked);
    return new Promise((resolve) => {
      const settle = (answer: Welcome): void => {
        stop();
        this.#giveUps.delete(giveUp);
        resolve(answer);
      };
      const giveUp = (detail: string): void => {
        settle(refused(WIRE_ERRORS.serverInternal, detail));
      };
      const stop = this.#alarm(ANSWERED_WITHIN_MS, () => {
        this.#late(asked);
        giveUp('login and groups could not be looked up in time');
      });
      this.#giveUps.add(giveUp);
      void answering.then(settle);
    });
  }

  /** Nobody is let in any more, and whoever waits is told so. */
  end(): void {
    for (const giveUp of this.#giveUps) giveUp('the server is going away');
  }
}
