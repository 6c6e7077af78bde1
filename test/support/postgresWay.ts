import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';

const SOCKET = '.s.PGSQL.5432';

/** A way to the tests' Postgres that may come to lead nowhere, as when a machine vanishes without a word. */
export type PostgresWay = Readonly<{
  /** Of the same database. */
  url: string;
  /** What is sent over connections that are open is taken, and nothing comes back; new ones are well. */
  loseAll: () => void;
  close: () => Promise<void>;
}>;

/** `url`: of a database that is reached by a folder, as that of the tests is. */
export const openWay = async (url: string): Promise<PostgresWay> => {
  const to = new URL(url.replace('@/', '@localhost/')).searchParams.get('host') ?? '';
  const folder = await mkdtemp(path.join(tmpdir(), 'seqline-way-'));
  const open = new Set<Socket>();
  const server = createServer((near) => {
    const far = connect(path.join(to, SOCKET));
    near.pipe(far);
    far.pipe(near);
    for (const socket of [near, far]) {
      open.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => open.delete(socket));
    }
    near.on('close', () => far.destroy());
  });
  server.listen(path.join(folder, SOCKET));
  await once(server, 'listening');
  return {
    url: url.replace(/host=[^&]*/, `host=${encodeURIComponent(folder)}`),
    loseAll: () => {
      for (const socket of open) socket.unpipe().resume();
    },
    close: async () => {
      server.close();
      for (const socket of open) socket.destroy();
      await rm(folder, { recursive: true });
    },
  };
};
