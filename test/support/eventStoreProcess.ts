import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort, programOf } from './program.ts';

/** `seqline eventstore` as a process of its own, at a port that stays across restarts. */
export type EventStoreProcess = Readonly<{
  /** For SEQLINE_EVENTSTORE. */
  url: string;
  port: number;
  log: () => string;
  /** All that it has said, over all its starts. */
  said: () => string;
  start: () => Promise<void>;
  stop: () => Promise<void>;
  kill: () => Promise<void>;
  /** It holds its connections and answers nothing (SIGSTOP), until it may go on. */
  freeze: () => void;
  thaw: () => void;
  isRunning: () => boolean;
  /** Ends it and removes its data. */
  dispose: () => Promise<void>;
}>;

/** Not started yet. `entry`: what each start runs, if it is not the program under test. */
export const openEventStoreProcess = async (entry?: () => string): Promise<EventStoreProcess> => {
  const data = await mkdtemp(join(tmpdir(), 'seqline-e2e-store-'));
  const port = await freePort();
  const program = programOf({
    args: ['eventstore', '--port', String(port), '--allow-writes'],
    settings: { SEQLINE_DATA: data },
    isUp: (said) => said.includes('The log is served at'),
    ...(entry !== undefined && { entry }),
  });
  const thaw = () => {
    if (program.isRunning()) process.kill(program.pid(), 'SIGCONT');
  };
  return {
    url: `esdb://127.0.0.1:${String(port)}?tls=false`,
    port,
    log: program.log,
    said: program.said,
    start: program.start,
    stop: () => program.end('SIGTERM'),
    kill: () => program.end('SIGKILL'),
    freeze: () => {
      process.kill(program.pid(), 'SIGSTOP');
    },
    thaw,
    isRunning: program.isRunning,
    dispose: async () => {
      thaw();
      try {
        await program.end('SIGTERM');
      } finally {
        await rm(data, { recursive: true, force: true });
      }
    },
  };
};
