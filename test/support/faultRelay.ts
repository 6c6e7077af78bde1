import { execFile } from 'node:child_process';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { promisify } from 'node:util';
import { until } from './until.ts';

const run = promisify(execFile);

/** A reader that stops reading: its connections stay open and what is sent to it piles up at the server. */
export type Relay = Readonly<{
  /** In place of the server's. */
  wsAddr: string;
  pause: () => void;
  resume: () => void;
  close: () => Promise<void>;
}>;

export const openRelay = async (wsPort: number): Promise<Relay> => {
  const fars = new Set<Socket>();
  const nears = new Set<Socket>();
  let paused = false;
  const server = createServer((near) => {
    const far = connect(wsPort, '127.0.0.1');
    nears.add(near);
    fars.add(far);
    near.pipe(far);
    // Not piped: what the reader does not read must not be taken from the server either.
    far.on('data', (bytes) => {
      if (!near.write(bytes)) far.pause();
    });
    near.on('drain', () => {
      if (!paused) far.resume();
    });
    if (paused) far.pause();
    // An error is followed by a close, and either side's end is the other's.
    far.on('error', () => undefined);
    near.on('error', () => undefined);
    far.on('close', () => {
      fars.delete(far);
      near.end();
    });
    near.on('close', () => {
      nears.delete(near);
      far.destroy();
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  const address: AddressInfo | string | null = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return {
    wsAddr: `ws://127.0.0.1:${String(address.port)}`,
    pause: () => {
      paused = true;
      for (const far of fars) far.pause();
    },
    resume: () => {
      paused = false;
      for (const far of fars) far.resume();
    },
    close: () =>
      new Promise<void>((resolve) => {
        for (const near of nears) near.destroy();
        server.close(() => {
          resolve();
        });
      }),
  };
};

/** Memory of a process that is in use, in MiB. */
export const residentMiB = async (pid: number): Promise<number> => {
  const { stdout } = await run('ps', ['-o', 'rss=', '-p', String(pid)]);
  return Number(stdout.trim()) / 1024;
};

/** The greatest that was seen while something else went on, looked at several times a second. */
export const watchMemory = (pid: number): Readonly<{ stop: () => Promise<number> }> => {
  let most = 0;
  let stopping = false;
  const watching = until(
    'memory is not watched any more',
    async () => {
      most = Math.max(most, await residentMiB(pid));
      return stopping ? most : undefined;
    },
    { within: 600_000 },
  );
  watching.catch(() => undefined);
  return {
    stop: () => {
      stopping = true;
      return watching;
    },
  };
};
