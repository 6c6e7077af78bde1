import type { UserId } from '../../../core/kernel/ids.ts';
import { NotAnswerable } from '../../../gateways/ports.ts';
import type { PresenceSubscriptions } from '../../../gateways/keptPorts.ts';
import type { WatchedHere } from '../../../gateways/ws/presence.ts';
import { subjectOf, type Bus, type Subject } from '../../bus/bus.ts';
import { randomId } from '../../ids.ts';
import { subjectOfTopic } from '../cluster/subjects.ts';
import { read, written, type ToOne, type ToUser } from '../cluster/wire.ts';

/** How long gateways have for an answer. */
const ANSWER_MS_MAX = 2_000;

type Wish = Extract<ToUser, { kind: 'watch' }>;
type Told = Readonly<{ done: boolean; watched: readonly string[] }>;

type WatchingDeps = Readonly<{
  bus: Bus;
  /** Of this process. */
  id: string;
  /** At how many other gateways a user is connected, as far as it is known here. */
  gatewaysOf: (user: UserId) => number;
  /** Undefined: this process has no connections. */
  here: WatchedHere | undefined;
}>;

export type Watching = Readonly<{
  /** Of all connections that a user has, at whatever gateway. */
  subscriptions: PresenceSubscriptions;
  /** Another process wishes something of a user's connections here. */
  wished: (user: UserId, wish: Wish) => void;
}>;

const subjectOfProcess = (id: string): Subject => subjectOf('all', id);

/** Who a user's connections are told of, asked for at any process: subscriptions are where the connections are. */
export const openWatching = ({ bus, id, gatewaysOf, here }: WatchingDeps): Watching => {
  const asked = new Map<string, (told: Told) => void>();
  bus.subscribe(subjectOfProcess(id), (payload) => {
    const { ask, ...told } = read<ToOne>(payload);
    asked.get(ask)?.(told);
  });

  /** What each of a user's other gateways answers. @throws NotAnswerable where one of them does not */
  const askAll = async (
    user: UserId,
    act: Wish['act'],
    watched: readonly UserId[] = [],
  ): Promise<readonly Told[]> => {
    if (gatewaysOf(user) === 0) return [];
    const ask = randomId();
    const answers: Told[] = [];
    let timer: NodeJS.Timeout | undefined;
    try {
      await new Promise<void>((resolve) => {
        timer = setTimeout(resolve, ANSWER_MS_MAX);
        asked.set(ask, (told) => {
          answers.push(told);
          if (answers.length >= gatewaysOf(user)) resolve();
        });
        const wish = { kind: 'watch', ask, from: id, act, watched } as const;
        if (!bus.publish(subjectOfTopic(user), written(wish))) resolve();
      });
    } finally {
      clearTimeout(timer);
      asked.delete(ask);
    }
    if (answers.length >= gatewaysOf(user)) return answers;
    throw new NotAnswerable('a gateway that the user is connected to has not answered');
  };

  const all = (answers: readonly Told[]): boolean => answers.every(({ done }) => done);

  return {
    subscriptions: {
      // All are asked first: where one may not, none does.
      watch: async (user, watched) =>
        here?.mayWatch(user, watched) !== false &&
        all(await askAll(user, 'may', watched)) &&
        (await here?.watch(user, watched)) !== false &&
        all(await askAll(user, 'watch', watched)),
      unwatch: async (user, watched) => {
        await here?.unwatch(user, watched);
        await askAll(user, 'unwatch', watched);
      },
      watchedBy: async (user) => {
        const own = (await here?.watchedBy(user)) ?? [];
        const others = (await askAll(user, 'list')).flatMap((told) => told.watched as UserId[]);
        return [...new Set([...own, ...others])];
      },
    },

    wished: (user, { ask, from, act, watched }) => {
      if (here === undefined) return;
      void fulfilled(here, act, user, watched as readonly UserId[]).then((told) => {
        bus.publish(subjectOfProcess(from), written({ kind: 'watched', ask, ...told }));
      });
    },
  };
};

const fulfilled = async (
  here: WatchedHere,
  act: Wish['act'],
  user: UserId,
  watched: readonly UserId[],
): Promise<Told> => {
  switch (act) {
    case 'may':
      return { done: here.mayWatch(user, watched), watched: [] };
    case 'watch':
      return { done: await here.watch(user, watched), watched: [] };
    case 'unwatch':
      await here.unwatch(user, watched);
      return { done: true, watched: [] };
    case 'list':
      return { done: true, watched: await here.watchedBy(user) };
  }
};
