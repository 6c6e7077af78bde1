import { defineConfig, type TestProjectInlineConfiguration } from 'vitest/config';

/**
 * Suites of the built product that crashes, cuts and retries are about. Unless SEQLINE_TEST_STORE says
 * otherwise these run twice: with the log in the server, and in a process of its own. The others cannot
 * tell the difference but by way of what these try.
 */
const OVER_BOTH = ['crash', 'once', 'devices', 'mixed'];
const ALL = ['*'];
/** Nearly all of it is waiting for nothing to happen, so it runs beside the servers' tests. */
const WAITING = 'test/e2e/waiting.e2e.spec.ts';

/** The servers' tests wait for what they have started most of the time: more of them at once than cores. */
const SERVERS_AT_ONCE = 4;

/**
 * In milliseconds. Only what hangs takes so long, on a busy machine too; and a wait within a test (test/support/until.ts)
 * ends before, for it can say what was waited for.
 */
const HANGS_AFTER = 150_000;

const suites = (names: readonly string[]): string[] =>
  names.map((name) => `test/e2e/${name}.e2e.spec.ts`);

type Stores = Readonly<{ embedded: readonly string[]; esdb: readonly string[] }>;

/** Which suites run over which store, by what SEQLINE_TEST_STORE says. */
const STORES: Readonly<Record<string, Stores>> = {
  '': { embedded: ALL, esdb: OVER_BOTH },
  embedded: { embedded: ALL, esdb: [] },
  esdb: { embedded: [], esdb: ALL },
  both: { embedded: ALL, esdb: ALL },
};

const asked = process.env['SEQLINE_TEST_STORE'] ?? '';
const stores = STORES[asked];
if (stores === undefined)
  throw new Error(`SEQLINE_TEST_STORE is embedded, esdb or both, not "${asked}"`);

const e2e = (
  name: string,
  groupOrder: number,
  include: readonly string[],
  env: Readonly<Record<string, string>>,
): TestProjectInlineConfiguration => ({
  test: {
    name,
    sequence: { groupOrder },
    include: suites(include),
    exclude: [WAITING],
    env: { ...env },
    testTimeout: 180_000,
    hookTimeout: 120_000,
    fileParallelism: false,
  },
});

/**
 * Four projects, by what they need: nothing (`pure`, unisolated for speed), a server of their own
 * started by the test (`servers`: Postgres, nats-server, sockets), or the built product and real
 * SDKs (`e2e`, and `e2e-esdb` with the event store in a process of its own). The tier is in a file's name:
 * x.spec.ts, x.servers.spec.ts, x.e2e.spec.ts. One tier after the other, for browsers and crashes have time
 * limits that a machine with two cores would miss.
 */
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'pure',
          sequence: { groupOrder: 0 },
          include: ['test/**/*.spec.ts'],
          exclude: ['test/**/*.servers.spec.ts', 'test/**/*.e2e.spec.ts'],
          isolate: false,
          testTimeout: HANGS_AFTER,
          hookTimeout: HANGS_AFTER,
        },
      },
      {
        test: {
          name: 'servers',
          sequence: { groupOrder: 1 },
          include: ['test/**/*.servers.spec.ts'],
          globalSetup: ['test/support/postgres.ts'],
          maxWorkers: SERVERS_AT_ONCE,
          testTimeout: HANGS_AFTER,
          hookTimeout: HANGS_AFTER,
        },
      },
      {
        test: {
          name: 'e2e-waiting',
          sequence: { groupOrder: 1 },
          include: stores.embedded.length === 0 ? [] : [WAITING],
          maxWorkers: SERVERS_AT_ONCE,
          env: { SEQLINE_TEST_STORE: 'embedded' },
          testTimeout: 180_000,
          hookTimeout: 120_000,
        },
      },
      e2e('e2e', 2, stores.embedded, { SEQLINE_TEST_STORE: 'embedded' }),
      e2e('e2e-esdb', 3, stores.esdb, {
        SEQLINE_TEST_STORE: 'esdb',
        // What the first run has shown at full size is shown once more at a small one.
        ...(asked === '' && { SEQLINE_TEST_SMALL: '1' }),
      }),
    ],
  },
});
