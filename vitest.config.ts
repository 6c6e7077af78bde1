import { defineConfig } from 'vitest/config';

/**
 * Three projects, by what they need: nothing (`pure`, unisolated for speed), a server of their own
 * started by the test (`servers`: Postgres, nats-server, sockets), or the built product and real
 * SDKs (`e2e`). The tier is in a file's name: x.spec.ts, x.servers.spec.ts, x.e2e.spec.ts. One tier after the
 * other, for browsers and crashes have time limits that a machine with two cores would miss.
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
        },
      },
      {
        test: {
          name: 'servers',
          sequence: { groupOrder: 1 },
          include: ['test/**/*.servers.spec.ts'],
          globalSetup: ['test/support/postgres.ts'],
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
      {
        test: {
          name: 'e2e',
          sequence: { groupOrder: 2 },
          include: ['test/**/*.e2e.spec.ts'],
          testTimeout: 180_000,
          hookTimeout: 120_000,
          fileParallelism: false,
        },
      },
    ],
  },
});
