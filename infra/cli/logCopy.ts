import { compareLogs, nameOf } from '../eventstore/copy/compare.ts';
import { copyKeys, hasKeysOf } from '../app/storage/copyKeys.ts';
import { copyLog, lineageOf, type Copied } from '../app/storage/copyLog.ts';
import {
  isSamePlace,
  openSource,
  openTarget,
  placeOf,
  shownPlace,
  type Place,
} from '../app/storage/logPlace.ts';
import type { Config } from '../config/config.ts';
import { complain, out, type Arguments } from './command.ts';
import { Progress, counted } from './progress.ts';

type Places = Readonly<{ from: Place; to: Place }>;
type CopyConfig = Pick<Config, 'data'> & Partial<Pick<Config, 'keys'>>;

type CopyArguments = Pick<Arguments, 'rest' | 'verifyOnly'> &
  Partial<Pick<Arguments, 'whileWritten'>>;

const USAGE =
  'log copy FROM TO [--verify-only|--while-written]: each is embedded:DATA-DIRECTORY or the address of an event store';

/** Resolves with the exit code. Throws what keeps the logs from being copied. */
export const copy = async (
  config: CopyConfig,
  { rest, verifyOnly, whileWritten = false }: CopyArguments,
): Promise<number> => {
  const [first = '', second = '', ...more] = rest;
  const from = placeOf(first);
  const to = placeOf(second);
  if (from === undefined || to === undefined || more.length > 0) return complain(USAGE);
  if (await isSamePlace(from, to)) return complain('log copy: FROM and TO are the same log');
  if (verifyOnly && whileWritten) return complain(USAGE);
  return verifyOnly ? verify({ from, to }) : copyAll(config, { from, to }, whileWritten);
};

const verify = async (places: Places): Promise<number> => {
  const from = await openSource(places.from, 'FROM');
  try {
    const to = await openSource(places.to, 'TO');
    try {
      const progress = new Progress('comparing', await from.log.head());
      const compared = await compareLogs(from.log, to.log, progress.take);
      progress.end();
      const { events, digest, onlyInFrom, onlyInTo } = compared;
      const next = onlyInFrom ?? onlyInTo;
      if (next === undefined) {
        out(`The same ${counted(events)} events in both, digest ${digest}`);
        return 0;
      }
      const [shorter, longer] = onlyInFrom === undefined ? ['FROM', 'TO'] : ['TO', 'FROM'];
      return complain(
        `log copy: ${counted(events)} events are the same, and there ${shorter} ends; ` +
          `${longer} goes on with ${nameOf(next)}`,
      );
    } finally {
      await to.close();
    }
  } finally {
    await from.close();
  }
};

const copyAll = async (
  config: CopyConfig,
  places: Places,
  whileWritten: boolean,
): Promise<number> => {
  const from = await openSource(places.from, 'FROM');
  try {
    const to = await openTarget(places.to);
    try {
      const head = await from.log.head();
      const keys = keysOf(config, places, await lineageOf(from));
      const copying = new Progress('copying', head);
      const comparing = new Progress('comparing', head);
      const begun = Date.now();
      const result = await copyLog(from, to, {
        onCopying: copying.take,
        onComparing: comparing.take,
        beforeEnd: keys.bring,
        whileWritten,
      });
      comparing.end();
      const seconds = (Date.now() - begun) / 1000;
      return told(result, { seconds, whileWritten }, await keys.said(), places);
    } finally {
      await to.close();
    }
  } finally {
    await from.close();
  }
};

const told = (
  { copied, compared }: Copied,
  { seconds, whileWritten }: Readonly<{ seconds: number; whileWritten: boolean }>,
  keys: string,
  { to }: Places,
): number => {
  const { events, digest, onlyInFrom } = compared;
  const rate = counted(Math.round(copied / Math.max(seconds, 0.001)));
  out(
    `Copied ${counted(copied)} events in ${seconds.toFixed(1)} s (${rate}/s, comparison included).`,
  );
  if (onlyInFrom !== undefined && whileWritten) {
    out(
      `Whole up to there; left out is what FROM has gone on with, from ${nameOf(onlyInFrom)} on.`,
    );
  } else if (onlyInFrom !== undefined) {
    return complain(
      `log copy: ${counted(events)} events are the same, but FROM has gone on meanwhile with ` +
        `${nameOf(onlyInFrom)}: stop its server and run this again, which copies the rest; or say ` +
        '--while-written for a backup without it',
    );
  }
  out(`The same ${counted(events)} events in both, digest ${digest}`);
  out(keys);
  out(howToServe(to));
  return 0;
};

const howToServe = (to: Place): string =>
  [
    'To serve the copy, stop the old server for good and start:',
    to.kind === 'esdb'
      ? `  SEQLINE_EVENTSTORE='${shownPlace(to)}' seqline serve`
      : `  SEQLINE_DATA='${to.data}' seqline serve`,
    'It is another log with the same events: tables are built anew at the start, and clients fetch',
    'their lists once in full. Old and new must not both go on: what is sent to one is not in the other.',
  ].join('\n');

type Keys = Readonly<{ bring: () => Promise<void>; said: () => Promise<string> }>;

/** Keys are no part of the log: they go along where it is known from where and to where. */
const keysOf = (
  { data, keys }: CopyConfig,
  { from, to }: Places,
  logIds: readonly string[],
): Keys => {
  const home = from.kind === 'embedded' ? from.data : data;
  let copied: Awaited<ReturnType<typeof copyKeys>> | undefined;
  return {
    bring: async () => {
      if (to.kind === 'esdb' || to.data === home) return;
      if (from.kind === 'embedded' || (await hasKeysOf(home, logIds)))
        copied = await copyKeys(home, to.data);
    },
    said: async () => {
      const here = from.kind === 'embedded' && (await hasKeysOf(home, logIds));
      const bring = `seqline keys copy embedded:${home}`;
      if (keys?.kind === 'postgres')
        return here
          ? `The keys are not in the log: bring them into the database of SEQLINE_KEYS: ${bring}`
          : 'The keys are in the database of SEQLINE_KEYS, and know this log as the one it was copied from: ' +
              'serve the copy with the same SEQLINE_KEYS, or with a copy of that database if both go on.';
      if (to.kind === 'esdb')
        return (
          `The keys are not in the log: serve with SEQLINE_DATA where they are` +
          `${from.kind === 'embedded' ? ` (${home})` : ''}, or copy its folders "keys" and "tokens"; ` +
          `for many processes: SEQLINE_KEYS=postgres://… ${bring}`
        );
      if (to.data === home) return 'The keys are there already.';
      if (copied?.keys === true)
        return `The keys${copied.tokens ? ' and those that sign tokens' : ''} have been copied from ${home}.`;
      return (
        `No keys of this log have been found in ${home}: copy the folders "keys" and "tokens" of the ` +
        `server's data directory to ${to.data}, or what is sealed cannot be opened.`
      );
    },
  };
};
