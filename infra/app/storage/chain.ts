import { createPublicKey, type KeyObject } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readFile, realpath, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { STREAM_PREFIXES } from '../../../core/kernel/catalogue.ts';
import type { EventStore, StoredEvent } from '../../../core/kernel/eventStore.ts';
import type { EventId, Millis, Position } from '../../../core/kernel/ids.ts';
import type { Config } from '../../config/config.ts';
import { CHAIN_BEGIN, linked, type ChainState, type Linked } from '../../eventstore/chain/chain.ts';
import {
  ChainCheck,
  type ChainFault,
  type ChainReport,
} from '../../eventstore/chain/chainCheck.ts';
import {
  addCheckpoint,
  CHECKPOINTS,
  makeChainFolder,
  pemOf,
  PUBLIC,
  readChainFolder,
  signingKey,
} from '../../eventstore/chain/chainFolder.ts';
import { keyIdOf, signed, type SignedCheckpoint } from '../../eventstore/chain/checkpoints.ts';
import { openFile } from '../../replay/output.ts';
import { openOwnLog } from './ownLog.ts';
import { chainDirectory } from './places.ts';
import { lockDirectory, type DirectoryLock } from '../../directoryLock.ts';
import { makeFolder } from '../../durableFile.ts';

type ChainConfig = Pick<Config, 'data' | 'eventStore'>;
type OnLinked = (events: number, position: Position) => void;

const PAGE = 2_000;
const EVENTS = 'events.ndjson';

/** Where there is nothing to sign, or what is there does not fit the log. */
export class ChainRefused extends Error {
  override name = 'ChainRefused';
}

/** Signs the log as far as it goes, from where it was signed before. Undefined: nothing has come since. */
export const signLog = async (
  config: ChainConfig,
  now: () => Millis,
  onLinked: OnLinked = () => undefined,
): Promise<SignedCheckpoint | undefined> => {
  const folder = chainDirectory(config.data);
  // Where there is no log, no folder is made for it.
  await (await openOwnLog(config)).close();
  const turn = await takeTurn(folder);
  try {
    return await signAlone(config, folder, now, onLinked);
  } finally {
    await turn.release();
  }
};

const signAlone = async (
  config: ChainConfig,
  folder: string,
  now: () => Millis,
  onLinked: OnLinked,
): Promise<SignedCheckpoint | undefined> => {
  const log = await openOwnLog(config);
  try {
    const { checkpoints } = await readChainFolder(folder);
    const last = checkpoints.at(-1);
    const { state, position } = await followed(log, checkpoints, onLinked);
    if (last !== undefined && state.events < last.events)
      throw new ChainRefused(
        `the log has ${String(state.events)} events, and ${String(last.events)} have been signed: run seqline verify`,
      );
    const isSigned = last?.log === log.logId && state.events === last.events;
    if (state.events === 0 || isSigned) return undefined;
    const checkpoint = { ...state, log: log.logId, position, at: now() };
    const made = signed(checkpoint, await signingKey(folder));
    await addCheckpoint(folder, made);
    return made;
  } finally {
    await log.close();
  }
};

/** Of two that sign at once each would make a key of its own, or cut off what the other has just written. */
const takeTurn = async (folder: string): Promise<DirectoryLock> => {
  await makeChainFolder(folder);
  const turn = await lockDirectory(await realpath(folder));
  if (turn !== undefined) return turn;
  throw new ChainRefused('the log is being signed by somebody else just now: wait for that');
};

type Followed = Readonly<{ state: ChainState; position: Position }>;

/** From the newest checkpoint of this log on; in another one the same events stand at other positions. */
const followed = async (
  log: Awaited<ReturnType<typeof openOwnLog>>,
  checkpoints: readonly SignedCheckpoint[],
  onLinked: OnLinked,
): Promise<Followed> => {
  const last = checkpoints.at(-1);
  const isHere = last?.log === log.logId;
  let state: ChainState = isHere ? { events: last.events, hash: last.hash } : CHAIN_BEGIN;
  let position = isHere ? last.position : 0;
  const head = await log.head();
  if (position > head)
    throw new ChainRefused(
      `the log ends at position ${String(head)}, and has been signed up to ${String(position)}: run seqline verify`,
    );
  for await (const event of eventsAfter(log, position)) {
    state = linked(state, event);
    position = event.position;
    onLinked(state.events, position);
    const known = checkpoints.find(atEvents(state.events));
    if (known !== undefined && known.hash !== state.hash)
      throw new ChainRefused(
        `the first ${String(state.events)} events are not those that were signed before: run seqline verify`,
      );
  }
  return { state, position };
};

const atEvents =
  (events: number) =>
  (checkpoint: SignedCheckpoint): boolean =>
    checkpoint.events === events;

