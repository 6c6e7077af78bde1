import { hash } from 'node:crypto';
import type { AppendOnce } from '../../../core/conversation/appendOnce.ts';
import type { Millis } from '../../../core/kernel/ids.ts';
import { subjectOf, type Subject } from '../../bus/bus.ts';
import { RecentMap } from '../../recentMap.ts';
import type { Cluster } from './cluster.ts';
import { Lanes } from './lanes.ts';
import { breakOff, runOf, TakenRuns, type Run } from './runs.ts';
import { publishTogether } from './together.ts';
import { EVERYBODY, read, written, type Forwarded, type ForwardedAnswer } from './wire.ts';

/** For so long after one process was before another a conversation is written by one of them. */
export const HOT_MS: Millis = 10_000;
/** As often as others are told that it still is. */
const TOLD_EVERY_MS: Millis = 3_000;
/** After so long this process appends it itself. */
const ANSWER_MS_MAX: Millis = 2_000;
/** And so long it does not ask that one any more. */
const DEAF_MS: Millis = 10_000;
/** Processes, each of which has another id after a start. */
const DEAF_MAX = 100;
/** Conversations that are remembered as written from several processes. */
const HOT_MAX = 10_000;

type ForwardingDeps = Readonly<{
  cluster: Pick<Cluster, 'bus' | 'id' | 'onContended'> &
    Readonly<{ members: Pick<Cluster['members'], 'sendTakers'> }>;
  now: () => Millis;
}>;

export type Forwarding = Readonly<{
  /** In a conversation another process's append came before one of this. */
  contended: (stream: string) => void;
  /** Appends here, or has the process append whose turn it is: what this one is given is how it appends itself. */
  within: (append: AppendOnce) => AppendOnce;
  /** How many others have appended for this one, and how often one did not answer. */
  stats: () => Readonly<{ forwarded: number; unanswered: number }>;
  close: () => Promise<void>;
}>;

type Answer = Awaited<ReturnType<AppendOnce>>;

/** A conversation that several processes write. */
type Hot = {
  /** When this process told of it last. */
  told: Millis;
  /** Those that have met another writer, or append for others, and until when that counts. */
  readonly writers: Map<string, Millis>;
  /** Who appends, as long as those that take sends are these. */
  chosen: Readonly<{ among: readonly string[]; owner: string | undefined }> | undefined;
  /** What is asked of whoever appends. */
  run: Run | undefined;
};

const isWriter = ({ writers }: Hot, id: string, at: Millis): boolean =>
  (writers.get(id) ?? -Infinity) >= at;

const questionsOf = (id: string): Subject => subjectOf('node', `${id} appends`);
const answersOf = (id: string): Subject => subjectOf('node', `${id} appended`);

/** The same one of them whoever asks, and another one for other conversations. */
export const ownerOf = (stream: string, ids: readonly string[]): string | undefined => {
  let [best, most] = [undefined as string | undefined, ''];
  for (const id of ids) {
    const weight = hash('sha1', `${stream} ${id}`);
    if (weight > most) [best, most] = [id, weight];
  }
  return best;
};

/**
 * A conversation that several processes write at the same moment is for some seconds written by one of them, for
 * which the others ask it (decisions 5.7). It is for speed alone: who gets no answer appends for itself, and what both
 * have done is found to be one by its id.
 */
