import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import { openEmbeddedLog } from '../../../infra/eventstore/embedded/embeddedLog.ts';
import { eventStoreContract } from '../../support/eventStoreContract.ts';

const made: string[] = [];
afterAll(() => Promise.all(made.map((directory) => rm(directory, { recursive: true }))));

eventStoreContract('the embedded log', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'seqline-log-'));
  made.push(directory);
  return openEmbeddedLog({ directory });
});
