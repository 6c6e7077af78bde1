import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { subjectOf, type Bus } from '../../../infra/bus/bus.ts';
import { openNats } from '../../../infra/bus/nats.ts';
import { BusUnusable } from '../../../infra/bus/natsUnusable.ts';
import { busContract, hearing } from '../../support/busContract.ts';
import { openRelay } from '../../support/faultRelay.ts';
import { natsServer, type NatsServer } from '../../support/natsServer.ts';
import { untilTrue } from '../../support/until.ts';

const run = promisify(execFile);
const silent = { info: () => undefined, warn: () => undefined };
const open = (url: string, cluster = 'one'): Promise<Bus> =>
  openNats({ url, cluster, log: silent });
const ann = subjectOf('u', 'ann');
const FLUSH_MS = 10_000;

let folder = '';
let server: NatsServer;
const started: NatsServer[] = [];
const serve = async (...args: readonly string[]): Promise<NatsServer> => {
  const made = await natsServer(...args);
  started.push(made);
  await made.start();
  return made;
};

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'seqline-nats-'));
  server = await serve();
});
afterAll(async () => {
  for (const one of started) await one.kill();
  await rm(folder, { recursive: true, force: true });
});

let clusters = 0;
busContract('NATS', async (count, work) => {
  clusters += 1;
  const cluster = `contract-${String(clusters)}`;
  const buses = await Promise.all(Array.from({ length: count }, () => open(server.url, cluster)));
  try {
    await work(buses);
  } finally {
    await Promise.all(buses.map((bus) => bus.close()));
  }
});

const refusal = async (url: string): Promise<string> => {
  try {
    await (await open(url)).close();
  } catch (error) {
    if (error instanceof BusUnusable) return error.message;
    throw error;
  }
  return 'let in';
};

/** What a bus says of its connection, in order. */
const changes = (bus: Bus): string[] => {
  const seen: string[] = [];
  bus.onChange({ cut: () => seen.push('cut'), whole: () => seen.push('whole') });
  return seen;
};

