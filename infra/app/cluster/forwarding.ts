import { hash } from 'node:crypto';
import { setTimeout as timeout } from 'node:timers/promises';
import type { AppendOnce } from '../../../core/conversation/appendOnce.ts';
import type { Millis } from '../../../core/kernel/ids.ts';
import { subjectOf, type Subject } from '../../bus/bus.ts';
import { RecentMap } from '../../recentMap.ts';
import type { Cluster } from './cluster.ts';
import { Lanes } from './lanes.ts';
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
  const hot = new RecentMap<string, { until: Millis; told: Millis }>(HOT_MAX);
  const deaf = new RecentMap<string, Millis>(DEAF_MAX);
  const waiting = new Map<number, (answer: ForwardedAnswer) => void>();
  const lanes = new Lanes();
  let here: AppendOnce | undefined;
  let asked = 0;
  const counts = { forwarded: 0, unanswered: 0 };

  const heat = (stream: string): void => {
    const at = now();
    const told = hot.get(stream)?.told ?? -Infinity;
    const tells = at - told >= TOLD_EVERY_MS;
    hot.set(stream, { until: at + HOT_MS, told: tells ? at : told });
    if (tells) bus.publish(EVERYBODY, written({ kind: 'contended', stream }));
  };
  cluster.onContended((stream) => {
    hot.set(stream, { until: now() + HOT_MS, told: hot.get(stream)?.told ?? -Infinity });
  });

  /** This process, unless another is to do it. */
  const placeOf = (stream: string): string => {
    const state = hot.get(stream);
    if (state === undefined || state.until < now() || !bus.isConnected()) return me;
    const owner = ownerOf(stream, members.sendTakers) ?? me;
    return (deaf.get(owner) ?? -Infinity) > now() ? me : owner;
  };

  const ask = async (owner: string, wish: Forwarded['wish']): Promise<Answer | undefined> => {
    asked += 1;
    const number = asked;
    const ending = new AbortController();
    let answer: ForwardedAnswer | undefined;
    waiting.set(number, (said) => {
      answer = said;
      ending.abort();
    });
    const question = written({ ask: number, from: me, wish });
    if (bus.publish(questionsOf(owner), question)) {
      // Woken by the answer, which is no fault.
      await timeout(ANSWER_MS_MAX, undefined, { signal: ending.signal }).catch(() => undefined);
      if (answer === undefined) deaf.set(owner, now() + DEAF_MS);
    }
    waiting.delete(number);
    if (answer?.once === undefined) counts.unanswered += 1;
    else counts.forwarded += 1;
    return answer?.once;
  };

  const answerTo = async ({ ask, from, wish }: Forwarded): Promise<void> => {
    // It goes on being written here as long as others would have to write it otherwise.
    heat(wish.stream);
    // Why it could not be appended, whoever asks finds out by itself, and logs it.
    const once = await here?.(wish).catch(() => undefined);
    bus.publish(answersOf(from), written({ ask, ...(once !== undefined && { once }) }));
  };
  const ends = [
    bus.subscribe(questionsOf(me), (payload) => void answerTo(read<Forwarded>(payload))),
    bus.subscribe(answersOf(me), (payload) => {
      const answer = read<ForwardedAnswer>(payload);
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
        const place = placeOf(wish.stream);
        return lanes.through(wish.stream, place, async () =>
          place === me ? append(wish) : ((await ask(place, wish)) ?? append(wish)),
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