export const openForwarding = ({ cluster, now }: ForwardingDeps): Forwarding => {
  const { bus, id: me, members } = cluster;
  const hot = new RecentMap<string, Hot>(HOT_MAX);
  const deaf = new RecentMap<string, Millis>(DEAF_MAX);
  const waiting = new Map<number, (answer: ForwardedAnswer) => void>();
  const taken = new TakenRuns();
  const lanes = new Lanes();
  const tell = publishTogether(bus);
  let here: AppendOnce | undefined;
  let asked = 0;
  let runs = 0;
  const counts = { forwarded: 0, unanswered: 0 };

  const isWrittenBy = (stream: string, id: string): Hot => {
    const state: Hot = hot.get(stream) ?? {
      ...{ told: -Infinity, writers: new Map(), chosen: undefined, run: undefined },
    };
    const at = now();
    // Who comes to those that write it may be the one whom all choose from now on.
    if (!isWriter(state, id, at)) state.chosen = undefined;
    state.writers.set(id, at + HOT_MS);
    hot.set(stream, state);
    return state;
  };
  const heat = (stream: string): void => {
    const state = isWrittenBy(stream, me);
    const at = now();
    if (at - state.told < TOLD_EVERY_MS) return;
    state.told = at;
    bus.publish(EVERYBODY, written({ kind: 'contended', stream, by: me }));
  };
  cluster.onContended(isWrittenBy);

  /** One of those that write it: so that no more of it than must takes the way over another process. */
  const chosenOf = (stream: string, state: Hot): string | undefined => {
    const among = members.sendTakers;
    const at = now();
    const { chosen } = state;
    const isIdle = chosen?.owner !== undefined && !isWriter(state, chosen.owner, at);
    if (chosen?.among === among && !isIdle) return chosen.owner;
    for (const [id, until] of state.writers) if (until < at) state.writers.delete(id);
    const writing = among.filter((id) => state.writers.has(id));
    state.chosen = { among, owner: ownerOf(stream, writing) };
    return state.chosen.owner;
  };

  /** In which run another process is to be asked; none: it is for this one to do. */
  const runFor = (stream: string): Run | undefined => {
    const state = hot.get(stream);
    const owner = state && chosenOf(stream, state);
    if (owner === undefined || owner === me || !bus.isConnected()) return undefined;
    if ((deaf.get(owner) ?? -Infinity) > now()) return undefined;
    if (state?.run?.owner === owner && !state.run.broken) return state.run;
    runs += 1;
    const run = runOf(owner, runs);
    if (state !== undefined) state.run = run;
    return run;
  };

  const answerOf = (run: Run, wish: Forwarded['wish']): Promise<Answer | undefined> =>
    new Promise((resolve) => {
      asked += 1;
      const ask = asked;
      const end = (once: Answer | undefined): void => {
        clearTimeout(timer);
        waiting.delete(ask);
        run.unanswered.delete(end);
        resolve(once);
      };
      const timer = setTimeout(() => {
        deaf.set(run.owner, now() + DEAF_MS);
        breakOff(run);
      }, ANSWER_MS_MAX);
      waiting.set(ask, ({ once }) => {
        if (once === undefined) breakOff(run);
        else end(once);
      });
      run.unanswered.add(end);
      const question: Forwarded = { ask, from: me, wish, run: run.number, place: run.asked };
      run.asked += 1;
      tell(questionsOf(run.owner), JSON.stringify(question), () => {
        breakOff(run);
      });
    });

  const ask = async (run: Run, wish: Forwarded['wish']): Promise<Answer | undefined> => {
    const once = await answerOf(run, wish);
    if (once === undefined) counts.unanswered += 1;
    else counts.forwarded += 1;
    return once;
  };

  const answerTo = async (question: Forwarded): Promise<void> => {
    const { ask, from, wish } = question;
    // It goes on being written here as long as others would have to write it otherwise.
    heat(wish.stream);
    // Why it could not be appended, whoever asks finds out by itself, and logs it.
    const failed = (): undefined => {
      taken.failed(question);
    };
    const once = taken.isNext(question) ? await here?.(wish).catch(failed) : undefined;
    const answer: ForwardedAnswer = { ask, ...(once !== undefined && { once }) };
    tell(answersOf(from), JSON.stringify(answer));
  };
  const ends = [
    bus.subscribe(questionsOf(me), (payload) => {
      for (const question of read<readonly Forwarded[]>(payload)) void answerTo(question);
    }),
    bus.subscribe(answersOf(me), (payload) => {
      for (const answer of read<readonly ForwardedAnswer[]>(payload))
        waiting.get(answer.ask)?.(answer);
    }),
  ];

  return {
    contended: (stream) => {
      if (bus.isShared()) heat(stream);
    },
    within: (append) => {
      here = append;
      if (!bus.isShared()) return append;
      return (wish) => {
        const run = runFor(wish.stream);
        const place = run === undefined ? me : `${run.owner} ${String(run.number)}`;
        return lanes.through(wish.stream, place, async () =>
          run === undefined ? append(wish) : ((await ask(run, wish)) ?? append(wish)),
        );
      };
    },
    stats: () => ({ ...counts }),
    close: () => {
      for (const end of ends) end();
      return Promise.resolve();
    },
  };
};
