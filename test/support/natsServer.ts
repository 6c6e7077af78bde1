import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { freePort } from './program.ts';
import { until } from './until.ts';

/** A real nats-server on a port of its own, which stays the same when it is started again. */
export type NatsServer = Readonly<{
  port: number;
  url: string;
  start: () => Promise<void>;
  /** As a crash would end it. */
  kill: () => Promise<void>;
}>;

const answers = (port: number): Promise<true | undefined> =>
  new Promise((resolve) => {
    const probe = connect(port, '127.0.0.1');
    probe.once('error', () => {
      resolve(undefined);
    });
    probe.once('data', () => {
      probe.destroy();
      resolve(true);
    });
  });

/** Not started yet. `args` are nats-server's own. */
export const natsServer = async (...args: readonly string[]): Promise<NatsServer> => {
  const port = await freePort();
  let child: ChildProcess | undefined;
  return {
    port,
    url: `nats://127.0.0.1:${String(port)}`,
    start: async () => {
      const started = spawn('nats-server', ['-a', '127.0.0.1', '-p', String(port), ...args], {
        stdio: 'ignore',
      });
      child = started;
      let fault: unknown;
      started.once('error', (error) => (fault = error));
      await until('nats-server listens', () => {
        if (fault !== undefined) throw new Error('nats-server could not be run', { cause: fault });
        return answers(port);
      });
    },
    kill: async () => {
      const ending = child;
      child = undefined;
      if (ending === undefined || ending.exitCode !== null) return;
      const ended = once(ending, 'exit');
      ending.kill('SIGKILL');
      await ended;
    },
  };
};
