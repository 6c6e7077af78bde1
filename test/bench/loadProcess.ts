import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Job, Outcome, Results } from './jobs.ts';
import { onCore } from './processes.ts';

const ENTRY = fileURLToPath(new URL('./load.ts', import.meta.url));

/** A run in which the server did something that it must not: there is no figure for it. */
export class RunFailed extends Error {
  override name = 'RunFailed';
}

/** The driver's end of the load: one job at a time. */
export class LoadProcess {
  readonly #child: ChildProcess;

  constructor(core: number | undefined) {
    const node = [process.execPath, '--import', 'tsx', ENTRY];
    const [command = '', ...words] = [...onCore(core), ...node];
    this.#child = spawn(command, words, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  }

  async ask<J extends Job>(job: J): Promise<Results[J['kind']]> {
    const ended = new AbortController();
    const exit = once(this.#child, 'exit', { signal: ended.signal }).then(
      () => ({ kind: 'failed', faults: ['the load process ended'] }) satisfies Outcome,
      () => undefined,
    );
    const answer = once(this.#child, 'message') as Promise<[Outcome]>;
    this.#child.send(job);
    const outcome = await Promise.race([answer.then(([told]) => told), exit]);
    ended.abort();
    if (outcome?.kind !== 'done') throw new RunFailed(outcome?.faults.join('\n') ?? '');
    // The load answers each kind of job with its own kind of result.
    return outcome.result as Results[J['kind']];
  }

  close(): void {
    this.#child.kill();
  }
}
