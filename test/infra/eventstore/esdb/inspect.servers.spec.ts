import { createServer } from 'node:http';
import { once } from 'node:events';
import { status } from '@grpc/grpc-js';
import { afterEach, expect, test } from 'vitest';
import { inspectEsdb } from '../../../../infra/eventstore/esdb/inspect.ts';
import { openEsdb } from '../../../../infra/eventstore/esdb/esdbLog.ts';
import { openEsdbForReading } from '../../../../infra/eventstore/esdb/reader.ts';
import { LOG_STREAM, copyBegun } from '../../../../infra/eventstore/history.ts';
import {
  NOT_LEADER,
  UNAUTHENTICATED,
  deadPort,
  startFakeNode,
  type FakeNode,
} from '../../../support/eventStore/fakeNode.ts';
import { startServedLog } from '../../../support/eventStore/servedLog.ts';

const FOLLOWER = 6;
const READ_ONLY_REPLICA = 14;

const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).toReversed()) await end();
});

const fake = async (options: Parameters<typeof startFakeNode>[0]): Promise<FakeNode> => {
  const node = await startFakeNode(options);
  ends.push(node.stop);
  return node;
};

/** What a start says, and what the doctor says. */
const both = async (url: string): Promise<readonly string[]> => {
  const start = await openEsdb({ connectionString: url }).then(
    async (log) => {
      await log.close();
      return 'opened';
    },
    (error: unknown) => String(error),
  );
  const findings = await inspectEsdb(url);
  const said = findings.filter(({ good }) => !good).map(({ what }) => what);
  return [start, said.join('\n')];
};

test('[OPS-40] a user or password that is refused is said by start and doctor', async () => {
  const { url } = await fake({ fails: UNAUTHENTICATED, version: '24.10.0' });
  for (const said of await both(url)) {
    expect(said).toContain('SEQLINE_EVENTSTORE: esdb://127.0.0.1');
    expect(said).toContain('passwords are sent over TLS only, so leave out tls=false');
  }
});

test('[OPS-40] a user that may not read or write is said', async () => {
  const denied = {
    ...{ code: status.PERMISSION_DENIED, details: 'Access Denied' },
    trailers: { exception: 'access-denied' },
  };
  const { url } = await fake({ fails: denied, version: '24.10.0' });
  for (const said of await both(url)) expect(said).toContain('it wants a user');
});

test('[OPS-40] a follower whose leader cannot be reached is said to be that', async () => {
  const fails = NOT_LEADER(await deadPort());
  const { url } = await fake({ fails, onlyLeaders: true, version: '24.10.0' });
  for (const said of await both(url))
    expect(said).toMatch(/does not lead.*use esdb\+discover:\/\/|it cannot be reached/);
});

test.each([
  ['followers only', FOLLOWER],
  ['a read-only replica', READ_ONLY_REPLICA],
])('[OPS-40] a cluster of %s is said to have no leader', async (_what, state) => {
  // It sends whoever asks for the leader to itself.
  const options = { fails: NOT_LEADER, onlyLeaders: true, version: '24.10.0' };
  const node = await fake({ ...options, gossip: [state, state] });
  const url = `esdb+discover://127.0.0.1:${node.port}?tls=false&maxDiscoverAttempts=2`;
  for (const said of await both(url)) expect(said).toContain('does not lead');
});

test('[OPS-40] a server that is no event store is said to be that', async () => {
  const fails = { code: status.UNIMPLEMENTED, details: 'Method not found' };
  const { url } = await fake({ fails });
  for (const said of await both(url)) expect(said).toContain('there is no event store');
  const web = createServer((_, response) => response.end('hello')).listen(0, '127.0.0.1');
  ends.push(() => web.close());
  await once(web, 'listening');
  const address = web.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  for (const said of await both(`esdb://127.0.0.1:${port}?tls=false`))
    expect(said).toContain('if it is no event store, correct the address');
});

test('[OPS-42] the doctor looks at an event store without writing to it', async () => {
  const served = await startServedLog();
  ends.push(() => served.remove());
  const said = async () =>
    (await inspectEsdb(served.url())).map(({ good, what }) => `${good ? '✓' : '✗'} ${what}`);
  expect(await said()).toEqual([
    '✓ the event store answers (version 24.10.0)',
    '✓ the node leads; system projections and other applications do not matter',
    '✓ there is no log of Seqline yet: the first start makes it',
  ]);
  expect(await served.store.head()).toBe(0);
  const reading = await openEsdbForReading(served.url());
  expect(reading.logId).toBeUndefined();
  await reading.close();

  const log = await openEsdb({ connectionString: served.url() });
  const id = await log.logId();
  await log.close();
  const head = await served.store.head();
  expect((await said()).at(-1)).toBe(
    `✓ its log is ${id}, which does not say yet whether it is sealed`,
  );
  expect(await served.store.head()).toBe(head);
  await served.store.append(LOG_STREAM, 'any', [copyBegun(['a'])]);
  expect((await inspectEsdb(served.url())).at(-1)).toMatchObject({ good: false });
});

test('[OPS-42] the doctor names a version that is too old', async () => {
  const { url } = await fake({
    ...{ fails: NOT_LEADER(1), onlyLeaders: true, version: '21.10.0' },
  });
  const findings = await inspectEsdb(url);
  expect(findings.some(({ good }) => !good)).toBe(true);
});
