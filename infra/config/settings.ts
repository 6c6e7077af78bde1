/** Every variable there is: what it is for and what holds without it, as `--help` shows them. */
export const SETTINGS = {
  SEQLINE_HOST: { fallback: '127.0.0.1', summary: 'address to listen on' },
  SEQLINE_HTTP_PORT: { fallback: '10002', summary: 'port of the HTTP API; 0 picks a free one' },
  SEQLINE_WS_PORT: {
    fallback: '10001',
    summary: 'port of the WebSocket gateway; 0 picks a free one',
  },
  SEQLINE_DATA: { fallback: './data', summary: 'folder of the log, the keys and the database' },
  SEQLINE_SECRET: {
    fallback: 'openIM123',
    summary: "the app server's secret; the default serves only a loopback SEQLINE_HOST",
  },
  SEQLINE_ADMIN: { fallback: 'imAdmin', summary: 'user ids of app admins, separated by commas' },
  SEQLINE_EVENTSTORE: {
    fallback: 'embedded',
    summary: 'where the log is: embedded, or esdb://… of EventStoreDB or KurrentDB',
  },
  DATABASE_URL: {
    fallback: '',
    summary: 'postgres://… of your own Postgres; without it, embedded',
  },
  SEQLINE_BUS: {
    fallback: 'memory',
    summary: 'how processes reach each other: memory (one process), or nats://… of a NATS',
  },
  SEQLINE_KEYS: {
    fallback: 'embedded',
    summary: 'where keys are kept: embedded (in SEQLINE_DATA), or postgres://… for many processes',
  },
  SEQLINE_LOG_LEVEL: {
    fallback: 'info',
    summary: 'trace, debug, info, warn, error, fatal or silent',
  },
  SEQLINE_METRICS: {
    fallback: 'local',
    summary: 'who may read /metrics: local (this machine, and app admins), open or off',
  },
  SEQLINE_ANALYTICS: {
    fallback: 'on',
    summary:
      'on: what happens is counted in tables for analysts (docs/ANALYTICS.md); off: it is not',
  },
  SEQLINE_TRACE_FOR: {
    fallback: '30m',
    summary: 'how long it is remembered when and to whom a message was pushed, for seqline explain',
  },
  SEQLINE_TRACE_MEMORY: {
    fallback: '16',
    summary: 'MiB of memory that this may take in each process at most; 0 for none',
  },
  SEQLINE_SEAL: {
    fallback: 'on',
    summary: 'seal personal data, so that a user can be erased; fixed when the log is made',
  },
  SEQLINE_TOKEN_LIFETIME: {
    fallback: '90d',
    summary: 'how long a token is valid: 30s, 15m, 12h, 90d',
  },
  SEQLINE_FRIEND_VERIFY: {
    fallback: 'off',
    summary: "on: only who is in a user's friend list may write to it; off: anybody",
  },
  SEQLINE_GROUP_HISTORY: {
    fallback: 'on',
    summary: 'on: who comes into a group sees what was said there before; off: it does not',
  },
  SEQLINE_WEBHOOKS: {
    fallback: '',
    summary: "JSON file of the app server's callbacks; without it, there are none",
  },
  SEQLINE_MULTI_LOGIN: {
    fallback: '1',
    summary: 'which logins exclude each other: 0, 1, 4 or 5, as in OpenIM',
  },
  SEQLINE_USER_CONNECTIONS: {
    fallback: '400',
    summary: 'how many connections of one user a gateway has at most; the oldest gives way',
  },
} as const satisfies Record<string, Readonly<{ fallback: string; summary: string }>>;

export type SettingName = keyof typeof SETTINGS;

export type SettingHelp = Readonly<{ name: SettingName; fallback: string; summary: string }>;

const isSettingName = (name: string): name is SettingName => Object.hasOwn(SETTINGS, name);

const SETTING_NAMES = Object.keys(SETTINGS).filter(isSettingName);

/** For `--help`: one entry a variable. An empty fallback means that there is none. */
export const describe = (): readonly SettingHelp[] =>
  SETTING_NAMES.map((name) => ({ name, ...SETTINGS[name] }));

/** These are for tests of the product; it never reads them. */
const TEST_PREFIX = 'SEQLINE_TEST_';

/** A sentence for each variable that looks like ours and is not: most likely a slip of the pen. */
export const unknownSettings = (names: readonly string[]): readonly string[] =>
  names
    .filter((name) => name.startsWith('SEQLINE_') && !name.startsWith(TEST_PREFIX))
    .filter((name) => !isSettingName(name))
    .sort()
    .map((name) => {
      const close = SETTING_NAMES.find((known) => slips(name, known) <= SLIPS_MAX);
      const hint = close === undefined ? '' : `; did you mean ${close}?`;
      return `${name} is not a setting and has no effect${hint}`;
    });

/** Letters that may be missing, added or wrong for two names to be meant as one. */
const SLIPS_MAX = 2;

/** The Levenshtein distance, over names of plain capitals. */
const slips = (one: string, other: string): number => {
  let row = Array.from({ length: other.length + 1 }, (_, at) => at);
  for (let at = 0; at < one.length; at++) {
    const next = [at + 1];
    for (let column = 0; column < other.length; column++) {
      const changed = (row[column] ?? 0) + (one.charAt(at) === other.charAt(column) ? 0 : 1);
      next.push(Math.min(changed, (row[column + 1] ?? 0) + 1, (next[column] ?? 0) + 1));
    }
    row = next;
  }
  return row.at(-1) ?? 0;
};
