import { resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { ConfigError, readConfig, type Environment } from '../../../infra/config/config.ts';
import { describe as settings } from '../../../infra/config/settings.ts';

const DAY = 86_400_000;

const problemsOf = (environment: Environment): readonly string[] => {
  try {
    readConfig(environment);
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
  return [];
};

const MIB = 1024 * 1024;

describe('configuration', () => {
  test('needs nothing to be set', () => {
    expect(readConfig({})).toEqual({
      host: '127.0.0.1',
      httpPort: 10_002,
      wsPort: 10_001,
      data: resolve('data'),
      secret: 'openIM123',
      admins: ['imAdmin'],
      eventStore: { kind: 'embedded' },
      postgres: { kind: 'embedded' },
      bus: { kind: 'memory' },
      keys: { kind: 'embedded' },
      logLevel: 'info',
      metrics: 'local',
      analytics: true,
      traces: { keptMs: 30 * 60_000, bytes: 16 * MIB },
      seal: true,
      tokenLifetime: 90 * DAY,
      multiLogin: 1,
      userConnections: 400,
      friendVerify: false,
      groupHistory: true,
      webhooks: '',
      warnings: [],
    });
  });

  test.each([
    ['SEQLINE_HOST', '::1', { host: '::1' }],
    ['SEQLINE_HOST', 'localhost', { host: 'localhost' }],
    ['SEQLINE_HTTP_PORT', '0', { httpPort: 0 }],
    ['SEQLINE_WS_PORT', '65535', { wsPort: 65_535 }],
    ['SEQLINE_DATA', '/var/lib/seqline', { data: '/var/lib/seqline' }],
    ['SEQLINE_SECRET', 'of our own', { secret: 'of our own' }],
    ['SEQLINE_METRICS', 'open', { metrics: 'open' }],
    ['SEQLINE_FRIEND_VERIFY', 'on', { friendVerify: true }],
    ['SEQLINE_GROUP_HISTORY', 'off', { groupHistory: false }],
    ['SEQLINE_ADMIN', 'root, op_1,root', { admins: ['root', 'op_1'] }],
    [
      'DATABASE_URL',
      'postgres://u:p@db/x',
      { postgres: { kind: 'url', url: 'postgres://u:p@db/x' } },
    ],
    ['SEQLINE_LOG_LEVEL', 'silent', { logLevel: 'silent' }],
    ['SEQLINE_SEAL', 'off', { seal: false }],
    ['SEQLINE_TRACE_FOR', '1d', { traces: { keptMs: DAY, bytes: 16 * MIB } }],
    ['SEQLINE_TRACE_MEMORY', '0', { traces: { keptMs: 30 * 60_000, bytes: 0 } }],
    ['SEQLINE_TOKEN_LIFETIME', '7d', { tokenLifetime: 7 * DAY }],
    ['SEQLINE_TOKEN_LIFETIME', '45s', { tokenLifetime: 45_000 }],
    ['SEQLINE_MULTI_LOGIN', '5', { multiLogin: 5 }],
    ['SEQLINE_USER_CONNECTIONS', '1', { userConnections: 1 }],
    ['SEQLINE_USER_CONNECTIONS', '100000', { userConnections: 100_000 }],
    ['SEQLINE_HTTP_PORT', '', { httpPort: 10_002 }],
  ])('takes %s=%s', (name, value, wanted) => {
    expect(readConfig({ [name]: value })).toMatchObject(wanted);
  });

  test.each(['esdb://h', 'esdb+discover://u:p%40@c.example', 'kurrentdb://a:1,b:2/?tls=false'])(
    'takes SEQLINE_EVENTSTORE=%s',
    (url) =>
      expect(readConfig({ SEQLINE_EVENTSTORE: url }).eventStore).toEqual({ kind: 'esdb', url }),
  );

  test.each([
    ['SEQLINE_HOST', 'a b', 'SEQLINE_HOST: "a b" is not an address'],
    [
      'SEQLINE_HTTP_PORT',
      'abc',
      'SEQLINE_HTTP_PORT: "abc" is not a port; use a number from 0 to 65535 (0 picks a free one)',
    ],
    ['SEQLINE_WS_PORT', '65536', 'SEQLINE_WS_PORT: "65536" is not a port'],
    ['SEQLINE_WS_PORT', '-1', 'SEQLINE_WS_PORT: "-1" is not a port'],
    ['SEQLINE_WS_PORT', '10002', 'SEQLINE_WS_PORT: "10002" is SEQLINE_HTTP_PORT as well'],
    ['SEQLINE_ADMIN', 'a,,b', 'SEQLINE_ADMIN: "a,,b" are not user ids'],
    ['SEQLINE_ADMIN', 'a-b', 'SEQLINE_ADMIN: "a-b" are not user ids'],
    [
      'SEQLINE_EVENTSTORE',
      'mysql://admin:changeit@h:2113',
      'SEQLINE_EVENTSTORE: "mysql://admin:***@h:2113" is not a log; use embedded, or the address',
    ],
    ['SEQLINE_EVENTSTORE', 'sqlite', 'SEQLINE_EVENTSTORE: "sqlite" is not'],
    [
      'SEQLINE_BUS',
      'amqp://u:hidden@h',
      'SEQLINE_BUS: it is not a bus; use memory, or the address',
    ],
    [
      'SEQLINE_KEYS',
      'mysql://u:hidden@h',
      'SEQLINE_KEYS: it is not a place of keys; use embedded,',
    ],
    ['DATABASE_URL', 'mysql://u:hidden@h', 'DATABASE_URL: it is not a URL of Postgres'],
    ['SEQLINE_LOG_LEVEL', 'loud', 'SEQLINE_LOG_LEVEL: "loud" is not a level; use trace, debug,'],
    ['SEQLINE_SEAL', 'yes', 'SEQLINE_SEAL: "yes" is neither; use on or off'],
    ['SEQLINE_TRACE_FOR', '25h', 'SEQLINE_TRACE_FOR: "25h" is not a time'],
    ['SEQLINE_TRACE_MEMORY', '2000', 'SEQLINE_TRACE_MEMORY: "2000" is not a size'],
    ['SEQLINE_TOKEN_LIFETIME', '0d', 'SEQLINE_TOKEN_LIFETIME: "0d" is not a lifetime'],
    ['SEQLINE_TOKEN_LIFETIME', '90', 'SEQLINE_TOKEN_LIFETIME: "90" is not a lifetime'],
    ['SEQLINE_TOKEN_LIFETIME', '4000d', 'SEQLINE_TOKEN_LIFETIME: "4000d" is not a lifetime'],
    ['SEQLINE_MULTI_LOGIN', '2', 'SEQLINE_MULTI_LOGIN: "2" is not a policy; use 0, 1, 4 or 5'],
    [
      'SEQLINE_USER_CONNECTIONS',
      '0',
      'SEQLINE_USER_CONNECTIONS: "0" is not a number of connections',
    ],
    ['SEQLINE_USER_CONNECTIONS', '100001', 'SEQLINE_USER_CONNECTIONS: "100001" is not a number'],
  ])('[OPS-20] %s=%s is refused by name', (name, value, start) => {
    const problems = problemsOf({ [name]: value });
    expect(problems).toHaveLength(1);
    expect(problems[0]?.slice(0, start.length)).toBe(start);
  });

  test('[OPS-20] names all that is wrong at once', () => {
    const problems = problemsOf({
      SEQLINE_HTTP_PORT: 'x',
      SEQLINE_WS_PORT: 'y',
      SEQLINE_SEAL: 'z',
    });
    expect(problems.map((line) => line.split(':')[0])).toEqual([
      'SEQLINE_HTTP_PORT',
      'SEQLINE_WS_PORT',
      'SEQLINE_SEAL',
    ]);
  });

  test.each([
    ['0.0.0.0', undefined, 1],
    ['0.0.0.0', 'openIM123', 1],
    ['example.org', undefined, 1],
    ['127.example.org', undefined, 1],
    ['::', undefined, 1],
    ['0.0.0.0', 'of our own', 0],
    ['127.0.0.2', undefined, 0],
    ['localhost', undefined, 0],
    ['::1', 'openIM123', 0],
  ])('[OPS-21] on %s with the secret %s there are %i problems', (host, secret, count) => {
    const problems = problemsOf({ SEQLINE_HOST: host, SEQLINE_SECRET: secret });
    expect(problems).toHaveLength(count);
    if (count === 1) expect(problems[0]).toContain('SEQLINE_SECRET');
  });

  test('[NOD-6] with a bus, all that processes share is elsewhere; what is not is named', () => {
    const shared = {
      SEQLINE_BUS: 'nats://bus',
      SEQLINE_EVENTSTORE: 'esdb://store',
      DATABASE_URL: 'postgres://db/x',
      SEQLINE_KEYS: 'postgres://db/keys',
    };
    expect(readConfig(shared)).toMatchObject({
      bus: { kind: 'nats', url: 'nats://bus' },
      keys: { kind: 'postgres', url: 'postgres://db/keys' },
    });
    const alone = problemsOf({ SEQLINE_BUS: 'nats://bus' });
    expect(alone.map((line) => line.split(':')[0])).toEqual([
      'SEQLINE_EVENTSTORE',
      'DATABASE_URL',
      'SEQLINE_KEYS',
    ]);
  });

  test('[OPS-20] never shows a secret', () => {
    const hidden = 'hunter2';
    const problems = problemsOf({
      SEQLINE_HOST: 'not an address',
      SEQLINE_SECRET: hidden,
      DATABASE_URL: `mysql://u:${hidden}@h`,
      SEQLINE_EVENTSTORE: `esdb+http://admin:${hidden}@h`,
      SEQLINE_BUS: `nats://u:${hidden}@h`,
      SEQLINE_KEYS: `mysql://u:${hidden}@h`,
    });
    expect(problems.length).toBeGreaterThan(3);
    expect(problems.join()).not.toContain(hidden);
  });

  test.each([
    'esdb://admin:hun/ter2@h:2113',
    'esdb://admin:hun?ter#2@h',
    'esdb://admin:hun@ter2/@h:2113',
    'esdb://admin:"hun ter2"@h',
    'kurrentdb+discover://admin:x/y:hunter@h',
  ])('[OPS-20] shows no part of a password that was not encoded: %s', (url) => {
    const [problem = ''] = problemsOf({ SEQLINE_EVENTSTORE: url });
    expect(problem).toContain(':***@h');
    expect(problem).not.toMatch(/hun|ter2|x\/y/);
  });

  test.each([
    'postgresql:///db?host=/run/postgresql',
    'postgresql://me@/db?host=%2Frun%2Fpostgresql',
    'postgres://me:secret@/db?application_name=x&host=/run/postgresql',
  ])('takes the folder of a socket as Postgres writes it: %s', (url) => {
    expect(readConfig({ DATABASE_URL: url }).postgres).toEqual({ kind: 'url', url });
  });

  test.each(['postgres://me@/db', 'postgres://me@/db?x=1', 'postgres://a b@/db?host=/x'])(
    '[OPS-20] %s is refused, with what would be right',
    (url) => {
      expect(problemsOf({ DATABASE_URL: url }).join()).toContain('host=/folder/of/the/socket');
    },
  );

  test('warns of what looks like a setting and is none', () => {
    const { warnings } = readConfig({
      SEQLINE_HTPP_PORT: '1',
      SEQLINE_COLOUR: 'red',
      PATH: '/bin',
    });
    expect(warnings).toEqual([
      'SEQLINE_COLOUR is not a setting and has no effect',
      'SEQLINE_HTPP_PORT is not a setting and has no effect; did you mean SEQLINE_HTTP_PORT?',
    ]);
  });

  test('cannot be changed', () => {
    const config = readConfig({});
    for (const part of [config, config.admins, config.eventStore, config.bus, config.warnings]) {
      expect(Object.isFrozen(part)).toBe(true);
    }
  });

  test('is described, a line for each setting', () => {
    const names = settings().map(({ name }) => name);
    expect(names).toHaveLength(22);
    expect(settings()[1]).toEqual({
      name: 'SEQLINE_HTTP_PORT',
      fallback: '10002',
      summary: 'port of the HTTP API; 0 picks a free one',
    });
    for (const { summary } of settings()) expect(summary).not.toContain('\n');
  });
});
