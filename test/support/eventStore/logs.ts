import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach } from 'vitest';
import type { Flush } from '../../../infra/eventstore/embedded/commit.ts';
import {
  openEmbeddedLog,
  type EmbeddedLog,
  type EmbeddedLogOptions,
} from '../../../infra/eventstore/embedded/embeddedLog.ts';

/** Directories and open logs of a spec file; each test's are closed and removed after it. */
export const temporaryLogs = () => {
  const directories: string[] = [];
  const logs: EmbeddedLog[] = [];
  afterEach(async () => {
    for (const log of logs.splice(0)) await log.close();
    for (const directory of directories.splice(0)) await rm(directory, { recursive: true });
  });
  const directory = async (): Promise<string> => {
    const made = await mkdtemp(join(tmpdir(), 'seqline-log-'));
    directories.push(made);
    return made;
  };
  const open = async (options: EmbeddedLogOptions): Promise<EmbeddedLog> => {
    const log = await openEmbeddedLog(options);
    logs.push(log);
    return log;
  };
  return { directory, open };
};

/**
 * A flush that counts, can be held back before and after the data is durable, and can be made to
 * fail.
 */
export const controlledFlush = () => {
  let begun = 0;
  let gate: Promise<void> = Promise.resolve();
  let fails: { before?: Error; after?: Error } = {};
  const flush: Flush = async (commit) => {
    begun++;
    if (fails.before !== undefined) throw fails.before;
    await commit();
    if (fails.after !== undefined) throw fails.after;
    await gate;
  };
  return {
    flush,
    begun: () => begun,
    /** Holds the outcome of every flush back, durable or not, until it is released. */
    hold: (): (() => void) => {
      let release = (): void => undefined;
      gate = new Promise((resolve) => (release = resolve));
      return release;
    },
    fail: (how: { before?: Error; after?: Error }): void => {
      fails = how;
    },
  };
};
