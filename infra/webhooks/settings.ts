import { readFileSync } from 'node:fs';
import type {
  After,
  Before,
  Convention,
  Endpoint,
  Filter,
  TypeRange,
} from '../../core/webhook/ports.ts';
import type { Millis } from '../../core/kernel/ids.ts';
import { addressIn, isPublicAddress } from './addresses.ts';

const ENDPOINTS_MAX = 32;
const NAME = /^[a-z0-9_]{1,32}$/;
/** Base64 with an optional prefix, as Standard Webhooks writes keys. */
const SECRET = /^(?:whsec_)?([A-Za-z0-9+/]+={0,2})$/;
const KEY_BYTES_MIN = 24;
const KEY_BYTES_MAX = 64;
const SECRETS_MAX = 2;
const SECOND: Millis = 1_000;
const UNITS: Readonly<Record<string, Millis>> = {
  ms: 1,
  s: SECOND,
  m: 60 * SECOND,
  h: 3_600 * SECOND,
  d: 86_400 * SECOND,
};
const DURATION = /^(\d{1,6})(ms|s|m|h|d)$/;
/** OpenIM's default. */
const TIMEOUT_MS = 5 * SECOND;
/** Clients give up a send after 10 s or so; two callbacks may be asked about one message. */
const TIMEOUT_MS_MAX = 30 * SECOND;
const GIVE_UP_MS = 3 * 86_400 * SECOND;
const GIVE_UP_MS_MAX = 90 * 86_400 * SECOND;
const IDS_MAX = 10_000;

/** Callbacks by name: which there are, and which can be filtered by message. */
export type Known = Readonly<{
  before: ReadonlySet<string>;
  after: ReadonlySet<string>;
  messages: ReadonlySet<string>;
}>;

/** All that is wrong with the file, a line for each field. No secret is among it. */
export class WebhookSettingsError extends Error {
  override name = 'WebhookSettingsError';
}

type Json = Readonly<Record<string, unknown>>;
/** Told where and what is wrong. */
type Complain = (path: string, what: string) => void;

const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Reads the file of webhooks. No path: no endpoints. Throws `WebhookSettingsError`. */
export const readWebhooks = (path: string, known: Known): readonly Endpoint[] => {
  if (path === '') return [];
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    throw new WebhookSettingsError(
      `SEQLINE_WEBHOOKS: ${path} cannot be read (${error instanceof Error ? error.message : String(error)})`,
      { cause: error },
    );
  }
  return parseWebhooks(text, known, path);
};

export const parseWebhooks = (text: string, known: Known, file: string): readonly Endpoint[] => {
  const problems: string[] = [];
  const complain: Complain = (path, what) => problems.push(`${file}: ${path}: ${what}`);
  const endpoints = endpointsIn(jsonOf(text, file), known, complain);
  if (problems.length > 0) throw new WebhookSettingsError(problems.join('\n'));
  return endpoints;
};

/** The parser's own message quotes what it has met, and that may be a secret. */
const jsonOf = (text: string, file: string): unknown => {
  try {
    return JSON.parse(text);
  } catch (error) {
    const at = /position \d+|line \d+ column \d+/.exec(String(error))?.[0];
    const where = at === undefined ? '' : ` (${at})`;
    throw new WebhookSettingsError(`${file}: it is not JSON${where}`);
  }
};

const endpointsIn = (value: unknown, known: Known, complain: Complain): readonly Endpoint[] => {
  if (!isObject(value)) {
    complain('the file', 'must be an object with endpoints');
    return [];
  }
  onlyKnown(value, ['endpoints'], '', complain);
  const list = value['endpoints'];
  if (!Array.isArray(list) || list.length > ENDPOINTS_MAX) {
    complain('endpoints', `must be a list of at most ${String(ENDPOINTS_MAX)}`);
    return [];
  }
  const endpoints = list.map((entry: unknown, index) =>
    endpointOf(entry, `endpoints[${String(index)}]`, known, complain),
  );
  const names = new Set<string>();
  const asked = new Map<string, string>();
  endpoints.forEach(({ name, before }, index) => {
    const path = `endpoints[${String(index)}]`;
    if (names.has(name)) complain(`${path}.name`, `there are two endpoints called ${name}`);
    names.add(name);
    for (const callback of before.keys()) {
      const other = asked.get(callback);
      if (other !== undefined) {
        complain(`${path}.before.${callback}`, `is asked at ${other} already; one can be asked`);
      }
      asked.set(callback, name);
    }
  });
  return endpoints;
};

