import { isIP, isIPv4 } from 'node:net';
import { resolve } from 'node:path';
import { assert } from '../../core/kernel/assert.ts';
import type { Millis, UserId } from '../../core/kernel/ids.ts';
import { withoutLogin } from '../redactUrl.ts';
import { natsAddressOf } from './natsAddress.ts';
import { SETTINGS, unknownSettings, type SettingName } from './settings.ts';

const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;
const MULTI_LOGINS = ['0', '1', '4', '5'] as const;
const ON_OFF = ['on', 'off'] as const;
const METRICS = ['local', 'open', 'off'] as const;
const SECOND: Millis = 1000;
const DAY: Millis = 24 * 60 * 60 * SECOND;
/** Ten years; a longer one would be a mistake in the unit. */
const TOKEN_LIFETIME_MAX: Millis = 3_650 * DAY;

export type LogLevel = (typeof LOG_LEVELS)[number];
/** OpenIM's policies: 0 nobody is kicked, 1 per platform, 4 per class of platform, 5 all but PC. */
export type MultiLogin = 0 | 1 | 4 | 5;

export type Config = Readonly<{
  host: string;
  httpPort: number;
  wsPort: number;
  /** An absolute path. */
  data: string;
  secret: string;
  admins: readonly UserId[];
  eventStore: Readonly<{ kind: 'embedded' }> | Readonly<{ kind: 'esdb'; url: string }>;
  postgres: Readonly<{ kind: 'embedded' }> | Readonly<{ kind: 'url'; url: string }>;
  bus: Readonly<{ kind: 'memory' }> | Readonly<{ kind: 'nats'; url: string }>;
  /** Of personal data and of tokens: beside this process, or where many find them. */
  keys: Readonly<{ kind: 'embedded' }> | Readonly<{ kind: 'postgres'; url: string }>;
  logLevel: LogLevel;
  /** Who may read /metrics. */
  metrics: (typeof METRICS)[number];
  /** What happens is counted for analysts. */
  analytics: boolean;
  /** Of what became of messages and stands in no log: kept for so long, in so many bytes. */
  traces: Readonly<{ keptMs: Millis; bytes: number }>;
  seal: boolean;
  tokenLifetime: Millis;
  multiLogin: MultiLogin;
  /** How many connections of one user a gateway has at most. */
  userConnections: number;
  /** Only who is in a user's friend list may write to it. */
  friendVerify: boolean;
  /** Who comes into a group sees what was said there before. It goes into the event. */
  groupHistory: boolean;
  /** The file of the app server's callbacks, absolute; '' for none. */
  webhooks: string;
  /** Sentences about variables that have no effect; to be logged at the start. */
  warnings: readonly string[];
}>;

/** All that is wrong with the environment, a line for each variable. No secret is among it. */
export class ConfigError extends Error {
  override name = 'ConfigError';
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(problems.join('\n'));
    this.problems = problems;
  }
}

export type Environment = Readonly<Record<string, string | undefined>>;

/** An empty variable counts as absent. Throws `ConfigError`. */
export const readConfig = (environment: Environment): Config => {
  const problems: string[] = [];

  /** Where a value is bad, its fallback stands in, so that the others can be looked at as well. */
  const setting = <T>(
    name: SettingName,
    parse: (text: string) => T | undefined,
    wanted = '',
  ): T => {
    const { fallback } = SETTINGS[name];
    const given = environment[name]?.trim() ?? '';
    const text = given === '' ? fallback : given;
    const value = parse(text);
    if (value !== undefined) return value;
    problems.push(problemOf(name, text, wanted));
    const instead = parse(fallback);
    assert(instead !== undefined, `${fallback} is good for ${name}`);
    return instead;
  };

  const config: Config = {
    host: setting('SEQLINE_HOST', hostOf, 'is not an address; use one like 127.0.0.1 or 0.0.0.0'),
    httpPort: setting('SEQLINE_HTTP_PORT', portOf, NOT_A_PORT),
    wsPort: setting('SEQLINE_WS_PORT', portOf, NOT_A_PORT),
    data: setting('SEQLINE_DATA', (text) => resolve(text)),
    secret: setting('SEQLINE_SECRET', (text) => text),
    admins: setting('SEQLINE_ADMIN', adminsOf, NOT_ADMINS),
    eventStore: setting('SEQLINE_EVENTSTORE', eventStoreOf, NOT_A_LOG),
    postgres: setting('DATABASE_URL', postgresOf, NOT_POSTGRES),
    bus: setting('SEQLINE_BUS', busOf, NOT_A_BUS),
    keys: setting('SEQLINE_KEYS', keysOf, NOT_KEYS),
    logLevel: setting('SEQLINE_LOG_LEVEL', oneOf(LOG_LEVELS), `is not a level; ${use(LOG_LEVELS)}`),
    metrics: setting('SEQLINE_METRICS', oneOf(METRICS), `is not a choice; ${use(METRICS)}`),
    analytics: setting('SEQLINE_ANALYTICS', oneOf(ON_OFF), `is neither; ${use(ON_OFF)}`) === 'on',
    traces: Object.freeze({
      keptMs: setting('SEQLINE_TRACE_FOR', traceTimeOf, NOT_A_TRACE_TIME),
      bytes: setting('SEQLINE_TRACE_MEMORY', mebibytesOf, NOT_A_TRACE_MEMORY),
    }),
    seal: setting('SEQLINE_SEAL', oneOf(ON_OFF), `is neither; ${use(ON_OFF)}`) === 'on',
    tokenLifetime: setting('SEQLINE_TOKEN_LIFETIME', lifetimeOf, NOT_A_LIFETIME),
    multiLogin: setting('SEQLINE_MULTI_LOGIN', multiLoginOf, NOT_A_POLICY),
    userConnections: setting('SEQLINE_USER_CONNECTIONS', userConnectionsOf, NOT_A_COUNT),
    friendVerify:
      setting('SEQLINE_FRIEND_VERIFY', oneOf(ON_OFF), `is neither; ${use(ON_OFF)}`) === 'on',
    groupHistory:
      setting('SEQLINE_GROUP_HISTORY', oneOf(ON_OFF), `is neither; ${use(ON_OFF)}`) === 'on',
    webhooks: setting('SEQLINE_WEBHOOKS', (text) => (text === '' ? '' : resolve(text))),
    warnings: Object.freeze(unknownSettings(Object.keys(environment))),
  };
  problems.push(...together(config));
  if (problems.length > 0) throw new ConfigError(problems);
  return Object.freeze(config);
};

