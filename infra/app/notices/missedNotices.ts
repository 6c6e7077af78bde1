import type { SeqlineEvent } from '../../../core/kernel/catalogue.ts';
import type { Recorded } from '../../../core/kernel/fact.ts';
import type { DeriveId, Millis, Position } from '../../../core/kernel/ids.ts';
import { checkpointStream } from '../../../core/notice/events.ts';
import type { Reaction } from '../../../core/notice/reaction.ts';
import {
  copiesOf,
  hasCopies,
  linesOf,
  metaOfReaction,
  PROJECTED_MS,
  type Copy,
} from '../../../core/notice/reactor.ts';
import type { Bus } from '../../bus/bus.ts';
import type { Log } from '../../observe/log.ts';

/** Facts that may be looked at again; more than there are between two checkpoints of the reactor. */
const KEPT_MAX = 10_000;
/**
 * A cut is noticed so long after it at most: the bus misses three answers in 6 s, and a busy process is late.
 * What was published meanwhile did not come here, though the reactor has told of it.
 */
export const CUT_NOTICED_MS: Millis = 10_000;
/** What others have published before is heard here once the bus has answered. */
const FLUSH_MS = 2_000;

type Event = Recorded<SeqlineEvent>;

type MissedDeps = Readonly<{
  bus: Bus;
  /** Of whose checkpoint: what comes before it has been told. */
  reactor: string;
  reactionTo: (event: Event) => Reaction | undefined;
  /** Whether somebody who is connected here begins with this event to hear of a group. */
  isJoining: (event: Event) => boolean;
  /** Whether what all of the group are told of this fact has come over the bus; a user may be told of it more. */
  heard: (fact: Event) => boolean;
  projected: (position: Position, ms: Millis) => Promise<boolean>;
  /** To the connections of this process alone. */
  passHere: (copy: Copy, fact: Millis) => void;
  deriveId: DeriveId;
  now: () => Millis;
  log: Log;
}>;

/**
 * Notices that are not stored come over the bus, and some may be missed while that is cut. What they tell of
 * are facts of the log, which this process follows: so it tells its own connections of those that another
 * process may have told of meanwhile. Told twice they change nothing.
 */
export const missedNotices = (
  deps: MissedDeps,
): Readonly<{ take: (events: readonly Event[]) => void; settled: () => Promise<void> }> => {
  const { bus, reactor, reactionTo, isJoining, heard, log } = deps;
  const stream = checkpointStream(reactor);
  /** Facts that the reactor's checkpoint has not passed, or that were there when the bus was cut. */
  let kept: Event[] = [];
  /** Those that it has passed of late, and when that was seen here. */
  let passed: Readonly<{ fact: Event; at: Millis }>[] = [];
  let isCut = false;
  let repairing: Promise<void> = Promise.resolve();

  const tellOf = async (event: Event): Promise<void> => {
    const reaction = reactionTo(event);
    if (reaction === undefined) return;
    await deps.projected(event.position, PROJECTED_MS);
    const said = await linesOf(reaction);
    const meta = metaOfReaction(event);
    for (const copy of await copiesOf(event, reaction, { ...deps, meta, said })) {
      deps.passHere(copy, event.created);
    }
  };

  const repair = async (facts: readonly Event[]): Promise<void> => {
    for (const event of facts) {
      try {
        await tellOf(event);
      } catch (error) {
        log.warn({ err: error, position: event.position }, 'a notice that was missed is lost');
      }
    }
  };

  /**
   * Who comes into a group may be told of it before this gateway hears what is for the group. Once the reactor
   * says that it has told, what it has told has been heard here too, or was missed.
   */
  const seeTo = (joining: readonly Event[]): void => {
    if (joining.length === 0) return;
    repairing = repairing.then(async () => {
      await bus.flush(FLUSH_MS);
      await repair(joining.filter((fact) => !heard(fact)));
    });
  };

  const recent = () => passed.filter(({ at }) => deps.now() - at < CUT_NOTICED_MS);

  const pass = (position: Position): void => {
    const at = deps.now();
    const told = kept.filter((fact) => fact.position <= position);
    passed = [...recent(), ...told.map((fact) => ({ fact, at }))].slice(-KEPT_MAX);
    kept = kept.filter((fact) => fact.position > position);
  };

  bus.onChange({
    cut: () => {
      isCut = true;
      kept = [...recent().map(({ fact }) => fact), ...kept];
      passed = [];
    },
    whole: () => {
      isCut = false;
      const facts = kept;
      kept = [];
      if (facts.length > 0) log.info(`telling again of ${String(facts.length)} facts`);
      repairing = repairing.then(() => repair(facts));
    },
  });

  return {
    take: (events) => {
      for (const event of events) {
        if (event.type === 'CheckpointMoved') {
          const { position } = event.data;
          if (event.stream === stream && !isCut) {
            seeTo(kept.filter((fact) => fact.position <= position && isJoining(fact)));
            pass(position);
          }
          continue;
        }
        const reaction = reactionTo(event);
        if (reaction !== undefined && hasCopies(reaction)) kept.push(event);
      }
      if (kept.length > KEPT_MAX) {
        if (isCut) log.warn({}, 'the bus is cut for so long that some notices will be missed');
        kept = kept.slice(-KEPT_MAX);
      }
    },
    settled: () => repairing,
  };
};
