import { createHash, sign, verify, type KeyObject } from 'node:crypto';
import { createPublicKey } from 'node:crypto';
import type { Millis, Position } from '../../../core/kernel/ids.ts';
import type { ChainState } from './chain.ts';

/** What was signed: at this time the log had so many events, up to this position, and this hash. */
export type Checkpoint = ChainState &
  Readonly<{
    /** Id of the log. */
    log: string;
    position: Position;
    at: Millis;
  }>;

export type SignedCheckpoint = Checkpoint &
  Readonly<{
    /** Names the key; 16 hex digits of the hash of its public half. */
    key: string;
    /** Ed25519, in base64. */
    signature: string;
  }>;

/** It says what it is, so that a signature of something else is never one of this. */
const textOf = ({ log, events, position, hash, at }: Checkpoint): Buffer =>
  Buffer.from(['seqline log checkpoint 1', log, events, position, hash, at].map(String).join('\n'));

const KEY_DIGITS = 16;

export const keyIdOf = (key: KeyObject): string => {
  const half = key.type === 'private' ? createPublicKey(key) : key;
  const bytes = half.export({ type: 'spki', format: 'der' });
  return createHash('sha256').update(bytes).digest('hex').slice(0, KEY_DIGITS);
};

export const signed = (checkpoint: Checkpoint, key: KeyObject): SignedCheckpoint => ({
  ...checkpoint,
  key: keyIdOf(key),
  signature: sign(null, textOf(checkpoint), key).toString('base64'),
});

export const isSignedBy = (checkpoint: SignedCheckpoint, key: KeyObject): boolean =>
  checkpoint.key === keyIdOf(key) &&
  verify(null, textOf(checkpoint), key, Buffer.from(checkpoint.signature, 'base64'));

/** One of a file, a line each. Throws where a line is none. */
export const checkpointsIn = (text: string, path: string): readonly SignedCheckpoint[] =>
  text
    .split('\n')
    .filter((line) => line !== '')
    .map((line, index) => {
      const checkpoint = parsed(line);
      if (isCheckpoint(checkpoint)) return checkpoint;
      throw new Error(`${path}: line ${String(index + 1)} is no signed checkpoint`);
    });

const parsed = (line: string): unknown => {
  try {
    return JSON.parse(line) as unknown;
  } catch {
    return undefined;
  }
};

const isCheckpoint = (value: unknown): value is SignedCheckpoint => {
  const found: Partial<Record<keyof SignedCheckpoint, unknown>> =
    typeof value === 'object' && value !== null ? value : {};
  return (
    [found.events, found.position, found.at].every(Number.isSafeInteger) &&
    [found.log, found.hash, found.key, found.signature].every((text) => typeof text === 'string')
  );
};
