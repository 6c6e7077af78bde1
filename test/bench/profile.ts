/**
 * Reads a CPU profile of Node and says where the time went: by function, by package or folder, and by
 * which callers. Of itself: `npx tsx test/bench/profile.ts FILE [MESSAGES]`.
 */
import { readFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { isRecord, listAt, numberAt, parseJson, recordAt, textAt } from '../support/json.ts';

const SHOWN = 25;
const FILES_SHOWN = 40;
const CALLERS_SHOWN = 3;
const CALLERS_DEEP = 4;
const FOLDERS = ['core', 'projections', 'gateways', 'infra'];

type Frame = Readonly<{ name: string; url: string; line: number }>;
type Node = { readonly frame: Frame; readonly children: readonly number[]; self: number };
/** Nodes of the tree of calls by their number, with microseconds. */
export type Profile = ReadonlyMap<number, Node>;

/** From what `Profiler.stop` answers and `.cpuprofile` files hold. Throws on anything else. */
export const parseProfile = (value: unknown): Profile => {
  const nodes = new Map<number, Node>();
  for (const node of listAt(value, 'nodes')) {
    const called = recordAt(node, 'callFrame');
    const frame = {
      name: textAt(called, 'functionName') || '(anonymous)',
      url: textAt(called, 'url'),
      line: numberAt(called, 'lineNumber') + 1,
    };
    const children = isRecord(node) && 'children' in node ? listAt(node, 'children') : [];
    nodes.set(numberAt(node, 'id'), { frame, children: children.map(Number), self: 0 });
  }
  const deltas = listAt(value, 'timeDeltas').map(Number);
  // A delta is the time before its sample: what the sample shows began then and lasts until the next one.
  listAt(value, 'samples').forEach((id, index) => {
    const node = nodes.get(Number(id));
    if (node !== undefined) node.self += Math.max(deltas[index + 1] ?? 0, 0);
  });
  return nodes;
};

const IDLE = '(idle)';

const shortUrl = (url: string): string => {
  const path = url.replace(/^file:\/\//, '');
  const packaged = path.lastIndexOf('node_modules/');
  if (packaged >= 0) return path.slice(packaged + 'node_modules/'.length);
  const folder = FOLDERS.map((name) => path.lastIndexOf(`/${name}/`)).filter((at) => at >= 0);
  return folder.length > 0 ? path.slice(Math.min(...folder) + 1) : path;
};

const labelOf = ({ name, url, line }: Frame): string =>
  url === '' ? name : `${name} ${shortUrl(url)}:${String(line)}`;

/** The package, Node itself, our folder of two levels, or what V8 puts in brackets. */
const groupOf = ({ name, url }: Frame): string => {
  if (url === '') return name.startsWith('(') && name !== '(anonymous)' ? name : '(native)';
  if (url.startsWith('node:')) return 'node';
  const parts = shortUrl(url).split('/');
  if (url.includes('node_modules/')) {
    return `npm ${parts.slice(0, parts[0]?.startsWith('@') === true ? 2 : 1).join('/')}`;
  }
  return parts.slice(0, 2).join('/');
};

const sums = (nodes: Iterable<Node>, keyOf: (frame: Frame) => string) => {
  const found = new Map<string, number>();
  for (const { frame, self } of nodes) {
    const key = keyOf(frame);
    found.set(key, (found.get(key) ?? 0) + self);
  }
  return found;
};

const greatest = (all: ReadonlyMap<string, number>, count: number) =>
  [...all].sort(([, one], [, other]) => other - one).slice(0, count);

/** Time of a function with all that it calls; what calls itself counts once. */
const inclusive = (profile: Profile): ReadonlyMap<string, number> => {
  const found = new Map<string, number>();
  const walk = (id: number, above: ReadonlySet<string>): number => {
    const node = profile.get(id);
    if (node === undefined) return 0;
    const label = labelOf(node.frame);
    const isFirst = !above.has(label);
    const within = isFirst ? new Set([...above, label]) : above;
    const time = node.children.reduce((sum, child) => sum + walk(child, within), node.self);
    if (isFirst) found.set(label, (found.get(label) ?? 0) + time);
    return time;
  };
  for (const id of rootsOf(profile)) walk(id, new Set());
  return found;
};

const rootsOf = (profile: Profile): readonly number[] => {
  const called = new Set([...profile.values()].flatMap(({ children }) => children));
  return [...profile.keys()].filter((id) => !called.has(id));
};

const isOurs = ({ url }: Frame): boolean =>
  !url.includes('node_modules/') && FOLDERS.some((name) => url.includes(`/${name}/`));

/** Time of each of our files, and of what Node and packages do for it: what a change there may save. */
const chargedToFiles = (profile: Profile): ReadonlyMap<string, number> => {
  const found = new Map<string, number>();
  const walk = (id: number, above: string): void => {
    const node = profile.get(id);
    if (node === undefined) return;
    const { frame } = node;
    const file = isOurs(frame) ? shortUrl(frame.url) : frame.url === '' ? above : above || 'node';
    const owner = file || frame.name;
    if (frame.name !== IDLE) found.set(owner, (found.get(owner) ?? 0) + node.self);
    for (const child of node.children) walk(child, frame.name === '(root)' ? '' : owner);
  };
  for (const id of rootsOf(profile)) walk(id, '');
  return found;
};

/** For one function: the chains of callers that its own time was spent under. */
const callersOf = (profile: Profile, label: string): ReadonlyMap<string, number> => {
  const found = new Map<string, number>();
  const walk = (id: number, above: readonly string[]): void => {
    const node = profile.get(id);
    if (node === undefined) return;
    if (labelOf(node.frame) === label && node.self > 0) {
      const chain = above.slice(-CALLERS_DEEP).toReversed().join(' < ');
      found.set(chain, (found.get(chain) ?? 0) + node.self);
    }
    const within = [...above, node.frame.name];
    for (const child of node.children) walk(child, within);
  };
  for (const id of rootsOf(profile)) walk(id, []);
  return found;
};

/** Microseconds a message of everything that is not idling, in several lists. */
export const summary = (profile: Profile, messages: number): string => {
  const busy = [...profile.values()].filter(({ frame }) => frame.name !== IDLE);
  const total = busy.reduce((sum, { self }) => sum + self, 0);
  const line = ([label, time]: readonly [string, number]): string =>
    `${(time / messages).toFixed(2).padStart(8)} µs ${((time / total) * 100).toFixed(1).padStart(5)} %  ${label}`;
  const self = sums(busy, labelOf);
  const top = greatest(self, SHOWN);
  const whole = new Map([...inclusive(profile)].filter(([label]) => !label.startsWith('(')));
  return [
    `${(total / messages).toFixed(1)} µs a message, over ${messages.toLocaleString('en')} messages`,
    '\nby package or folder, own time:',
    ...greatest(sums(busy, groupOf), SHOWN).map(line),
    '\nby our file, with what Node and packages do for it:',
    ...greatest(chargedToFiles(profile), FILES_SHOWN).map(line),
    '\nby function, own time (and under which callers):',
    ...top.flatMap((entry) => [
      line(entry),
      ...greatest(callersOf(profile, entry[0]), CALLERS_SHOWN).map(
        ([chain, time]) => `${' '.repeat(20)}${(time / messages).toFixed(2)} < ${chain}`,
      ),
    ]),
    '\nby function, with all that it calls:',
    ...greatest(whole, SHOWN * 2).map(line),
  ].join('\n');
};

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const [, , file = '', messages = '1'] = process.argv;
  console.log(summary(parseProfile(parseJson(readFileSync(file, 'utf8'))), Number(messages)));
}
