import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { logDirectory } from '../../../../infra/app/storage/places.ts';
import { openStorage } from '../../../../infra/app/storage/storage.ts';
import { openEmbeddedLog } from '../../../../infra/eventstore/embedded/embeddedLog.ts';
import { openEsdb } from '../../../../infra/eventstore/esdb/esdbLog.ts';
import { foundLog } from '../../../../infra/eventstore/esdb/founding.ts';
import { SealChoiceChanged } from '../../../../infra/eventstore/sealChoice.ts';
import { serveEventStore } from '../../../../infra/eventstore/server/serve.ts';
import { createLog } from '../../../../infra/observe/log.ts';
import { event, newStream } from '../../../support/eventStore/events.ts';
import { startServedLog, type ServedLog } from '../../../support/eventStore/servedLog.ts';

let served: ServedLog;
beforeAll(async () => {
  served = await startServedLog();
});
afterAll(() => served.remove());

describe('opening EventStoreDB', () => {
  const refusalOf = async (connectionString: string): Promise<string> => {
    const log = await openEsdb({ connectionString }).catch((error: unknown) => String(error));
    if (typeof log === 'string') return log;
    await log.close();
    return 'opened';
  };

  test('[OPS-40] where nobody listens, the address is named without its password', async () => {
    const said = await refusalOf('esdb://admin:hunter2@127.0.0.1:1?tls=false');
    expect(said).toMatch(/SEQLINE_EVENTSTORE: esdb:\/\/admin:\*\*\*@127\.0\.0\.1:1.*start it/);
    expect(said).not.toContain('hunter2');
  });

  test('[OPS-40] TLS where the server has none is said to be that', async () => {
    expect(await refusalOf(`esdb://127.0.0.1:${served.port()}`)).toContain('add ?tls=false');
  });

  test('[OPS-40] no TLS where the server hangs up is said to be possible', async () => {
    // As a server of TLS answers a greeting that is none of TLS: with an alert, and it is gone.
    const alert = Uint8Array.of(21, 3, 1, 0, 2, 2, 70);
    const hangsUp = createServer((socket) => socket.once('data', () => socket.end(alert)));
    hangsUp.listen(0, '127.0.0.1');
    await once(hangsUp, 'listening');
    const address = hangsUp.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const said = await refusalOf(`esdb://127.0.0.1:${port}?tls=false`);
    expect(said).toContain('leave out tls=false');
    hangsUp.close();
  });

  test('[STO-4] a setting that has other clients pass over conflicts changes nothing here', async () => {
    const connectionString = `${served.url()}&throwOnAppendFailure=false`;
    const log = await openEsdb({ connectionString });
    const stream = newStream();
    await log.append(stream, 'no_stream', [event()]);
    const conflict = { kind: 'conflict', actual: 0 };
    expect(await log.append(stream, 'no_stream', [event()])).toEqual(conflict);
    await log.close();
  });

  test('[STO-14] all who open it have the same id, and kurrentdb:// is the same', async () => {
    const opened = await Promise.all(
      [served.url(), served.url(), served.url().replace('esdb', 'kurrentdb')].map(
        (connectionString) => openEsdb({ connectionString }),
      ),
    );
    const ids = await Promise.all(opened.map((log) => log.logId()));
    expect(ids[0]).toMatch(/^[0-9a-f]{32}$/);
    expect(new Set(ids).size).toBe(1);
    for (const log of opened) await log.close();
  });

  test("[STO-54] the store's own events are neither shown nor the head", async () => {
    const log = await openEsdb({ connectionString: served.url() });
    const stream = newStream();
    const result = await log.append(stream, 'no_stream', [event()]);
    if (result.kind !== 'appended') throw new Error('it is a new stream');
    for (let round = 0; round < 20; round++)
      await served.store.append('$stats-127.0.0.1:2113', 'any', [event('stats')]);
    expect(await log.head()).toBe(result.position);
    const from = result.position - 1;
    const page = await log.readAll({ from, direction: 'forwards', max: 100 });
    expect(page.events.map((one) => one.stream)).toEqual([stream]);
    expect(page.next).toBe(result.position + 20);
    await log.close();
  });
});

describe('the storage of a process whose log is elsewhere', () => {
  const log = createLog('silent');
  let data: string;
  beforeAll(async () => {
    data = await mkdtemp(join(tmpdir(), 'seqline-storage-'));
  });
  afterAll(() => rm(data, { recursive: true, force: true }));
  const open = (seal: boolean) =>
    openStorage({ data, seal, eventStore: { kind: 'esdb', url: served.url() } }, log);

  test('[STO-55] it is opened again with its keys, and only with the choice it was made with', async () => {
    const first = await open(true);
    const id = await first.store.logId();
    expect(first.store.writability()).toEqual({ writable: true });
    await first.close();
    await expect(open(false)).rejects.toThrow(SealChoiceChanged);
    const again = await open(true);
    expect(await again.store.logId()).toBe(id);
    await again.close();
  });
});

describe('an embedded log that is served from now on', () => {
  test('[STO-55] it keeps its id, its keys and its choice of sealing', async () => {
    const data = await mkdtemp(join(tmpdir(), 'seqline-moved-'));
    const quiet = createLog('silent');
    const before = await openStorage({ data, seal: true }, quiet);
    const id = await before.store.logId();
    await before.store.append('user-ann', 'no_stream', [event()]);
    await before.close();

    const store = await openEmbeddedLog({ directory: logDirectory(data) });
    await foundLog(store, await store.logId());
    const log = { error: () => undefined };
    const server = await serveEventStore({ store, port: 0, allowWrites: true, log });
    const url = `esdb://127.0.0.1:${server.port}?tls=false`;
    const open = (seal: boolean) =>
      openStorage({ data, seal, eventStore: { kind: 'esdb', url } }, quiet);
    await expect(open(false)).rejects.toThrow(SealChoiceChanged);
    const after = await open(true);
    expect(await after.store.logId()).toBe(id);
    await after.close();
    await server.close();
    await store.close();
    await rm(data, { recursive: true, force: true });
  });
});
