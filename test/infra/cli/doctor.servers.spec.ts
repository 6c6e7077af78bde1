import { expect, test } from 'vitest';
import { doctor } from '../../../infra/cli/doctor.ts';
import { readConfig } from '../../../infra/config/config.ts';
import { NO_FLAGS, runCommand } from '../../support/commandRun.ts';
import { natsServer } from '../../support/natsServer.ts';

/** What it says of what processes share. */
const said = async (bus: string): Promise<readonly string[]> => {
  const config = readConfig({
    SEQLINE_BUS: bus,
    SEQLINE_EVENTSTORE: 'esdb://127.0.0.1:1?tls=false',
    DATABASE_URL: 'postgres://127.0.0.1:1/x',
    SEQLINE_KEYS: 'postgres://ann:hunter2@127.0.0.1:1/keys',
    SEQLINE_HTTP_PORT: '0',
    SEQLINE_WS_PORT: '0',
  });
  const { out } = await runCommand(() => doctor(config, NO_FLAGS));
  return out.split('\n');
};

test('[BUS-11] seqline doctor says of NATS and of the keys whether they answer, and what to do', async () => {
  const server = await natsServer();
  const without = await said(server.url);
  expect(without).toContainEqual(expect.stringMatching(/^✗ NATS at .*start nats-server/));
  expect(without).toContainEqual(expect.stringMatching(/^✗ no Postgres.*SEQLINE_KEYS/));
  expect(without.join()).not.toContain('hunter2');
  await server.start();
  expect(await said(server.url)).toContainEqual(`✓ NATS answers at ${server.url}`);
  await server.kill();
});
