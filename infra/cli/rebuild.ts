import type { Projection } from '../../projections/kernel/model.ts';
import { skipsIn, type OnBuilt } from '../app/history/building.ts';
import { READ_MODELS } from '../app/readModels/readModels.ts';
import { rebuildBeside, type Rebuilt } from '../app/history/rebuildBeside.ts';
import { complain, out, type Arguments } from './command.ts';
import { counted, Progress } from './progress.ts';
import { withPast, type PastConfig } from './withPast.ts';

type RebuildArguments = Pick<Arguments, 'rest' | 'replay'>;

const ALL = 'all';
/** All that is counted for analysts. */
const ANALYTICS = 'analytics';
const NAMES = READ_MODELS.map(({ name }) => name);
const OTHERWISE = '; a server that is started builds what is missing by itself';

const isMeant = (asked: string | undefined, name: string): boolean =>
  asked === name || asked === ALL || (asked === ANALYTICS && name.startsWith(`${ANALYTICS}_`));

/** A read model, or each of them, built anew beside the old one, compared, and put in its place. */
export const rebuild = async (config: PastConfig, args: RebuildArguments): Promise<number> => {
  const [name, ...more] = args.rest;
  const models = READ_MODELS.filter((model) => isMeant(name, model.name));
  if (models.length === 0 || more.length > 0)
    return complain(`rebuild: name one of ${[...NAMES, ANALYTICS].join(', ')}, or ${ALL}`);
  try {
    return await withPast(config, { connections: 4, otherwise: OTHERWISE }, (history, { db }) =>
      rebuildAll({ history, db, models, repair: args.replay?.repair === true }),
    );
  } catch (error) {
    return complain(`rebuild: ${error instanceof Error ? error.message : String(error)}`);
  }
};

type Work = Pick<Parameters<typeof rebuildBeside>[0], 'history' | 'db' | 'repair'> &
  Readonly<{ models: readonly Projection[] }>;

const rebuildAll = async ({ models, ...work }: Work): Promise<number> => {
  const skips = await skipsIn(work.history);
  let code = 0;
  for (const model of models) {
    const progress = new Progress(`rebuilding ${model.name}`, await work.history.head());
    const began = Date.now();
    const onBuilt: OnBuilt = (events, position) => {
      progress.take(events, { position });
    };
    const rebuilt = await rebuildBeside({ ...work, model, skips, onBuilt });
    progress.end();
    out(told(model.name, rebuilt, (Date.now() - began) / 1000));
    if (rebuilt.kind === 'different') code = 1;
  }
  return code;
};

const told = (name: string, rebuilt: Rebuilt, seconds: number): string => {
  const { events, buildSeconds, position } = rebuilt;
  const rate = counted(Math.round(events / Math.max(buildSeconds, 0.001)));
  const built =
    `${name}: ${counted(events)} events in ${buildSeconds.toFixed(1)} s (${rate}/s), ` +
    `compared at position ${counted(position)}`;
  const differences = rebuilt.tables
    .filter(({ equal }) => !equal)
    .map(({ table, rows, rebuiltRows }) => {
      const [had, has] = [counted(rows), counted(rebuiltRows)];
      return `  ${table}: ${had} rows before, ${has} rebuilt${rows === rebuiltRows ? ', of which some differ' : ''}`;
    });
  if (rebuilt.kind === 'different')
    return [
      `${built}: different, and nothing has been switched`,
      ...differences,
      '  seqline verify says which rows; --repair puts the rebuilt tables in their place',
    ].join('\n');
  const how = differences.length === 0 ? 'equal' : 'different, and repaired';
  return [
    `${built}: ${how}, and switched to (${seconds.toFixed(1)} s in all)`,
    ...differences,
  ].join('\n');
};