describe('a connection to NATS', () => {
  test('[BUS-8] comes back by itself with all that is listened to, and says from when to when something may be missed', async () => {
    const own = await serve();
    const [one, other] = [await open(own.url), await open(own.url)];
    try {
      const { heard } = hearing(other, ann);
      const seen = changes(other);
      await other.flush(FLUSH_MS);
      for (let round = 1; round <= 2; round += 1) {
        await own.kill();
        await untilTrue('the cut is seen', () => seen.at(-1) === 'cut' && !one.isConnected());
        expect(one.publish(ann, Buffer.from('lost'))).toBe(false);
        expect(await other.flush(50)).toBe(false);
        await own.start();
        await untilTrue('it is whole', () => seen.at(-1) === 'whole');
        await untilTrue('it is told', () => one.publish(ann, Buffer.from(String(round))));
        await untilTrue('it is heard', () => heard.length === round);
      }
      expect(heard).toEqual(['1', '2']);
      expect(seen).toEqual(['cut', 'whole', 'cut', 'whole']);
    } finally {
      await one.close();
      await other.close();
    }
  });

  test('[BUS-8] is cut by the server when it does not take what it gets, and is whole again', async () => {
    const config = join(folder, 'slow.conf');
    await writeFile(config, 'max_pending: 2000000\nwrite_deadline: "1s"\n');
    const own = await serve('-c', config);
    const relay = await openRelay(own.port);
    const [one, slow] = [await open(own.url), await open(relay.wsAddr.replace('ws://', 'nats://'))];
    try {
      const { heard } = hearing(slow, ann);
      const seen = changes(slow);
      await slow.flush(FLUSH_MS);
      relay.pause();
      const much = Buffer.alloc(100_000, 'x');
      await untilTrue('the server gives it up', () => {
        for (let burst = 0; burst < 50; burst += 1) one.publish(ann, much);
        relay.resume();
        relay.pause();
        return seen.includes('cut') || !slow.isConnected();
      });
      relay.resume();
      await untilTrue('it is whole', () => seen.includes('whole') && slow.isConnected());
      await untilTrue('what is said now is heard', () => {
        one.publish(ann, Buffer.from('now'));
        return heard.includes('now');
      });
    } finally {
      await one.close();
      await slow.close();
      await relay.close();
    }
  });

  test('[BUS-9] clusters that share a NATS do not hear each other', async () => {
    const [one, same, other] = [
      await open(server.url, 'a'),
      await open(server.url, 'a'),
      await open(server.url, 'b'),
    ];
    const near = hearing(same, ann);
    const far = hearing(other, ann);
    await same.flush(FLUSH_MS);
    await other.flush(FLUSH_MS);
    one.publish(ann, Buffer.from('hello'));
    await untilTrue('its own hear it', () => near.heard.length === 1);
    await one.flush(FLUSH_MS);
    await other.flush(FLUSH_MS);
    expect(far.heard).toEqual([]);
    for (const bus of [one, same, other]) await bus.close();
  });

  test('[BUS-10] a login that is wanted and not given, or wrong, is named without it', async () => {
    const own = await serve('--user', 'ann', '--pass', 'correct-horse');
    const at = `127.0.0.1:${String(own.port)}`;
    expect(await refusal(`nats://${at}`)).toMatch(/wants a login.*SEQLINE_BUS/);
    const wrong = await refusal(`nats://ann:wrong-horse@${at}`);
    expect(wrong).toMatch(/wants a login/);
    expect(wrong).not.toContain('wrong-horse');
    expect(await refusal(`nats://ann:correct-horse@${at}`)).toBe('let in');
  });

  test('[BUS-10] a token lets in', async () => {
    const own = await serve('--auth', 'a-token');
    expect(await refusal(`nats://a-token@127.0.0.1:${String(own.port)}`)).toBe('let in');
    expect(await refusal(`nats://wrong-token@127.0.0.1:${String(own.port)}`)).not.toContain(
      'wrong-token',
    );
  });

  test('[BUS-10] TLS is spoken with the certificates that are named, and what is missing is named', async () => {
    const [key, certificate] = [join(folder, 'key.pem'), join(folder, 'certificate.pem')];
    await run('openssl', [
      ...['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', '/CN=localhost'],
      ...['-addext', 'subjectAltName=DNS:localhost', '-keyout', key, '-out', certificate],
    ]);
    const own = await serve('--tls', '--tlscert', certificate, '--tlskey', key);
    const at = `localhost:${String(own.port)}`;
    expect(await refusal(`tls://${at}?ca=${certificate}`)).toBe('let in');
    expect(await refusal(`tls://${at}`)).toMatch(/ca=FILE/);
    const plain = `tls://127.0.0.1:${String(server.port)}`;
    expect(await refusal(plain)).toMatch(/it speaks no TLS: use nats:/);
    expect(await refusal(`tls://${at}?ca=${join(folder, 'nowhere.pem')}`)).toMatch(
      /a file that SEQLINE_BUS names is not there/,
    );
  });

  test('[BUS-11] a server that is not there, or is too old, is named with what to do', async () => {
    const gone = await natsServer();
    expect(await refusal(gone.url)).toMatch(/start nats-server/);
    const old = createServer((socket) => {
      socket.on('error', () => undefined);
      const info = { server_id: 'OLD', version: '1.4.1', proto: 1, max_payload: 1_048_576 };
      socket.write(`INFO ${JSON.stringify(info)}\r\n`);
      socket.on('data', (bytes) => {
        if (bytes.toString().includes('PING')) socket.write('PONG\r\n');
      });
    });
    await new Promise<void>((resolve) => old.listen(0, '127.0.0.1', resolve));
    const address: AddressInfo | string | null = old.address();
    if (address === null || typeof address === 'string') throw new Error('no port');
    expect(await refusal(`nats://127.0.0.1:${String(address.port)}`)).toMatch(
      /version 1\.4\.1, and 2\.0 or later is needed/,
    );
    await new Promise((resolve) => old.close(resolve));
  });
});
