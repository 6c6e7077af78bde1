import { expect, test } from 'vitest';
import { eventstore } from '../../../infra/cli/eventstore.ts';
import { readConfig } from '../../../infra/config/config.ts';
import { NO_FLAGS, runCommand } from '../../support/commandRun.ts';

test("with a cluster's settings at hand the log of that is not served once more", async () => {
  const config = readConfig({ SEQLINE_EVENTSTORE: 'esdb://127.0.0.1:1?tls=false' });
  const { code, text } = await runCommand(() => eventstore(config, NO_FLAGS));
  expect([code, text]).toEqual([1, expect.stringContaining('unset SEQLINE_EVENTSTORE')]);
});
