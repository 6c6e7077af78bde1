import { chainDirectory } from '../app/storage/places.ts';
import { readChainFolder } from '../eventstore/chain/chainFolder.ts';
import { out, type Command } from './command.ts';
import { openTables } from './verify/database.ts';
import { jsonOf, reportOf } from './verify/report.ts';
import { verify as count, type Progress } from './verify/run.ts';
import { openSource } from './verify/source.ts';

const DIFFERENT = 1;
const COULD_NOT = 2;
/** A terminal is told this often how far it is. */
const TOLD_EVERY_MS = 500;

const say = (text: string): void => {
  process.stderr.write(text);
};

/** One line that is written over; nothing where nobody looks. */
const onTerminal = (): Readonly<{ progress: Progress; end: () => void }> => {
  if (!process.stderr.isTTY) return { progress: () => undefined, end: () => undefined };
  let toldAt = 0;
  return {
    progress: (what, done, of) => {
      if (Date.now() - toldAt < TOLD_EVERY_MS) return;
      toldAt = Date.now();
      const far =
        of === 0 ? '' : `: ${done.toLocaleString('en-US')} of ${of.toLocaleString('en-US')}`;
      say(`\r\x1b[K${what}${far}`);
    },
    end: () => {
      say('\r\x1b[K');
    },
  };
};

/**
 * Counts the whole log again, apart from all that makes tables of it, and compares. Exit code 0: all is
 * equal; 1: there are differences; 2: it could not be done.
 */
export const verify: Command = async (config, { rest, json, logOnly }) => {
  if (rest.length > 0) {
    say(`seqline: verify: there is nothing called "${rest.join(' ')}"\n`);
    return COULD_NOT;
  }
  const terminal = onTerminal();
  const closers: (() => Promise<void>)[] = [];
  try {
    const began = performance.now();
    const source = await openSource(config);
    closers.push(source.close);
    const tables = logOnly ? undefined : await openTables(config);
    if (tables !== undefined) closers.push(tables.close);
    const signed = await readChainFolder(chainDirectory(config.data));
    const verified = await count(source, tables, terminal.progress, signed);
    terminal.end();
    const seconds = (performance.now() - began) / 1000;
    out((json ? jsonOf : reportOf)(verified, seconds));
    return verified.findings.total === 0 ? 0 : DIFFERENT;
  } catch (error) {
    terminal.end();
    say(`seqline: verify: ${error instanceof Error ? error.message : String(error)}\n`);
    return COULD_NOT;
  } finally {
    for (const close of closers.toReversed()) await close();
  }
};
