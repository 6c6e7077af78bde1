/** What a process has asked of the file system, as strace wrote it down (`-f -y -xx`), below one folder. */

/** Where a call begins and ends among the lines of the trace: others come in between. */
type Span = Readonly<{ begun: number; ended: number }>;

/** One of these, at its place. */
export type Step = Unplaced & Span;

type Unplaced =
  | Readonly<{ kind: 'write'; path: string; at: number; bytes: Buffer; synced: boolean }>
  | Readonly<{ kind: 'truncate'; path: string; size: number }>
  | Readonly<{ kind: 'sync'; path: string }>
  | Readonly<{ kind: 'create'; path: string }>
  | Readonly<{ kind: 'folder'; path: string }>
  | Readonly<{ kind: 'rename'; path: string; to: string }>
  | Readonly<{ kind: 'remove'; path: string }>
  /** A line that the process has written to its standard output. */
  | Readonly<{ kind: 'said'; text: string }>;

const STANDARD_OUTPUT = 1;

/** The calls that are understood here; LMDB and Node use no others. Not every kind of machine has those with a `?`. */
export const TRACED = [
  ...['openat', 'lseek', 'write', 'writev', 'pwrite64', 'ftruncate', 'fsync', 'fdatasync'],
  ...['?mkdir', 'mkdirat', '?rename', '?renameat', 'renameat2', '?unlink', 'unlinkat', '?rmdir'],
].join(',');

type Call = Span & Readonly<{ name: string; args: string; result: string }>;

