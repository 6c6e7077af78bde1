import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach } from 'vitest';
import { readConfig, type Config } from '../../infra/config/config.ts';
import type { AnyTables } from '../../projections/kernel/model.ts';
import { testDatabase, type TestDatabase } from './postgres.ts';

/** Of the test that runs: as a server and the commands of the program are configured, and where the tables are. */
type World = { config: Config; database: TestDatabase<AnyTables> };

/** Gives each test of the file a data folder of its own, and a database, which are gone after it. */
export const worldOfEachTest = (): World => {
  const world = {} as World;
  beforeEach(async () => {
    world.database = await testDatabase<AnyTables>();
    world.config = await configuredAt(world.database.url);
  });
  afterEach(async () => {
    await world.database.drop();
    await rm(world.config.data, { recursive: true });
  });
  return world;
};

/** The same for tests that look at the log alone: there is no Postgres. */
export const logOfEachTest = (): Pick<World, 'config'> => {
  const world = {} as World;
  beforeEach(async () => {
    world.config = await configuredAt('postgres://nobody@localhost/none');
  });
  afterEach(() => rm(world.config.data, { recursive: true }));
  return world;
};

const configuredAt = async (url: string): Promise<Config> => {
  const config = readConfig({ SEQLINE_DATA: await mkdtemp(join(tmpdir(), 'seqline-world-')) });
  // The tests' Postgres may be reached by a folder, which is no URL that a setting takes.
  return { ...config, postgres: { kind: 'url', url } };
};
