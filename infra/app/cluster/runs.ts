import { RecentMap } from '../../recentMap.ts';
import type { Forwarded } from './wire.ts';

/** Runs of others that are remembered. What comes of one that is forgotten is appended by whoever asks. */
const TAKEN_MAX = 20_000;

/**
 * What one process is asked about one conversation, in a row. What of it gets lost or fails is done by whoever asks, and
 * with it all that has not been answered: otherwise what comes after it would stand before it.
 */
export type Run = {
  readonly number: number;
  readonly owner: string;
  asked: number;
  /** Nothing more is asked in it. */
  broken: boolean;
  /** How to end those that have not been answered, in the order they were asked in. */
  readonly unanswered: Set<(answer: undefined) => void>;
};

export const runOf = (owner: string, number: number): Run => ({
  ...{ number, owner, asked: 0, broken: false },
  unanswered: new Set(),
});

/** All of it that has not been answered is for whoever asks to do, in its order. */
export const breakOff = (run: Run): void => {
  run.broken = true;
  for (const end of run.unanswered) end(undefined);
};

type Question = Pick<Forwarded, 'from' | 'run' | 'place'> &
  Readonly<{ wish: Pick<Forwarded['wish'], 'stream'> }>;

/** How far the runs of other processes have come here. */
export class TakenRuns {
  readonly #taken = new RecentMap<string, { readonly run: number; next: number; broken: boolean }>(
    TAKEN_MAX,
  );

  /** Whether all that was asked before in its run has come here, and none of it has failed. */
  isNext(question: Question): boolean {
    const { run, place } = question;
    // Older versions do not say it.
    if (run === undefined) return true;
    const name = nameOf(question);
    const begun = this.#taken.get(name);
    if (begun?.run !== run) {
      this.#taken.set(name, { run, next: 1, broken: place !== 0 });
      return place === 0;
    }
    begun.broken ||= place !== begun.next;
    begun.next += 1;
    return !begun.broken;
  }

  failed(question: Question): void {
    const begun = this.#taken.get(nameOf(question));
    if (begun !== undefined && begun.run === question.run) begun.broken = true;
  }
}

const nameOf = ({ from, wish }: Question): string => `${from} ${wish.stream}`;