const FIELDS = [
  'name',
  'url',
  'secrets',
  'allowPrivate',
  'convention',
  'giveUpAfter',
  'before',
  'after',
];

const endpointOf = (value: unknown, path: string, known: Known, complain: Complain): Endpoint => {
  const given = objectAt(value, path, complain);
  onlyKnown(given, FIELDS, path, complain);
  const allowPrivate = flagAt(given, 'allowPrivate', path, complain);
  return {
    name: nameAt(given['name'], `${path}.name`, complain),
    url: urlAt(given['url'], `${path}.url`, allowPrivate, complain),
    keys: keysAt(given['secrets'], `${path}.secrets`, complain),
    allowPrivate,
    convention: conventionAt(given['convention'], `${path}.convention`, complain),
    giveUpAfter: durationAt(given, 'giveUpAfter', path, [GIVE_UP_MS, GIVE_UP_MS_MAX], complain),
    before: callbacksAt(
      given['before'],
      `${path}.before`,
      { names: known.before, others: known.after },
      complain,
      (entry, at, name) => {
        const own = ['timeout', 'failedContinue'];
        const isMessage = known.messages.has(name);
        onlyKnown(entry, isMessage ? [...own, ...FILTERS] : own, at, complain);
        return beforeOf(entry, at, complain);
      },
    ),
    after: callbacksAt(
      given['after'],
      `${path}.after`,
      { names: known.after, others: known.before },
      complain,
      (entry, at, name) => {
        onlyKnown(
          entry,
          known.messages.has(name) ? ['timeout', ...FILTERS] : ['timeout'],
          at,
          complain,
        );
        return afterOf(entry, at, complain);
      },
    ),
  };
};

const callbacksAt = <T>(
  value: unknown,
  path: string,
  { names, others }: Readonly<{ names: ReadonlySet<string>; others: ReadonlySet<string> }>,
  complain: Complain,
  read: (entry: Json, path: string, name: string) => T,
): ReadonlyMap<string, T> => {
  const all = new Map<string, T>();
  for (const [name, entry] of Object.entries(objectAt(value ?? {}, path, complain))) {
    const at = `${path}.${name}`;
    if (names.has(name)) all.set(name, read(objectAt(entry, at, complain), at, name));
    else if (others.has(name))
      complain(at, `belongs under ${path.endsWith('after') ? 'before' : 'after'}`);
    else complain(at, 'there is no such callback; docs/CALLBACKS.md lists them');
  }
  return all;
};

const beforeOf = (entry: Json, path: string, complain: Complain): Before => ({
  timeout: durationAt(entry, 'timeout', path, [TIMEOUT_MS, TIMEOUT_MS_MAX], complain),
  failedContinue: flagAt(entry, 'failedContinue', path, complain),
  filter: filterOf(entry, path, complain),
});

const afterOf = (entry: Json, path: string, complain: Complain): After => ({
  timeout: durationAt(entry, 'timeout', path, [TIMEOUT_MS, TIMEOUT_MS_MAX], complain),
  filter: filterOf(entry, path, complain),
});

const FILTERS = ['allowedTypes', 'deniedTypes', 'attentionIds'];

const filterOf = (entry: Json, path: string, complain: Complain): Filter => ({
  allowedTypes: rangesAt(entry['allowedTypes'], `${path}.allowedTypes`, complain),
  deniedTypes: rangesAt(entry['deniedTypes'], `${path}.deniedTypes`, complain),
  attentionIds: idsAt(entry['attentionIds'], `${path}.attentionIds`, complain),
});

const objectAt = (value: unknown, path: string, complain: Complain): Json => {
  if (isObject(value)) return value;
  complain(path, 'must be an object');
  return {};
};

const onlyKnown = (given: Json, known: readonly string[], path: string, complain: Complain) => {
  for (const key of Object.keys(given)) {
    if (!known.includes(key)) {
      const has = known.length === 0 ? 'it has none' : `there are ${known.join(', ')}`;
      complain(path === '' ? key : `${path}.${key}`, `there is no such setting; ${has}`);
    }
  }
};