const LINE = /^(\d+) +(.*)$/s;
const WHOLE = /^(\w+)\((.*)\) += (-?\d+.*)$/s;
const BEGUN = /^(\w+\(.*) <unfinished \.\.\.>$/s;
const RESUMED = /^<\.\.\. \w+ resumed>(.*)$/s;

/** In the order in which they begin. Those that failed did nothing, and are left out. */
const callsIn = (trace: string): readonly Call[] => {
  const calls: Call[] = [];
  const open = new Map<string, Readonly<{ begun: number; text: string }>>();
  for (const [ended, line] of trace.split('\n').entries()) {
    const [, thread = '', text = ''] = LINE.exec(line) ?? [];
    const half = BEGUN.exec(text)?.[1];
    if (half !== undefined) {
      open.set(thread, { begun: ended, text: half });
      continue;
    }
    const rest = RESUMED.exec(text)?.[1];
    const { begun, text: before } = (rest !== undefined && open.get(thread)) || {
      ...{ begun: ended, text: '' },
    };
    const call = callIn(before + (rest ?? text), { begun, ended });
    if (call !== undefined) calls.push(call);
  }
  return calls.sort((one, other) => one.begun - other.begun);
};

const callIn = (text: string, span: Span): Call | undefined => {
  const [, name, args = '', result = ''] = WHOLE.exec(text) ?? [];
  return name === undefined || result.startsWith('-') ? undefined : { ...span, name, args, result };
};

const bytesOf = (text: string): Buffer => Buffer.from(text.replaceAll('\\x', ''), 'hex');
const TEXTS = /"((?:\\x[0-9a-f]{2})*)"/g;
const HANDLE = /^(\d+)<([^>]*)>/;
const LAST_NUMBER = /(\d+)$/;

const textsIn = ({ args }: Call): readonly Buffer[] =>
  [...args.matchAll(TEXTS)].map(([, text = '']) => bytesOf(text));
/** The paths that a call names. */
const namesIn = (call: Call): readonly [string, string] => {
  const [first = '', second = ''] = textsIn(call).map(String);
  return [first, second];
};
const lastNumberIn = ({ args }: Call): number => Number(LAST_NUMBER.exec(args)?.[1]);
/** The open file that a call is about. */
const handleIn = ({ args }: Call): Readonly<{ number: number; path: string }> => {
  const [, number = '-1', shown = ''] = HANDLE.exec(args) ?? [];
  return {
    number: Number(number),
    path: shown.startsWith('\\x') ? bytesOf(shown).toString() : shown,
  };
};

/** What a process has asked of its disk below a folder, in the order in which it began. */
export const stepsIn = (trace: string, folder: string): readonly Step[] => {
  const reader = new StepReader();
  const steps = callsIn(trace).flatMap((call) => reader.stepsOf(call));
  const isBelow = (path: string): boolean => path === folder || path.startsWith(`${folder}/`);
  return steps.filter((step) => step.kind === 'said' || isBelow(step.path));
};

class StepReader {
  /** Files that have been made. */
  readonly #made = new Set<string>();
  /** Of the handles that are open: whether writes on them are synced, and where the next one goes. */
  readonly #handles = new Map<number, { synced: boolean; at: number }>();

  stepsOf(call: Call): readonly Step[] {
    const { begun, ended } = call;
    const read = Object.hasOwn(this.#calls, call.name) ? this.#calls[call.name] : undefined;
    return (read?.(call) ?? []).map((step) => ({ ...step, begun, ended }));
  }

  readonly #calls: Readonly<Record<string, (call: Call) => readonly Unplaced[]>> = {
    openat: (call) => this.#opened(call),
    lseek: (call) => {
      const handle = this.#handles.get(handleIn(call).number);
      if (handle !== undefined) handle.at = Number.parseInt(call.result, 10);
      return [];
    },
    write: (call) => this.#written(call),
    writev: (call) => this.#written(call),
    pwrite64: (call) => {
      const { number, path } = handleIn(call);
      const synced = this.#handles.get(number)?.synced === true;
      const bytes = Buffer.concat(textsIn(call));
      return [{ kind: 'write', path, at: lastNumberIn(call), bytes, synced }];
    },
    ftruncate: (call) => [
      { kind: 'truncate', path: handleIn(call).path, size: lastNumberIn(call) },
    ],
    fsync: (call) => [{ kind: 'sync', path: handleIn(call).path }],
    fdatasync: (call) => [{ kind: 'sync', path: handleIn(call).path }],
    mkdir: (call) => [{ kind: 'folder', path: namesIn(call)[0] }],
    mkdirat: (call) => [{ kind: 'folder', path: namesIn(call)[0] }],
    rename: (call) => this.#renamed(call),
    renameat: (call) => this.#renamed(call),
    renameat2: (call) => this.#renamed(call),
    unlink: (call) => this.#removed(call),
    unlinkat: (call) => this.#removed(call),
    rmdir: (call) => this.#removed(call),
  };

  #opened(call: Call): readonly Unplaced[] {
    const [path] = namesIn(call);
    const isNew = call.args.includes('O_CREAT') && !this.#made.has(path);
    const synced = call.args.includes('O_DSYNC');
    this.#handles.set(Number.parseInt(call.result, 10), { synced, at: 0 });
    if (isNew) this.#made.add(path);
    return [
      ...(isNew ? [{ kind: 'create', path } as const] : []),
      ...(call.args.includes('O_TRUNC') ? [{ kind: 'truncate', path, size: 0 } as const] : []),
    ];
  }

  #written(call: Call): readonly Unplaced[] {
    const { number, path } = handleIn(call);
    const bytes = Buffer.concat(textsIn(call));
    if (number === STANDARD_OUTPUT) return [{ kind: 'said', text: String(bytes) }];
    const handle = this.#handles.get(number);
    if (handle === undefined) return [];
    const { synced, at } = handle;
    handle.at += bytes.length;
    return [{ kind: 'write', path, at, bytes, synced }];
  }

  #renamed(call: Call): readonly Unplaced[] {
    const [path, to] = namesIn(call);
    this.#made.delete(path);
    this.#made.add(to);
    return [{ kind: 'rename', path, to }];
  }

  #removed(call: Call): readonly Unplaced[] {
    const [path] = namesIn(call);
    this.#made.delete(path);
    return [{ kind: 'remove', path }];
  }
}
