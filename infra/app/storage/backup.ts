import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import type { Config } from '../../config/config.ts';
import { makeFolder, syncFolder } from '../../durableFile.ts';
import { copyChainFolder } from '../../eventstore/chain/chainFolder.ts';
import { BackupRefused, copyOpenLog, holdsLog } from '../../eventstore/embedded/backup.ts';
import { openEmbeddedLog } from '../../eventstore/embedded/embeddedLog.ts';
import { renameLog } from '../../eventstore/embedded/environment.ts';
import { foundLog, newLogId } from '../../eventstore/esdb/founding.ts';
import { keepSealChosen } from '../../eventstore/esdb/sealChosen.ts';
import { LOG_STREAM, logRestored, readHistory } from '../../eventstore/history.ts';
import { keepSealChoice, readSealChoice } from '../../eventstore/sealChoice.ts';
import { openEmbeddedKeys } from '../../keys/embedded.ts';
import { copyKeys } from './copyKeys.ts';
import { chainDirectory, keysDirectory, logDirectory, tokensDirectory } from './places.ts';

/** What a backup is made into, in a folder that already is there, until it is all there. */
const UNFINISHED = 'unfinished';
const MODE_PRIVATE = 0o700;
const MODE_USUAL = 0o777;

/**
 * Copies log, keys, token keys and signed checkpoints into a new directory that is laid out as a data
 * directory, also while a server runs. Checkpoints before the log: what they sign is in it then. The log
 * before the keys: they are made before what they seal is stored, so none can be missing. `log`: whether
 * there was one of our own; `chain`: whether it has been signed. @throws BackupRefused
 */
export const backupData = async (
  { data, eventStore }: Pick<Config, 'data' | 'eventStore'>,
  directory: string,
): Promise<Readonly<{ log: boolean; chain: boolean }>> => {
  await emptied(directory, MODE_PRIVATE);
  const draft = path.join(directory, UNFINISHED);
  await mkdir(draft, { mode: MODE_PRIVATE });
  const chain = await copyChainFolder(chainDirectory(data), chainDirectory(draft));
  const log = eventStore.kind === 'embedded';
  if (log) await copyLogOf(data, draft);
  await copyKeys(data, draft);
  await putInPlace(draft, directory);
  return { log, chain };
};

/**
 * Brings a backup back into an empty or new data directory. Events that came after the backup are lost,
 * and others will take their places; so it is another log from here on, and no client takes it for the
 * one whose lists it knows. @throws BackupRefused
 */
export const restoreData = async (directory: string, data: string): Promise<void> => {
  if (!(await holdsLog(logDirectory(directory))))
    throw new BackupRefused(`there is no backup of a log in ${directory}`);
  // As a server makes it: an embedded Postgres may run as another user.
  await emptied(data, MODE_USUAL);
  const draft = path.join(data, UNFINISHED);
  await mkdir(draft, { mode: MODE_PRIVATE });
  await copyLogOf(directory, draft);
  const { keys } = await copyKeys(directory, draft);
  // They are over the bytes of the events, which stay; what is signed from here on names the new log.
  await copyChainFolder(chainDirectory(directory), chainDirectory(draft));
  const become = await becomeAnother(draft);
  // So that what only reads knows them for its own, before a server has been started.
  if (keys) await claimKeys(draft, become);
  await putInPlace(draft, data);
};

/** Empty but for what an interrupted run has left, which goes. */
const emptied = async (directory: string, mode: number): Promise<void> => {
  await makeFolder(directory, mode);
  await rm(path.join(directory, UNFINISHED), { recursive: true, force: true });
  const [found] = await readdir(directory);
  if (found !== undefined)
    throw new BackupRefused(
      `${directory} is not empty (it has "${found}"): name another directory`,
    );
};

const copyLogOf = async (from: string, to: string): Promise<void> => {
  const seal = await readSealChoice(logDirectory(from));
  if (seal === undefined || !(await holdsLog(logDirectory(from))))
    throw new BackupRefused(`there is no log in ${logDirectory(from)}`);
  await copyOpenLog(logDirectory(from), logDirectory(to));
  await keepSealChoice(logDirectory(to), { seal, head: 0 });
};

/** The log last: without it a directory is taken for an empty one. */
const putInPlace = async (draft: string, directory: string): Promise<void> => {
  for (const folder of [keysDirectory, tokensDirectory, chainDirectory, logDirectory]) {
    const [from, to] = [folder(draft), folder(directory)];
    if ((await readdir(draft)).includes(path.basename(from))) await rename(from, to);
  }
  await rm(draft, { recursive: true });
  await syncFolder(directory);
};

type Become = Readonly<{ id: string; formerIds: readonly string[] }>;

const becomeAnother = async (data: string): Promise<Become> => {
  const directory = logDirectory(data);
  const seal = (await readSealChoice(directory)) ?? true;
  const logId = newLogId();
  const log = await openEmbeddedLog({ directory });
  let become: Become;
  try {
    const before = await log.logId();
    await foundLog(log, before);
    await keepSealChosen(log, { seal, folder: directory });
    const { formerIds, revision } = await readHistory(log);
    become = { id: logId, formerIds: [...formerIds, before] };
    await log.append(LOG_STREAM, revision, [logRestored(logId, become.formerIds)]);
  } finally {
    await log.close();
  }
  await renameLog(directory, logId);
  return become;
};

const claimKeys = async (data: string, log: Become): Promise<void> => {
  const keys = await openEmbeddedKeys(keysDirectory(data), { ...log, mayHoldSealed: false });
  await keys.close();
};
