import {
  OutcomeUnknown,
  StoreUnavailable,
  type StoreEvent,
} from '../../../core/kernel/eventStore.ts';
import { copyEvents, standingOf } from '../../eventstore/copy/copy.ts';
import { NotTheSame, compareLogs, nameOf, type Compared } from '../../eventstore/copy/compare.ts';
import type { OnEvents } from '../../eventstore/copy/compare.ts';
import { OwnEvents } from '../../eventstore/copy/pages.ts';
import { HeldPositions } from '../../eventstore/copy/positions.ts';
import { LOG_STREAM, copyBegun, copyEnded, readHistory } from '../../eventstore/history.ts';
import { PlaceRefused, type Source, type Target } from './logPlace.ts';

/** A line of the log's own is written again as often, while it is not known how it ended. */
const ATTEMPTS_MAX = 10;

export type CopySteps = Readonly<{
  onCopying: OnEvents;
  onComparing: OnEvents;
  /** All events are there; what must be there before the copy is used is to be brought now. */
  beforeEnd: () => Promise<void>;
  /** For a backup: FROM goes on being written, and the copy is whole with what FROM had when it came there. */
  whileWritten?: boolean;
}>;

export type Copied = Readonly<{ copied: number; compared: Compared }>;

/**
 * Makes TO a copy of FROM, as far as FROM goes now, and compares the two. The copy is another log: its
 * positions differ, and with them the versions of lists that clients hold (docs/adr/0006). Called again
 * it goes on where TO stands. @throws NotTheSame, PlaceRefused
 */
export const copyLog = async (from: Source, to: Target, steps: CopySteps): Promise<Copied> => {
  if (from.logId === to.logId) throw new PlaceRefused('FROM and TO are the same log');
  const lineage = await lineageOf(from);
  await refuseOther(to, lineage);
  await to.prepare(from.seal);
  const wasCopying = (await readHistory(to.log)).copying;
  const isBehind = wasCopying || (await hasMore(from, to));
  // Back to where it once came from, a log keeps its id.
  const of = lineage.filter((id) => id !== to.logId);
  if (isBehind && !wasCopying) await record(to, copyBegun(of));
  const copied = isBehind ? await copyEvents(from.log, to.log, steps.onCopying) : 0;
  const held = new HeldPositions((await readHistory(from.log)).moved);
  const compared = await compareLogs(from.log, to.log, (events, event) => {
    held.take(event);
    steps.onComparing(events, event);
  });
  if (compared.onlyInTo !== undefined) throw longer(compared.onlyInTo);
  if (compared.onlyInFrom !== undefined && steps.whileWritten !== true) return { copied, compared };
  await steps.beforeEnd();
  const { events, digest } = compared;
  const positions = await held.inCopy(from.log, to.log);
  if (isBehind) await record(to, copyEnded({ events, digest, positions }));
  return { copied, compared };
};

/** Ids of the logs that a copy of it comes from. */
export const lineageOf = async ({ log, logId }: Source): Promise<readonly string[]> => {
  const { copying, formerIds } = await readHistory(log);
  if (copying)
    throw new PlaceRefused('FROM is itself a copy that is not finished: finish it first');
  return [...formerIds, logId];
};

const longer = (event: Parameters<typeof nameOf>[0]): NotTheSame =>
  new NotTheSame(`TO is not a beginning of FROM: it goes on with ${nameOf(event)}`);

/** A log that has events and nothing to do with FROM is not ours to write. */
const refuseOther = async (to: Target, lineage: readonly string[]): Promise<void> => {
  const { formerIds } = await readHistory(to.log);
  if ([to.logId, ...formerIds].some((id) => lineage.includes(id))) return;
  const first = await new OwnEvents(to.log).next();
  if (first === undefined) return;
  throw new NotTheSame(
    `TO is not a beginning of FROM, but a log of its own: it begins with ${nameOf(first)}`,
  );
};

const hasMore = async (from: Source, to: Target): Promise<boolean> => {
  const { after } = await standingOf(from.log, to.log);
  return (await new OwnEvents(from.log, after).next()) !== undefined;
};

/** As the last line of what the log says of itself. */
const record = async (to: Target, event: StoreEvent): Promise<void> => {
  const { revision } = await readHistory(to.log);
  for (let attempt = 1; ; attempt++) {
    try {
      const result = await to.log.append(LOG_STREAM, revision, [event]);
      if (result.kind === 'appended') return;
      throw new PlaceRefused('TO is being written by somebody else: stop that first');
    } catch (error) {
      const passes = error instanceof OutcomeUnknown || error instanceof StoreUnavailable;
      if (!passes || attempt >= ATTEMPTS_MAX) throw error;
    }
  }
};
