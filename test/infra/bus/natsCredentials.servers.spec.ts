import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { nkeys } from 'nats';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openNats } from '../../../infra/bus/nats.ts';
import { BusUnusable } from '../../../infra/bus/natsUnusable.ts';
import { natsServer, type NatsServer } from '../../support/natsServer.ts';

const run = promisify(execFile);
const silent = { info: () => undefined, warn: () => undefined };

let folder = '';
const started: NatsServer[] = [];
const serve = async (...args: readonly string[]): Promise<NatsServer> => {
  const made = await natsServer(...args);
  started.push(made);
  await made.start();
  return made;
};

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'seqline-nats-credentials-'));
});
afterAll(async () => {
  for (const one of started) await one.kill();
  await rm(folder, { recursive: true, force: true });
});

const outcome = async (url: string): Promise<string> => {
  try {
    await (await openNats({ url, cluster: 'one', log: silent })).close();
  } catch (error) {
    if (error instanceof BusUnusable) return error.message;
    throw error;
  }
  return 'let in';
};

type Pair = Readonly<{
  getPublicKey: () => string;
  getSeed: () => Uint8Array;
  sign: (bytes: Uint8Array) => Uint8Array;
}>;

/** The library's types of them are lost on the way. */
const { createOperator, createAccount, createUser } = nkeys as Readonly<
  Record<'createOperator' | 'createAccount' | 'createUser', () => Pair>
>;

/** A JWT as NATS has them: of `subject`, signed by `issuer`. */
const jwtOf = (issuer: Pair, subject: Pair, nats: object, more: object = {}): string => {
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const claims = {
    jti: 'test',
    iat: Math.floor(Date.now() / 1_000),
    iss: issuer.getPublicKey(),
    name: 'test',
    sub: subject.getPublicKey(),
    ...more,
    nats: { version: 2, ...nats },
  };
  const signed = `${part({ typ: 'JWT', alg: 'ed25519-nkey' })}.${part(claims)}`;
  const signature = Buffer.from(issuer.sign(Buffer.from(signed))).toString('base64url');
  return `${signed}.${signature}`;
};

const UNLIMITED = { subs: -1, data: -1, payload: -1 };
const ACCOUNT = { imports: -1, exports: -1, wildcards: true, conn: -1, leaf: -1, ...UNLIMITED };

/** What `nsc` writes for a user. */
const credentialsOf = (jwt: string, user: Pair): string => {
  const seed = Buffer.from(user.getSeed()).toString();
  const lines = (name: string, text: string): string =>
    `-----BEGIN ${name}-----\n${text}\n------END ${name}------\n`;
  return `${lines('NATS USER JWT', jwt)}\n${lines('USER NKEY SEED', seed)}`;
};

