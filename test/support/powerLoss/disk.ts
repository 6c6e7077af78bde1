import { mkdir, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { Step } from './trace.ts';

/** What a disk writes whole or not at all. */
const SECTOR = 512;

/** A file, or a folder; which name leads to it is told by the folder it is in. */
type Thing = {
  readonly kind: 'file' | 'folder';
  readonly changes: Change[];
  readonly names: Naming[];
};

/** A piece of a file, or its size. `durable`: the line of the trace from which on it outlives a loss of power. */
type Change = { readonly begun: number; readonly ended: number; durable: number } & (
  | { readonly kind: 'bytes'; readonly at: number; readonly bytes: Buffer }
  | { readonly kind: 'size'; readonly size: number }
);

/** A name in a folder that leads to a thing from now on, or to nothing; not before another has been. */
type Naming = {
  readonly begun: number;
  readonly ended: number;
  durable: number;
  readonly name: string;
  readonly thing: Thing | undefined;
  readonly after?: Naming;
};

/** Decides of what was not flushed, in the order it came, what is on the disk all the same. */
export type Luck = () => boolean;

/**
 * A disk as POSIX allows it to be: of what has been written, only what was flushed outlives a loss of power for sure, any
 * sector of the rest may, and a name only once its folder has been flushed.
 */
export class Disk {
  readonly #root = thingOf('folder');
  /** As a process sees it. */
  readonly #seen = new Map<string, Thing>();
  readonly #steps: readonly Step[];

  /** `folder` is there, with nothing in it, and outlives everything. */
  constructor(folder: string, steps: readonly Step[]) {
    this.#steps = steps;
    this.#seen.set(folder, this.#root);
    for (const step of steps) this.#take(step);
  }

  /** Lines of the trace at which something is different from before. */
  get moments(): readonly number[] {
    return this.#steps.flatMap(({ begun, ended }) => [begun, ended]);
  }

  /** Makes what is on the disk after a loss of power at a line of the trace. */
  async writeTo(folder: string, line: number, luck: Luck): Promise<void> {
    await writeThing(folder, this.#root, { line, luck, kept: new Set() });
  }

  #take(step: Step): void {
    switch (step.kind) {
      case 'said':
        return;
      case 'create':
      case 'folder':
        this.#name(step.path, thingOf(step.kind === 'create' ? 'file' : 'folder'), step);
        return;
      case 'remove':
        this.#name(step.path, undefined, step);
        return;
      case 'rename':
        return this.#rename(step);
      case 'sync':
        return this.#sync(step);
      case 'truncate':
      case 'write':
        this.#seen.get(step.path)?.changes.push(...changesOf(step));
    }
  }

  #rename(step: Extract<Step, { kind: 'rename' }>): void {
    const { path, to } = step;
    const under = [...this.#seen].filter(([inside]) => inside.startsWith(`${path}/`));
    const there = this.#name(to, this.#seen.get(path), step);
    this.#name(path, undefined, step, there);
    for (const [inside, thing] of under) {
      this.#seen.delete(inside);
      this.#seen.set(to + inside.slice(path.length), thing);
    }
  }

  #sync(step: Extract<Step, { kind: 'sync' }>): void {
    const thing = this.#seen.get(step.path);
    for (const change of [...(thing?.changes ?? []), ...(thing?.names ?? [])])
      if (change.ended < step.begun) change.durable = Math.min(change.durable, step.ended);
  }

  #name(path: string, thing: Thing | undefined, step: Step, after?: Naming): Naming {
    if (thing === undefined) this.#seen.delete(path);
    else this.#seen.set(path, thing);
    const naming = { ...spanOf(step), durable: Infinity, name: basename(path), thing };
    const made = after === undefined ? naming : { ...naming, after };
    this.#seen.get(dirname(path))?.names.push(made);
    return made;
  }
}

const thingOf = (kind: Thing['kind']): Thing => ({ kind, changes: [], names: [] });

const changesOf = (step: Extract<Step, { kind: 'truncate' | 'write' }>): readonly Change[] => {
  const span = spanOf(step);
  if (step.kind === 'truncate')
    return [{ ...span, kind: 'size', size: step.size, durable: Infinity }];
  const changes: Change[] = [];
  const durable = step.synced ? step.ended : Infinity;
  for (let from = 0; from < step.bytes.length;) {
    const at = step.at + from;
    const to = Math.min(step.bytes.length, from + SECTOR - (at % SECTOR));
    changes.push({ ...span, kind: 'bytes', at, bytes: step.bytes.subarray(from, to), durable });
    from = to;
  }
  return changes;
};

type Loss = Readonly<{ line: number; luck: Luck; kept: Set<Naming> }>;

const writeThing = async (path: string, thing: Thing, loss: Loss): Promise<void> => {
  const { line, luck, kept } = loss;
  const isThere = (change: Readonly<{ begun: number; durable: number }>): boolean =>
    change.begun <= line && (change.durable <= line || luck());
  if (thing.kind === 'file') {
    await writeFile(path, contentOf(thing.changes.filter(isThere)));
    return;
  }
  await mkdir(path, { recursive: true });
  const things = new Map<string, Thing>();
  for (const naming of thing.names) {
    const waits = naming.after !== undefined && naming.durable > line && !kept.has(naming.after);
    if (waits || !isThere(naming)) continue;
    kept.add(naming);
    if (naming.thing === undefined) things.delete(naming.name);
    else things.set(naming.name, naming.thing);
  }
  for (const [name, inside] of things) await writeThing(join(path, name), inside, loss);
};

const spanOf = ({ begun, ended }: Step): Readonly<{ begun: number; ended: number }> => ({
  begun,
  ended,
});

const contentOf = (changes: readonly Change[]): Buffer => {
  let content = Buffer.alloc(0);
  for (const change of changes) {
    const size = change.kind === 'size' ? change.size : change.at + change.bytes.length;
    if (size > content.length)
      content = Buffer.concat([content, Buffer.alloc(size - content.length)]);
    else if (change.kind === 'size') content = content.subarray(0, size);
    if (change.kind === 'bytes') change.bytes.copy(content, change.at);
  }
  return content;
};
