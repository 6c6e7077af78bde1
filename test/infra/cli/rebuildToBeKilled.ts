import type { KyselyPlugin, RootOperationNode } from 'kysely';
import { skipsIn } from '../../../infra/app/history/building.ts';
import { openHistory, type HistoryConfig } from '../../../infra/app/history/openHistory.ts';
import { rebuildBeside } from '../../../infra/app/history/rebuildBeside.ts';
import { users } from '../../../projections/users/project.ts';
import { openPool } from '../../../infra/postgres/pool.ts';
import type { AnyTables } from '../../../projections/kernel/model.ts';
import { silent } from '../../support/postgres.ts';

/**
 * Rebuilds the read model of users in a process of its own, which kills itself at the place that is named:
 * `building`, with some events written; `moving`, before the first table changes its place; `moved`, when they
 * all have and nothing is committed; `left`, once it is, with the empty schema still there.
 */
const [config = '', url = '', place = ''] = process.argv.slice(2);

const end = (): void => {
  process.kill(process.pid, 'SIGKILL');
};

const PLACES: Readonly<Record<string, Readonly<{ statement: RegExp; nth: number }>>> = {
  moving: { statement: /^create schema (?!if)/u, nth: 1 },
  moved: { statement: /^drop schema (?!if)/u, nth: 1 },
  left: { statement: /^drop schema if exists/u, nth: 2 },
};

/** Kills the process before a certain statement is sent. */
const killing = (): KyselyPlugin => {
  let met = 0;
  const look = (node: RootOperationNode): void => {
    const wanted = PLACES[place];
    if (wanted === undefined || node.kind !== 'RawNode') return;
    if (wanted.statement.test(node.sqlFragments.join('')) && ++met === wanted.nth) end();
  };
  return {
    transformQuery: ({ node }) => {
      look(node);
      return node;
    },
    transformResult: ({ result }) => Promise.resolve(result),
  };
};

const db = openPool<AnyTables>({ url, log: silent }).db.withPlugin(killing());
const history = await openHistory(JSON.parse(config) as HistoryConfig);
await rebuildBeside({
  ...{ db, history, model: users, skips: await skipsIn(history), repair: false },
  onBuilt: () => {
    if (place === 'building') end();
  },
});
