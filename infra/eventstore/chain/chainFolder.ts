import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
} from 'node:crypto';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { makeFolder, readIfPresent, syncFolder, writeDurably } from '../../durableFile.ts';
import { checkpointsIn, type SignedCheckpoint } from './checkpoints.ts';

/** Beside the log: the key that signs checkpoints, its public half for others, and what has been signed. */
const PRIVATE = 'signing-key.pem';
export const PUBLIC = 'public-key.pem';
export const CHECKPOINTS = 'checkpoints.ndjson';
const MODE_FOLDER = 0o700;
const MODE_FILE = 0o600;

export type ChainFolder = Readonly<{
  /** Undefined where nothing has been signed yet. */
  publicKey: KeyObject | undefined;
  checkpoints: readonly SignedCheckpoint[];
}>;

export const readChainFolder = async (folder: string): Promise<ChainFolder> => {
  const pem = await readIfPresent(join(folder, PUBLIC));
  const path = join(folder, CHECKPOINTS);
  return {
    publicKey: pem === undefined ? undefined : createPublicKey(pem),
    checkpoints: checkpointsIn(wholeLinesOf((await readIfPresent(path)) ?? ''), path),
  };
};

export const makeChainFolder = async (folder: string): Promise<void> => {
  await makeFolder(folder, MODE_FOLDER);
};

/** The key that signs; made where there is none. To be called by one at a time, as is `addCheckpoint`. */
export const signingKey = async (folder: string): Promise<KeyObject> => {
  const path = join(folder, PRIVATE);
  const known = await readIfPresent(path);
  if (known !== undefined) return createPrivateKey(known);
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  await writeDurably(join(folder, PUBLIC), pemOf(publicKey));
  await writeDurably(path, privateKey.export({ type: 'pkcs8', format: 'pem' }).toString());
  return privateKey;
};

export const pemOf = (publicKey: KeyObject): string =>
  publicKey.export({ type: 'spki', format: 'pem' }).toString();

/** A checkpoint whose line a crash or a full disk has torn was never told to anybody. */
const wholeLinesOf = (text: string): string => text.slice(0, text.lastIndexOf('\n') + 1);

/** Resolves once it is durable. What is left of a line that was torn goes first. */
export const addCheckpoint = async (
  folder: string,
  checkpoint: SignedCheckpoint,
): Promise<void> => {
  const path = join(folder, CHECKPOINTS);
  const whole = wholeLinesOf((await readIfPresent(path)) ?? '');
  const file = await open(path, 'a', MODE_FILE);
  try {
    await file.truncate(Buffer.byteLength(whole));
    await file.appendFile(`${JSON.stringify(checkpoint)}\n`);
    await file.sync();
  } finally {
    await file.close();
  }
  await syncFolder(folder);
};

/**
 * Copies what has been signed, and the key, into a new folder, also while the log is being signed: the
 * checkpoints first, for there is a key before there is one, and whole lines of them. False: nothing has been
 * signed.
 */
export const copyChainFolder = async (from: string, to: string): Promise<boolean> => {
  const whole = wholeLinesOf((await readIfPresent(join(from, CHECKPOINTS))) ?? '');
  if (whole === '') return false;
  await makeFolder(to, MODE_FOLDER);
  for (const name of [PUBLIC, PRIVATE]) {
    const key = await readIfPresent(join(from, name));
    if (key === undefined)
      throw new Error(`${join(from, name)} is missing, and ${CHECKPOINTS} is not`);
    await writeDurably(join(to, name), key);
  }
  await writeDurably(join(to, CHECKPOINTS), whole);
  return true;
};
