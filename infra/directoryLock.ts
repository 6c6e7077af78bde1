import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { link, mkdtemp, readdir, rm, symlink } from 'node:fs/promises';
import { connect, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/**
 * The longest path a Unix socket may be bound to or reached by, on every system (Linux takes 107).
 */
const SOCKET_PATH_BYTES_MAX = 100;
/** The longest name we give in the directory, for that reckoning. */
const NAME_BYTES_MAX = 20;
/** Each failed attempt means that another process has come at this very moment. */
const ATTEMPTS_MAX = 20;
const NAME = /^lock\.(\d{1,15})$/;

export type DirectoryLock = Readonly<{ release: () => Promise<void> }>;

/**
 * Keeps a directory to one opener. The lock is a Unix socket in the directory on which the owner
 * listens: whoever can connect knows that the owner lives, and when it is killed the kernel stops
 * listening, in whatever container it ran. Locks are numbered, and the highest counts. Where nobody
 * listens on it, the next number is taken with `link`, which only one can do; the highest is never
 * removed, so no one who looked long ago can take a number that has had its time. Undefined: it has an owner, in this
 * process or another.
 */
export const lockDirectory = async (directory: string): Promise<DirectoryLock | undefined> => {
  const reach = await shortPath(directory);
  const ours = join(reach.path, `.${randomBytes(6).toString('hex')}`);
  const server = await listen(ours);
  let released: Promise<void> | undefined;
  const release = (): Promise<void> => (released ??= stop(server).then(reach.leave));
  try {
    if (await take(reach.path, ours)) return { release };
    await release();
    return undefined;
  } catch (error) {
    await release();
    throw error;
  } finally {
    await rm(ours, { force: true });
  }
};

/** Whether the lock is ours now. */
const take = async (directory: string, ours: string): Promise<boolean> => {
  const lock = (number: number): string => join(directory, `lock.${number}`);
  for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
    const before = Math.max(...(await numbersIn(directory)));
    if (before > 0 && (await isAlive(lock(before)))) return false;
    const mine = before + 1;
    if (!(await linked(ours, lock(mine)))) continue;
    const numbers = await numbersIn(directory);
    if (Math.max(...numbers) > mine) {
      await rm(lock(mine));
      continue;
    }
    for (const old of numbers) if (old > 0 && old < mine) await rm(lock(old), { force: true });
    return true;
  }
  return false;
};

/** Of the locks in a directory, and 0. */
const numbersIn = async (directory: string): Promise<readonly number[]> => {
  const names = await readdir(directory);
  return [0, ...names.map((name) => Number(NAME.exec(name)?.[1] ?? 0))];
};

/** False when the name is taken. */
const linked = async (from: string, to: string): Promise<boolean> => {
  try {
    await link(from, to);
    return true;
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false;
    throw error;
  }
};

const codeOf = (error: unknown): unknown =>
  error instanceof Error && 'code' in error ? error.code : undefined;

const isAlive = async (path: string): Promise<boolean> => {
  const socket = connect(path);
  try {
    await once(socket, 'connect');
    return true;
  } catch (error) {
    switch (codeOf(error)) {
      // Left behind by a process that has ended, or just removed by the next owner, or no socket at
      // all.
      case 'ECONNREFUSED':
      case 'ENOENT':
      case 'ENOTSOCK':
        return false;
      // More are asking than the owner has answered yet.
      case 'EAGAIN':
        return true;
      default:
        throw error;
    }
  } finally {
    socket.destroy();
  }
};

const listen = async (path: string): Promise<Server> => {
  const server = createServer((socket) => socket.destroy());
  server.listen(path);
  await once(server, 'listening');
  // The lock alone must not keep a process running.
  server.unref();
  return server;
};

const stop = (server: Server): Promise<void> =>
  new Promise((resolve, reject) => {
    server.close((error) => (error === undefined ? resolve() : reject(error)));
  });

/** A path short enough for a socket: the directory itself, or a link to it in a temporary one. */
const shortPath = async (
  directory: string,
): Promise<Readonly<{ path: string; leave: () => Promise<void> }>> => {
  if (Buffer.byteLength(directory) + 1 + NAME_BYTES_MAX <= SOCKET_PATH_BYTES_MAX)
    return { path: directory, leave: async () => undefined };
  const temporary = await mkdtemp(join(tmpdir(), 'seqline-'));
  const path = join(temporary, 'log');
  await symlink(directory, path);
  return { path, leave: () => rm(temporary, { recursive: true }) };
};
