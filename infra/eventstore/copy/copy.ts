import { setTimeout as pause } from 'node:timers/promises';
import {
  OutcomeUnknown,
  StoreUnavailable,
  type StoredEvent,
} from '../../../core/kernel/eventStore.ts';
import type { Millis, Position } from '../../../core/kernel/ids.ts';
import { OrderedAppends, type Writable } from './appendInOrder.ts';
import { NotTheSame, differenceOf, nameOf, notTheSame, type OnEvents } from './compare.ts';
import { newestBefore, ownPages, type Readable } from './pages.ts';

/** Of the events that TO ends with, as many are looked at as may have been under way at a kill. */
const COMPARED_AT_THE_END = 512;
/** So long TO may take nothing; longer, and somebody has to look after it. */
const PATIENCE: Millis = 60_000;
const RETRY_AFTER: Millis = 500;

/** Where the copy goes on: after this position of FROM. */
export type Standing = Readonly<{ after: Position | 'start'; last: StoredEvent | undefined }>;

/**
 * How far a copy has come, by what TO ends with. @throws NotTheSame when that is not to be found in FROM
 */
export const standingOf = async (from: Readable, to: Readable): Promise<Standing> => {
  const [newest, ...before] = await newestBefore(to, 'end', COMPARED_AT_THE_END);
  if (newest === undefined) return { after: 'start', last: undefined };
  const { stream, revision } = newest;
  const [same] = await from.readStream(stream, { from: revision, direction: 'forwards', max: 1 });
  if (same?.revision !== revision)
    throw new NotTheSame(
      `TO is not a beginning of FROM: it ends with ${nameOf(newest)}, which FROM does not have`,
    );
  const difference = differenceOf(same, newest);
  if (difference !== undefined) throw notTheSame(same, newest, difference);
  const earlier = await newestBefore(from, same.position, before.length);
  for (const [index, other] of before.entries()) {
    const one = earlier[index];
    if (one === undefined)
      throw new NotTheSame(`TO is not a beginning of FROM: it has more before ${nameOf(newest)}`);
    const found = differenceOf(one, other);
    if (found !== undefined) throw notTheSame(one, other, found);
  }
  return { after: same.position, last: newest };
};

/**
 * Copies what TO does not have yet, up to the end of FROM as of when it comes there. After an interruption
 * it looks again where TO stands, and goes on. @throws NotTheSame; Error when TO stays away
 */
export const copyEvents = async (
  from: Readable,
  to: Readable & Writable,
  onEvents: OnEvents = () => undefined,
): Promise<number> => {
  let copied = 0;
  for (let movedAt = Date.now(); ;) {
    const appends = new OrderedAppends(to, PATIENCE);
    try {
      await copyRest(from, to, appends, (done, last) => onEvents(copied + done, last));
      return copied + appends.done;
    } catch (error) {
      await appends.settle();
      copied += appends.done;
      if (appends.done > 0) movedAt = Date.now();
      const passes = error instanceof OutcomeUnknown || error instanceof StoreUnavailable;
      if (!passes || Date.now() - movedAt > PATIENCE) throw error;
      await pause(RETRY_AFTER);
    }
  }
};

const copyRest = async (
  from: Readable,
  to: Readable,
  appends: OrderedAppends,
  onEvents: OnEvents,
): Promise<void> => {
  const { after } = await standingOf(from, to);
  for await (const { events } of ownPages(from, after)) {
    await appends.add(events);
    const last = events.at(-1);
    if (last !== undefined) onEvents(appends.done, last);
  }
  await appends.finish();
};
