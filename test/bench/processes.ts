import { spawnSync } from 'node:child_process';
import { readFileSync, readdirSync } from 'node:fs';

/** What Linux tells of processes: the time they have taken, the memory they hold, the cores they may use. */

/** Ticks a second in /proc; the same on every Linux that Node runs on. */
const TICKS = 100;
const KIB = 1024;

/**
 * By their numbers: the server, and the event store where that is a process of its own; or the processes of a cluster,
 * by their names.
 */
export type Pids =
  | Readonly<{ server: number; store?: number }>
  | Readonly<{ cluster: Readonly<Record<string, number>> }>;

/** Seconds of CPU since their start. */
export type CpuSeconds = Readonly<{
  node: number;
  postgres: number;
  store: number;
  /** Of a cluster: each with all that it has started. */
  each: Readonly<Record<string, number>>;
}>;

type Stat = Readonly<{ parent: number; own: number; ended: number }>;

/** Undefined: it has ended meanwhile. */
const statOf = (pid: number): Stat | undefined => {
  try {
    const text = readFileSync(`/proc/${String(pid)}/stat`, 'latin1');
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    // Counted from the state on: 1 the parent, 11 and 12 its own ticks, 13 and 14 its ended children's.
    const seconds = (first: number): number =>
      (Number(fields[first]) + Number(fields[first + 1])) / TICKS;
    return { parent: Number(fields[1]), own: seconds(11), ended: seconds(13) };
  } catch {
    return undefined;
  }
};

const pids = (): readonly number[] =>
  readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number);

/** All processes below this one, without it. */
const descendantsOf = (pid: number): readonly (Stat & { pid: number })[] => {
  const all = pids().flatMap((one) => {
    const stat = statOf(one);
    return stat === undefined ? [] : [{ ...stat, pid: one }];
  });
  const found: (Stat & { pid: number })[] = [];
  const wanted = new Set([pid]);
  for (let before = -1; before !== found.length;) {
    before = found.length;
    for (const stat of all) {
      if (!wanted.has(stat.parent) || wanted.has(stat.pid)) continue;
      wanted.add(stat.pid);
      found.push(stat);
    }
  }
  return found;
};

export const cpuSeconds = (pids: Pids): CpuSeconds => {
  if ('cluster' in pids) {
    const each = Object.entries(pids.cluster).map(
      ([name, pid]) => [name, (statOf(pid)?.own ?? 0) + belowSeconds(pid)] as const,
    );
    return { node: 0, postgres: 0, store: 0, each: Object.fromEntries(each) };
  }
  const { server, store } = pids;
  return {
    node: statOf(server)?.own ?? 0,
    postgres: belowSeconds(server),
    store: store === undefined ? 0 : (statOf(store)?.own ?? 0),
    each: {},
  };
};

/** Connections come and go, and what those took that are gone must not vanish with them. */
const belowSeconds = (pid: number): number =>
  descendantsOf(pid).reduce((sum, { own, ended }) => sum + own + ended, 0);

export const cpuBetween = (from: CpuSeconds, to: CpuSeconds): CpuSeconds => ({
  node: to.node - from.node,
  postgres: to.postgres - from.postgres,
  store: to.store - from.store,
  each: Object.fromEntries(
    Object.entries(to.each).map(([name, seconds]) => [name, seconds - (from.each[name] ?? 0)]),
  ),
});

/** KiB of a line like `VmRSS:  1234 kB`. */
const kibAt = (file: string, name: string): number => {
  try {
    const line = readFileSync(file, 'latin1').match(new RegExp(`^${name}:\\s+(\\d+)`, 'm'));
    return Number(line?.[1] ?? 0);
  } catch {
    return 0;
  }
};

/** Resident memory of one process, in KiB. */
export const rssKib = (pid: number): number => kibAt(`/proc/${String(pid)}/status`, 'VmRSS');

/** In KiB. `own`: without pages of files, such as those of a log that is read, which the system may take away. */
export type Memory = Readonly<{ resident: number; own: number }>;

export const memoryKib = (pid: number): Memory => ({
  resident: rssKib(pid),
  own: kibAt(`/proc/${String(pid)}/status`, 'RssAnon'),
});

/** Of its children, pages that several share counted once among them. */
export const childrenKib = (pid: number): number =>
  descendantsOf(pid).reduce(
    (sum, child) => sum + kibAt(`/proc/${String(child.pid)}/smaps_rollup`, 'Pss'),
    0,
  );

export const mib = (kib: number): number => kib / KIB;

/** The cores this process may use, by number. */
const allowedCores = (): readonly number[] => {
  try {
    const status = readFileSync('/proc/self/status', 'latin1');
    const [, list = ''] = status.match(/^Cpus_allowed_list:\s+(\S+)/m) ?? [];
    return list.split(',').flatMap((range) => {
      const [first = 0, last = first] = range.split('-').map(Number);
      return Array.from({ length: last - first + 1 }, (_, index) => first + index);
    });
  } catch {
    return [];
  }
};

/** Of util-linux: there is one on every common Linux, and we do without it elsewhere. */
const TASKSET = 'taskset';

export type Pinning = Readonly<{ server: number; load: number }>;

/** Undefined where there is no `taskset`, or no second core: then nothing is pinned, and we say so. */
export const pinning = (): Pinning | undefined => {
  const [server, load] = allowedCores();
  if (server === undefined || load === undefined) return undefined;
  return spawnSync(TASKSET, ['--version']).status === 0 ? { server, load } : undefined;
};

/** The words that start a command on this core. Its children stay there as well. */
export const onCore = (core: number | undefined): readonly string[] =>
  core === undefined ? [] : [TASKSET, '-c', String(core)];

/** The same for several cores; undefined: wherever this process may be. */
export const onCores = (cores: readonly number[] | undefined): readonly string[] =>
  cores === undefined ? [] : [TASKSET, '-c', cores.join(',')];

/** The driver itself asks and polls: that is work for the load's core, not the server's. */
export const pinMyself = (core: number | undefined): void => {
  if (core !== undefined) spawnSync(TASKSET, ['-a', '-cp', String(core), String(process.pid)]);
};

/** What this process has started and is called so, the one that is above others of its name. */
export const startedHere = (name: string): number => {
  const below = descendantsOf(process.pid).filter(({ pid }) => nameOf(pid) === name);
  const pids = new Set(below.map(({ pid }) => pid));
  const found = below.find(({ parent }) => !pids.has(parent));
  if (found === undefined) throw new Error(`no ${name} has been started`);
  return found.pid;
};

const nameOf = (pid: number): string => {
  try {
    return readFileSync(`/proc/${String(pid)}/comm`, 'latin1').trim();
  } catch {
    return ''; // It has ended meanwhile.
  }
};

/** A process that runs, with all that it has started, and what these start from then on. */
export const pinRunning = (pid: number, core: number | undefined): void => {
  if (core === undefined) return;
  for (const one of [pid, ...descendantsOf(pid).map((below) => below.pid)]) {
    spawnSync(TASKSET, ['-a', '-cp', String(core), String(one)]);
  }
};

/** How many files (and so sockets) a process may have open; Node raises its own limit to it. */
export const openFilesMax = (): number => {
  const limits = readFileSync('/proc/self/limits', 'latin1');
  const [, hard = '1024'] = limits.match(/^Max open files\s+\S+\s+(\S+)/m) ?? [];
  return hard === 'unlimited' ? Infinity : Number(hard);
};