const eventsAfter = async function* (
  log: Pick<EventStore, 'readAll'>,
  after: Position,
): AsyncIterable<StoredEvent> {
  for (let from: Position | 'start' = after === 0 ? 'start' : after; ;) {
    const page = await log.readAll({
      ...{ from, direction: 'forwards', max: PAGE, prefixes: STREAM_PREFIXES },
    } as const);
    for (const event of page.events) if (isLinked(event)) yield event;
    if (page.end) return;
    from = page.next;
  }
};

/** What the store says of itself is no event of ours. */
export const isLinked = ({ stream, type }: Pick<StoredEvent, 'stream' | 'type'>): boolean =>
  !type.startsWith('$') && STREAM_PREFIXES.some((prefix) => stream.startsWith(prefix));

export type Bundled = Readonly<{ events: number; checkpoint: SignedCheckpoint }>;

/**
 * Signs the log and writes what is signed into a new directory: the stored bytes of all events, checkpoints,
 * and the public key. It can be checked anywhere, and read by nobody without the keys, which stay here.
 */
export const bundleLog = async (
  config: ChainConfig,
  directory: string,
  now: () => Millis,
  onLinked: OnLinked = () => undefined,
): Promise<Bundled> => {
  await signLog(config, now);
  const { checkpoints, publicKey } = await readChainFolder(chainDirectory(config.data));
  const checkpoint = checkpoints.at(-1);
  if (checkpoint === undefined || publicKey === undefined)
    throw new ChainRefused('the log has no events, so there is nothing to bundle');
  await makeFolder(directory);
  const output = await openFile(join(directory, EVENTS), `bundle of ${checkpoint.signature}`);
  const log = await openOwnLog(config);
  try {
    let events = 0;
    let lines: string[] = [];
    for await (const event of eventsAfter(log, 0)) {
      if (events === checkpoint.events) break;
      events += 1;
      lines.push(lineOf(event));
      onLinked(events, event.position);
      if (lines.length < PAGE) continue;
      await output.write(Buffer.from(lines.join('')));
      lines = [];
    }
    await output.write(Buffer.from(lines.join('')));
    await writeFile(join(directory, PUBLIC), pemOf(publicKey));
    const texts = checkpoints.map((each) => `${JSON.stringify(each)}\n`);
    await writeFile(join(directory, CHECKPOINTS), texts.join(''));
    // Last, and under its name only now: without it there is no bundle.
    await output.finish();
    return { events, checkpoint };
  } catch (error) {
    await output.close();
    throw error;
  } finally {
    await log.close();
  }
};

const lineOf = ({ stream, revision, id, type, created, metadata, data }: StoredEvent): string =>
  `${JSON.stringify({
    ...{ stream, revision, id, type, created },
    metadata: Buffer.from(metadata).toString('base64'),
    data: Buffer.from(data).toString('base64'),
  })}\n`;

export type CheckedBundle = ChainReport &
  Readonly<{ keyId: string; faults: readonly ChainFault[] }>;

/** As many faults as a person reads. */
const FAULTS_MAX = 20;

/** Checks a bundle by itself: no log, no keys and no settings are needed. */
export const checkBundle = async (directory: string): Promise<CheckedBundle> => {
  const publicKey: KeyObject = createPublicKey(await readFile(join(directory, PUBLIC)));
  const { checkpoints } = await readChainFolder(directory);
  const faults: ChainFault[] = [];
  const check = new ChainCheck(checkpoints, publicKey, (fault) => {
    if (faults.length < FAULTS_MAX) faults.push(fault);
  });
  const lines = createInterface({ input: createReadStream(join(directory, EVENTS)) });
  for await (const line of lines) {
    const event = eventIn(line);
    if (event === undefined) check.unreadable();
    else check.take(event);
  }
  const report = check.finish();
  if (report.checkpoints === 0 || report.events > (report.newest?.events ?? 0))
    faults.push({
      ...{ kind: 'chain cut short', key: 'the last event' },
      expected: 'a checkpoint over all events',
      found: `${String(report.events)} events, of which ${String(report.newest?.events ?? 0)} are signed`,
    });
  return { ...report, keyId: keyIdOf(publicKey), faults };
};

const eventIn = (line: string): Linked | undefined => {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return undefined;
  }
  const said: Partial<Record<keyof Linked, unknown>> =
    typeof value === 'object' && value !== null ? value : {};
  const { stream, revision, id, type, created, metadata, data } = said;
  const texts = [stream, id, type, metadata, data];
  if (texts.some((text) => typeof text !== 'string')) return undefined;
  if (![revision, created].every(Number.isSafeInteger)) return undefined;
  return {
    ...{ stream: String(stream), type: String(type), id: String(id) as EventId },
    ...{ revision: Number(revision), created: Number(created) },
    metadata: Buffer.from(String(metadata), 'base64'),
    data: Buffer.from(String(data), 'base64'),
  };
};