/** What is wrong only in company. */
const together = (config: Config): readonly string[] => {
  const { host, httpPort, wsPort, secret } = config;
  const problems: string[] = [...sharedBy(config)];
  if (httpPort !== 0 && httpPort === wsPort) {
    problems.push(`SEQLINE_WS_PORT: "${wsPort}" is SEQLINE_HTTP_PORT as well; use two ports`);
  }
  if (secret === SETTINGS.SEQLINE_SECRET.fallback && !isLoopback(host)) {
    problems.push(
      `SEQLINE_SECRET: it is the default, which everybody knows, and SEQLINE_HOST is ${host}; ` +
        'set a secret of your own, or listen on 127.0.0.1',
    );
  }
  return problems;
};

/** Processes that reach each other over a bus have everything else in common too. */
const sharedBy = ({ bus, eventStore, postgres, keys }: Config): readonly string[] => {
  if (bus.kind === 'memory') return [];
  const why = 'and with SEQLINE_BUS=nats://… all processes share it; set';
  return [
    ...(eventStore.kind === 'embedded'
      ? [`SEQLINE_EVENTSTORE: the embedded log is one process's own, ${why} esdb://…`]
      : []),
    ...(postgres.kind === 'embedded'
      ? [`DATABASE_URL: the embedded Postgres is one process's own, ${why} postgres://…`]
      : []),
    ...(keys.kind === 'embedded'
      ? [`SEQLINE_KEYS: embedded keys are one process's own, ${why} postgres://…`]
      : []),
  ];
};

const use = (choices: readonly string[]): string =>
  `use ${choices.slice(0, -1).join(', ')} or ${choices.at(-1) ?? ''}`;

const NOT_A_PORT = 'is not a port; use a number from 0 to 65535 (0 picks a free one)';
const NOT_A_LIFETIME =
  'is not a lifetime; use a number with s, m, h or d, like 90d, of ten years at most';
const NOT_A_TRACE_TIME =
  'is not a time; use a number with s, m, h or d, like 30m, of a day at most';
const NOT_A_TRACE_MEMORY = 'is not a size; use whole MiB from 0 (none) to 1024';
const NOT_ADMINS = 'are not user ids; use 1 to 64 of A-Z, a-z, 0-9 and _ for each, with commas';
const NOT_A_POLICY = `is not a policy; ${use(MULTI_LOGINS)}`;
const NOT_A_COUNT = 'is not a number of connections; use one from 1 to 100000';
const NOT_A_LOG =
  'is not a log; use embedded, or the address of EventStoreDB or KurrentDB: ' +
  'esdb://…, esdb+discover://… or kurrentdb://…';
const NOT_POSTGRES =
  'is not a URL of Postgres; use postgres://user:password@host/database (percent-encode what is ' +
  'special in them), or postgres:///database?host=/folder/of/the/socket';
const NOT_A_BUS =
  'is not a bus; use memory, or the address of NATS: nats://user:password@host:4222, tls://… or with a ' +
  'token, and ?credentials=, nkey=, ca=, certificate= and key= for files';
const NOT_KEYS = 'is not a place of keys; use embedded, or postgres://user:password@host/database';

/** Values of these are never shown: they are secrets, or hold one. */
const SECRETS: readonly SettingName[] = [
  'SEQLINE_SECRET',
  'DATABASE_URL',
  'SEQLINE_BUS',
  'SEQLINE_KEYS',
];
const SHOWN_LENGTH_MAX = 60;

