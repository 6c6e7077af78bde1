import { once } from 'node:events';
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import type { Maker, Part, Piece } from '../../replay/pieces.ts';
import type { Format } from '../../replay/rendering.ts';
import type { Selection } from '../../replay/selection.ts';
import type { HistoryConfig } from './openHistory.ts';

/** What a thread is started with. */
export type Asked = Readonly<{ config: HistoryConfig; selection: Selection; format: Format }>;

export type Call = Readonly<{ kind: 'make'; number: number; part: Part } | { kind: 'end' }>;
export type Answer = Readonly<
  | { kind: 'made'; number: number; piece: Piece }
  | { kind: 'fault'; number: number; message: string }
>;

export type StartThread = (asked: Asked) => Worker;

/**
 * MiB for what is young: a page of events is gone before it is collected, and need not be copied to live on.
 */
const YOUNG_MIB = 64;

const startThread: StartThread = (workerData) =>
  new Worker(new URL('exportThread.js', import.meta.url), {
    workerData,
    resourceLimits: { maxYoungGenerationSizeMb: YOUNG_MIB },
  });

/** More do not help: then it is the disk that is waited for, or the thread that joins what they make. */
const THREADS_MAX = 4;
/** Until a thread is at work, one alone has done so many. */
const POSITIONS_MIN = 100_000;

const threadsMax = (): number => Math.min(availableParallelism(), THREADS_MAX);

/** Not for so few positions, nor on a single core, nor where the sources are run as they are. */
export const threadsWorthwhile = (positions: number): boolean =>
  positions >= POSITIONS_MIN && threadsMax() > 1 && import.meta.url.endsWith('.js');

export type Threads = Readonly<{ makers: readonly Maker[]; close: () => Promise<void> }>;

/** Threads that read the log, open what is sealed and write it as lines, each beside the others. */
export const startThreads = (
  asked: Asked,
  count = threadsMax(),
  start: StartThread = startThread,
): Threads => {
  const threads = Array.from({ length: count }, () => new Thread(start(asked)));
  return {
    makers: threads.map((thread) => (part) => thread.make(part)),
    close: async () => {
      await Promise.all(threads.map((thread) => thread.close()));
    },
  };
};

type Waiting = Readonly<{ resolve: (piece: Piece) => void; reject: (error: Error) => void }>;

class Thread {
  readonly #worker: Worker;
  readonly #waiting = new Map<number, Waiting>();
  readonly #ended: Promise<unknown>;
  #fault: Error | undefined;
  #asked = 0;

  constructor(worker: Worker) {
    this.#worker = worker;
    worker.on('message', (answer: Answer) => {
      const waiting = this.#waiting.get(answer.number);
      this.#waiting.delete(answer.number);
      if (answer.kind === 'made') waiting?.resolve(answer.piece);
      else waiting?.reject(new Error(answer.message));
    });
    worker.on('error', (error) => {
      this.#fail(error instanceof Error ? error : new Error(String(error)));
    });
    this.#ended = once(worker, 'exit').then(() => {
      this.#fail(new Error('a thread of the export has ended before its time'));
    });
    // A fault of the thread is that of the pieces it was to make.
    this.#ended.catch(() => undefined);
  }

  make(part: Part): Promise<Piece> {
    if (this.#fault !== undefined) return Promise.reject(this.#fault);
    this.#asked += 1;
    const number = this.#asked;
    return new Promise((resolve, reject) => {
      this.#waiting.set(number, { resolve, reject });
      this.#call({ kind: 'make', number, part });
    });
  }

  async close(): Promise<void> {
    this.#call({ kind: 'end' });
    await this.#ended.catch(() => undefined);
  }

  #call(call: Call): void {
    this.#worker.postMessage(call);
  }

  #fail(error: Error): void {
    this.#fault ??= error;
    for (const { reject } of this.#waiting.values()) reject(this.#fault);
    this.#waiting.clear();
  }
}
