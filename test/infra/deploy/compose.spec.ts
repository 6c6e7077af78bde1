import { readFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { rolesOf } from '../../../infra/app/roles.ts';
import { readConfig } from '../../../infra/config/config.ts';
import { packageRoot } from '../../../infra/packageRoot.ts';
import { isRecord } from '../../support/json.ts';
import { SERVICES } from '../../support/topology.ts';

/**
 * Nothing here can run these two files, so what they say is held against what they speak of: the settings, the command
 * line, the folders of the build, and the processes that the tests of many start in their place.
 */
const SECRET = 'of-the-app-server';
const PASSWORD = 'of-Postgres';

type Record_ = Readonly<Record<string, unknown>>;

const recordOf = (value: unknown, what: string): Record_ => {
  if (!isRecord(value)) throw new Error(`${what} is no record: ${JSON.stringify(value)}`);
  return value;
};

const textOf = (value: unknown, what: string): string => {
  if (typeof value !== 'string') throw new Error(`${what} is no text: ${JSON.stringify(value)}`);
  return value;
};

/** As Compose puts in what it is started with. */
const filledIn = (text: string): string =>
  text
    .replace(/\$\{SEQLINE_SECRET(?::\?[^}]*)?\}/g, SECRET)
    .replace(/\$\{POSTGRES_PASSWORD(?::\?[^}]*)?\}/g, PASSWORD);

let services: Record_ = {};
let volumes: Record_ = {};
let dockerfile: readonly string[] = [];

beforeAll(async () => {
  const deploy = `${packageRoot()}/infra/deploy`;
  const text = filledIn(await readFile(`${deploy}/compose.yaml`, 'utf8'));
  expect(text).not.toContain('${');
  const all = recordOf(parse(text, { merge: true }), 'compose.yaml');
  services = recordOf(all['services'], 'services');
  volumes = recordOf(all['volumes'], 'volumes');
  const lines = (await readFile(`${deploy}/Dockerfile`, 'utf8')).replaceAll('\\\n', ' ');
  dockerfile = lines.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
});

/** The arguments of each line of the Dockerfile that begins with this word. */
const linesOf = (word: string): readonly string[] =>
  dockerfile.flatMap((line) => (line.startsWith(`${word} `) ? [line.slice(word.length + 1)] : []));

const imageEnvironment = (): Record<string, string> =>
  Object.fromEntries(
    linesOf('ENV')
      .flatMap((line) => line.split(' '))
      .map((pair): [string, string] => {
        const [name = '', value = ''] = pair.split('=');
        return [name, value];
      }),
  );

const ofSeqline = (): readonly (readonly [string, Record_])[] =>
  Object.entries(services)
    .map(([name, service]) => [name, recordOf(service, name)] as const)
    .filter(([, { image }]) => image === 'seqline');