const problemOf = (name: SettingName, text: string, wanted: string): string =>
  SECRETS.includes(name)
    ? `${name}: it ${wanted}`
    : `${name}: ${JSON.stringify(withoutLogin(text).slice(0, SHOWN_LENGTH_MAX))} ${wanted}`;

const oneOf =
  <Choice extends string>(choices: readonly Choice[]) =>
  (text: string): Choice | undefined =>
    choices.find((choice) => choice === text);

const WHOLE_NUMBER = /^\d{1,6}$/;

const wholeNumberOf = (text: string, least: number, most: number): number | undefined => {
  const number = WHOLE_NUMBER.test(text) ? Number(text) : Number.NaN;
  return number >= least && number <= most ? number : undefined;
};

const portOf = (text: string) => wholeNumberOf(text, 0, 65_535);

const UNITS: Readonly<Record<string, Millis>> = {
  s: SECOND,
  m: 60 * SECOND,
  h: 60 * 60 * SECOND,
  d: DAY,
};

const lifetimeOf = (text: string): Millis | undefined => {
  const unit = UNITS[text.slice(-1)];
  const number = wholeNumberOf(text.slice(0, -1), 1, 999_999);
  if (unit === undefined || number === undefined) return undefined;
  const lifetime = number * unit;
  return lifetime <= TOKEN_LIFETIME_MAX ? lifetime : undefined;
};

/** What stands in no log is kept for looking into what is happening, not for history. */
const traceTimeOf = (text: string): Millis | undefined => {
  const time = lifetimeOf(text);
  return time !== undefined && time <= DAY ? time : undefined;
};

const TRACE_MEBIBYTES_MAX = 1024;

const mebibytesOf = (text: string): number | undefined => {
  const mebibytes = wholeNumberOf(text, 0, TRACE_MEBIBYTES_MAX);
  return mebibytes === undefined ? undefined : mebibytes * 1024 * 1024;
};

/** As many as a gateway takes altogether. */
const USER_CONNECTIONS_MAX = 100_000;

const userConnectionsOf = (text: string) => wholeNumberOf(text, 1, USER_CONNECTIONS_MAX);

const multiLoginOf = (text: string): MultiLogin | undefined => {
  const choice = oneOf(MULTI_LOGINS)(text);
  return choice === undefined ? undefined : POLICY_OF[choice];
};

const POLICY_OF = { '0': 0, '1': 1, '4': 4, '5': 5 } as const satisfies Record<
  (typeof MULTI_LOGINS)[number],
  MultiLogin
>;

const HOST_NAME = /^[A-Za-z0-9]([A-Za-z0-9.-]{0,252})$/;

const hostOf = (text: string) => (isIP(text) !== 0 || HOST_NAME.test(text) ? text : undefined);

/** Whether an address is of this machine alone. */
export const isLoopback = (host: string): boolean =>
  host === 'localhost' || host === '::1' || (isIPv4(host) && host.startsWith('127.'));

const USER_ID = /^[A-Za-z0-9_]{1,64}$/;

const adminsOf = (text: string): readonly UserId[] | undefined => {
  const names = text.split(',').map((name) => name.trim());
  // The pattern is what makes a text a user id.
  return names.every((name) => USER_ID.test(name))
    ? Object.freeze([...new Set(names)] as UserId[])
    : undefined;
};

/** User and password, nodes and settings: a URL, but that there may be several nodes in it. */
const ESDB = /^(?:esdb|kurrentdb)(?:\+discover)?:\/\/(?:[^\s@/?]+@)?[^\s@/?]+\/?(?:\?[^\s@]*)?$/;

const eventStoreOf = (text: string): Config['eventStore'] | undefined => {
  if (text === 'embedded') return EMBEDDED;
  return isEventStoreUrl(text) ? Object.freeze({ kind: 'esdb', url: text }) : undefined;
};

export const isEventStoreUrl = (text: string): boolean => ESDB.test(text);

const busOf = (text: string): Config['bus'] | undefined => {
  if (text === 'memory') return Object.freeze({ kind: 'memory' });
  return natsAddressOf(text) === undefined ? undefined : Object.freeze({ kind: 'nats', url: text });
};

const keysOf = (text: string): Config['keys'] | undefined => {
  if (text === 'embedded') return EMBEDDED;
  return isPostgres(text) ? Object.freeze({ kind: 'postgres', url: text }) : undefined;
};

const postgresOf = (text: string): Config['postgres'] | undefined => {
  if (text === '') return EMBEDDED;
  return isPostgres(text) ? Object.freeze({ kind: 'url', url: text }) : undefined;
};

const isPostgres = (text: string): boolean => {
  const isUrl = URL.canParse(text) || URL.canParse(text.replace(LOGIN_WITHOUT_HOST, '$1'));
  return /^postgres(ql)?:\/\//.test(text) && isUrl;
};

/** `postgres://user@/db?host=/run/postgresql` is what Postgres and its clients call a socket's folder by. */
const LOGIN_WITHOUT_HOST = /^(postgres(?:ql)?:\/\/)[^/?#\s]*@(?=\/\S*[?&]host=\S)/;

const EMBEDDED = Object.freeze({ kind: 'embedded' } as const);