describe('a NATS that', () => {
  test('[BUS-10] wants a JWT and a seed takes those of a credentials file, and none that are not good', async () => {
    const [operator, account] = [createOperator(), createAccount()];
    const config = join(folder, 'operator.conf');
    const accountJwt = jwtOf(operator, account, { type: 'account', limits: ACCOUNT });
    await writeFile(
      config,
      `operator: ${jwtOf(operator, operator, { type: 'operator' })}\nresolver: MEMORY\n` +
        `resolver_preload: { ${account.getPublicKey()}: "${accountJwt}" }\n`,
    );
    const server = await serve('-c', config);
    const at = `127.0.0.1:${String(server.port)}`;
    const fileOf = async (name: string, signer: Pair, more: object = {}): Promise<string> => {
      const user = createUser();
      const jwt = jwtOf(signer, user, { type: 'user', ...UNLIMITED }, more);
      await writeFile(join(folder, name), credentialsOf(jwt, user));
      return join(folder, name);
    };

    const good = await fileOf('good.creds', account);
    expect(await outcome(`nats://${at}?credentials=${good}`)).toBe('let in');
    const strange = await fileOf('strange.creds', createAccount());
    const old = await fileOf('old.creds', account, { exp: Math.floor(Date.now() / 1_000) - 60 });
    for (const url of [
      `nats://${at}`,
      ...[strange, old].map((file) => `nats://${at}?credentials=${file}`),
    ]) {
      expect(await outcome(url)).toMatch(/credentials=FILE .* into SEQLINE_BUS/);
    }
    expect(await outcome(`nats://${at}?credentials=${join(folder, 'nowhere.creds')}`)).toMatch(
      /a file that SEQLINE_BUS names is not there/,
    );
    const broken = join(folder, 'broken.creds');
    await writeFile(broken, 'nothing of the sort\n');
    expect(await outcome(`nats://${at}?credentials=${broken}`)).toMatch(/none that nsc writes/);
    expect(await outcome(`nats://${at}?credentials=${folder}`)).toMatch(/cannot be read/);
  });

  test('[BUS-10] knows a user by its key takes the seed of it, and no other', async () => {
    const [user, stranger] = [createUser(), createUser()];
    const config = join(folder, 'nkey.conf');
    await writeFile(config, `authorization: { users: [ { nkey: ${user.getPublicKey()} } ] }\n`);
    const server = await serve('-c', config);
    const at = `127.0.0.1:${String(server.port)}`;
    const fileOf = async (name: string, text: string): Promise<string> => {
      await writeFile(join(folder, name), text);
      return join(folder, name);
    };
    const seedOf = (pair: Pair): string => Buffer.from(pair.getSeed()).toString();
    const good = await fileOf('user.nk', `${seedOf(user)}\n`);
    expect(await outcome(`nats://${at}?nkey=${good}`)).toBe('let in');
    const strange = await fileOf('stranger.nk', seedOf(stranger));
    for (const url of [`nats://${at}`, `nats://${at}?nkey=${strange}`]) {
      expect(await outcome(url)).toMatch(/wants a login.*\?nkey=FILE/);
    }
    const broken = await fileOf('broken.nk', 'SUNOTHINGOFTHESORT');
    const told = await outcome(`nats://${at}?nkey=${broken}`);
    expect(told).toMatch(/the seed of a user, which begins with SU/);
    expect(told).not.toContain('NOTHINGOFTHESORT');
  });

  test.each([
    ['subscribe to', 'publish: ">", subscribe: "other.>"'],
    ['publish to', 'publish: "other.>", subscribe: ">"'],
    ['subscribe to and publish to', 'publish: "other.>", subscribe: "other.>"'],
  ])(
    '[BUS-10] does not let its user %s our subjects is named with that',
    async (what, permissions) => {
      const config = join(folder, `${what.replaceAll(' ', '-')}.conf`);
      const login = 'user: ann, password: correct-horse';
      await writeFile(
        config,
        `authorization: { users: [ { ${login}, permissions: { ${permissions} } } ] }\n`,
      );
      const server = await serve('-c', config);
      const told = await outcome(`nats://ann:correct-horse@127.0.0.1:${String(server.port)}`);
      expect(told).toMatch(
        new RegExp(`lets its user in, but not ${what} seqline\\.one\\..*seqline\\.>`),
      );
      expect(told).not.toContain('correct-horse');
    },
  );

  test('[BUS-10] lets its user have our subjects and no others is enough', async () => {
    const config = join(folder, 'enough.conf');
    const permissions = 'publish: "seqline.>", subscribe: "seqline.>"';
    const login = 'user: ann, password: correct-horse';
    await writeFile(
      config,
      `authorization: { users: [ { ${login}, permissions: { ${permissions} } } ] }\n`,
    );
    const server = await serve('-c', config);
    const url = `nats://ann:correct-horse@127.0.0.1:${String(server.port)}`;
    expect(await outcome(url)).toBe('let in');
  });

  test('[BUS-11] takes less at a time than may be told is named with what to raise', async () => {
    const config = join(folder, 'small.conf');
    await writeFile(config, 'max_payload: 524287\n');
    const server = await serve('-c', config);
    expect(await outcome(server.url)).toMatch(/takes 524287 bytes.*raise its max_payload/);
  });

  test('[BUS-10] wants certificates of its clients is shown one, and says so where there is none', async () => {
    const made = async (name: string): Promise<readonly [key: string, certificate: string]> => {
      const [key, certificate] = [join(folder, `${name}.key`), join(folder, `${name}.pem`)];
      await run('openssl', [
        ...['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', `/CN=${name}`],
        ...['-addext', 'subjectAltName=DNS:localhost', '-keyout', key, '-out', certificate],
      ]);
      return [key, certificate];
    };
    const [key, certificate] = await made('localhost');
    const [clientKey, clientCertificate] = await made('seqline');
    const server = await serve(
      ...['--tls', '--tlscert', certificate, '--tlskey', key],
      ...['--tlsverify', '--tlscacert', clientCertificate],
    );
    const url = `tls://localhost:${String(server.port)}?ca=${certificate}`;
    expect(await outcome(`${url}&certificate=${clientCertificate}&key=${clientKey}`)).toBe(
      'let in',
    );
    expect(await outcome(url)).toMatch(/certificate=/);
  });
});