const flagAt = (given: Json, key: string, path: string, complain: Complain): boolean => {
  const value = given[key] ?? false;
  if (typeof value === 'boolean') return value;
  complain(`${path}.${key}`, 'must be true or false');
  return false;
};

const nameAt = (value: unknown, path: string, complain: Complain): string => {
  if (typeof value === 'string' && NAME.test(value)) return value;
  complain(path, 'must be 1 to 32 of a-z, 0-9 and _');
  return '';
};

const NOWHERE = 'http://invalid.invalid/';

const urlAt = (value: unknown, path: string, allowPrivate: boolean, complain: Complain): string => {
  const url = typeof value === 'string' && URL.canParse(value) ? new URL(value) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol)) {
    complain(path, 'must be an address that begins with https:// or http://');
    return NOWHERE;
  }
  if (url.username !== '' || url.password !== '' || url.hash !== '') {
    complain(path, 'must have neither user, password nor #; calls are known by their signature');
  }
  const address = addressIn(url);
  if (address !== undefined && !allowPrivate && !isPublicAddress(address)) {
    complain(path, `${address} is a private address; allowPrivate lets it be one`);
  }
  return url.href;
};

const keysAt = (value: unknown, path: string, complain: Complain): readonly Uint8Array[] => {
  if (value === undefined) return [];
  const list: readonly unknown[] = Array.isArray(value) ? value : [value];
  const keys = list.map((secret) => {
    const base64 = typeof secret === 'string' ? SECRET.exec(secret)?.[1] : undefined;
    return Buffer.from(base64 ?? '', 'base64');
  });
  const isRight = ({ length }: Buffer) => length >= KEY_BYTES_MIN && length <= KEY_BYTES_MAX;
  if (keys.length > 0 && keys.length <= SECRETS_MAX && keys.every(isRight)) return keys;
  complain(path, 'must be one or two of whsec_ and the base64 of 24 to 64 bytes');
  return [];
};

const conventionAt = (value: unknown, path: string, complain: Complain): Convention => {
  if (value === undefined || value === 'v3') return 'v3';
  if (value === 'v2') return 'v2';
  complain(path, 'must be "v3" or "v2"');
  return 'v3';
};

const durationAt = (
  given: Json,
  key: string,
  path: string,
  [usual, most]: readonly [Millis, Millis],
  complain: Complain,
): Millis => {
  const value = given[key];
  if (value === undefined) return usual;
  // OpenIM's file has plain seconds.
  const text = typeof value === 'number' ? `${String(value)}s` : value;
  const [, number = '', unit = ''] = (typeof text === 'string' && DURATION.exec(text)) || [];
  const duration = Number(number) * (UNITS[unit] ?? Number.NaN);
  if (duration > 0 && duration <= most) return duration;
  complain(
    `${path}.${key}`,
    `must be a time like "800ms", "5s" or "2d", of ${String(most / SECOND)} s at most`,
  );
  return usual;
};

const RANGE = /^(\d{1,9})(?:-(\d{1,9}))?$/;

const rangesAt = (value: unknown, path: string, complain: Complain): readonly TypeRange[] => {
  const list: unknown = value ?? [];
  const ranges = Array.isArray(list) ? list.map(rangeOf) : [undefined];
  if (ranges.every((range) => range !== undefined) && ranges.length <= IDS_MAX) return ranges;
  complain(path, 'must be a list of content types, like 101 or "200-500"');
  return [];
};

const rangeOf = (value: unknown): TypeRange | undefined => {
  const found = RANGE.exec(String(value));
  if (found === null) return undefined;
  const [, first, last = first] = found;
  return [Number(first), Number(last)];
};

const idsAt = (value: unknown, path: string, complain: Complain): ReadonlySet<string> => {
  const list: unknown = value ?? [];
  const isList = Array.isArray(list) && list.length <= IDS_MAX;
  if (isList && list.every((id) => typeof id === 'string' && id !== '')) return new Set(list);
  complain(path, 'must be a list of user and group ids');
  return new Set();
};
