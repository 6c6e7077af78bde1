import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';

const run = promisify(execFile);
const POLL_EVERY_MS = 20;

/** The command line of a process, its arguments parted by spaces; empty if there is none. */
export const commandOf = async (pid: number): Promise<string> => {
  if (!isThere(pid)) return '';
  if (process.platform !== 'linux') return (await psField(pid, 'command=')) ?? '';
  const line = await readFile(`/proc/${String(pid)}/cmdline`, 'utf8').catch(() => '');
  return line.split('\0').join(' ');
};

/** A process that has ended, or is somebody else's to end, is no fault: the caller looks what came of it. */
export const signal = (pid: number, name: NodeJS.Signals): void => {
  try {
    process.kill(pid, name);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error)) throw error;
  }
};

/** Whether the condition came to hold within the time. */
export const cameTrue = async (
  holds: () => Promise<boolean>,
  withinMs: number,
): Promise<boolean> => {
  const deadline = Date.now() + withinMs;
  while (!(await holds())) {
    if (Date.now() > deadline) return false;
    await pause(POLL_EVERY_MS);
  }
  return true;
};

export const pause = (ms: number): Promise<void> =>
  new Promise((resolve) => {
    setTimeout(resolve, ms);
  });

const isThere = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: it is there, and belongs to somebody else.
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
};

const psField = async (pid: number, fields: string): Promise<string | undefined> => {
  try {
    const { stdout } = await run('ps', ['-p', String(pid), '-o', fields]);
    return stdout.trim();
  } catch {
    // `ps` fails when there is no such process.
    return undefined;
  }
};