describe('the compose file', () => {
  test('starts the processes that the tests of many processes start, with their roles', () => {
    const roles = ofSeqline().map(([name, { command }]) => {
      const [, asked = ''] = /^serve --roles (\S+)$/.exec(textOf(command, name)) ?? [];
      expect(rolesOf(asked)).toBeDefined();
      return [name, asked];
    });
    expect(Object.fromEntries(roles)).toEqual(SERVICES);
  });

  test('gives each of them settings that are known, right, and the same as the others have', () => {
    const configs = ofSeqline().map(([name, { environment }]) => {
      const given = { ...imageEnvironment(), ...recordOf(environment, name) };
      const texts = Object.entries(given).map(([key, value]) => [key, textOf(value, key)] as const);
      return readConfig(Object.fromEntries(texts));
    });
    expect(configs).toHaveLength(Object.keys(SERVICES).length);
    for (const config of configs) {
      expect(config).toEqual(configs[0]);
      expect(config.warnings).toEqual([]);
      expect([config.eventStore.kind, config.postgres.kind]).toEqual(['esdb', 'url']);
      expect([config.bus.kind, config.keys.kind]).toEqual(['nats', 'postgres']);
      expect([config.host, config.secret]).toEqual(['0.0.0.0', SECRET]);
    }
  });

  test('reaches what it starts: hosts are services, and Postgres is asked for what it was made with', () => {
    const [[, any]] = ofSeqline() as [readonly [string, Record_]];
    const environment = recordOf(any['environment'], 'environment');
    for (const name of ['SEQLINE_EVENTSTORE', 'DATABASE_URL', 'SEQLINE_KEYS', 'SEQLINE_BUS']) {
      const url = new URL(textOf(environment[name], name));
      const service = recordOf(services[url.hostname], `the host of ${name}`);
      if (!url.protocol.startsWith('postgres')) continue;
      expect(service['environment']).toEqual({
        POSTGRES_USER: url.username,
        POSTGRES_PASSWORD: url.password,
        POSTGRES_DB: url.pathname.slice(1),
      });
    }
    const { DATABASE_URL, SEQLINE_KEYS } = environment;
    expect(DATABASE_URL).not.toBe(SEQLINE_KEYS);
  });

  test('waits for services that are there, in a state that they can reach, and starts all again', () => {
    for (const [name, entry] of Object.entries(services)) {
      const service = recordOf(entry, name);
      expect([name, service['restart']]).toEqual([name, 'unless-stopped']);
      const waits = recordOf(service['depends_on'] ?? {}, `what ${name} waits for`);
      for (const [other, how] of Object.entries(waits)) {
        const { condition } = recordOf(how, other);
        const { healthcheck } = recordOf(services[other], other);
        expect([other, condition]).toEqual([
          other,
          healthcheck === undefined ? 'service_started' : 'service_healthy',
        ]);
      }
    }
  });

  test('keeps in volumes of their own what must not be lost, and publishes each port once', () => {
    const kept = ['eventstore', 'postgres', 'keys'];
    expect(Object.keys(volumes).sort()).toEqual([...kept].sort());
    for (const name of kept) {
      const [volume] = recordOf(services[name], name)['volumes'] as unknown[];
      expect(textOf(volume, name).split(':')[0]).toBe(name);
    }
    const ports = Object.values(services).flatMap(
      (service) => (recordOf(service, 'a service')['ports'] ?? []) as readonly string[],
    );
    expect(new Set(ports.map((port) => port.split(':')[0])).size).toBe(ports.length);
    const { httpPort, wsPort } = readConfig({});
    const exposed = linesOf('EXPOSE').flatMap((line) => line.split(' '));
    for (const port of ports) expect(exposed).toContain(port.split(':')[1]);
    expect(exposed.map(Number)).toEqual([wsPort, httpPort]);
  });
});

describe('the Dockerfile', () => {
  test('copies what is there, and all that the build needs', async () => {
    const copied = linesOf('COPY')
      .filter((line) => !line.startsWith('--from'))
      .flatMap((line) => line.split(' ').slice(0, -1));
    for (const path of copied)
      expect([path, existsSync(`${packageRoot()}/${path}`)]).toEqual([path, true]);
    const build = parse(await readFile(`${packageRoot()}/tsconfig.build.json`, 'utf8')) as unknown;
    const { include } = recordOf(build, 'tsconfig.build.json');
    for (const path of include as readonly string[]) expect(copied).toContain(path.split('/')[0]);
  });

  test('starts the program as npm does, as a user of no rights, in the folder that this user owns', async () => {
    const text = await readFile(`${packageRoot()}/package.json`, 'utf8');
    const { bin, scripts, engines } = recordOf(JSON.parse(text), 'package.json');
    const program = textOf(recordOf(bin, 'bin')['seqline'], 'seqline');
    const [entry = ''] = linesOf('ENTRYPOINT');
    const words = (JSON.parse(entry) as readonly string[]).join(' ');
    expect(words.endsWith(program)).toBe(true);
    expect(textOf(recordOf(scripts, 'scripts')['start'], 'start')).toBe(`exec ${words} serve`);
    expect(linesOf('CMD').map((line) => JSON.parse(line) as unknown)).toEqual([['serve']]);
    const [user = ''] = linesOf('USER');
    const { SEQLINE_DATA: data = '' } = imageEnvironment();
    expect([user, ...linesOf('VOLUME')]).toEqual(['node', data]);
    expect(linesOf('RUN').at(-1)).toBe(`mkdir ${data} && chown ${user}:${user} ${data}`);
    const [major = ''] = /\d+/.exec(textOf(recordOf(engines, 'engines')['node'], 'node')) ?? [];
    for (const image of linesOf('FROM')) expect(image).toMatch(`node:${major}-`);
  });
});
