import type { NumberedEvent } from '../../../core/conversation/events.ts';
import type { Recorded } from '../../../core/kernel/fact.ts';
import type { EventId, Millis, Position, UserId } from '../../../core/kernel/ids.ts';
import type { Passing } from '../../../core/sequence/shown.ts';
import type { Interest, Topic } from '../../../gateways/ws/interest.ts';
import type { Bus } from '../../bus/bus.ts';
import { RecentMap } from '../../recentMap.ts';
import { subjectOfTopic } from '../cluster/subjects.ts';
import { read, type ToUser } from '../cluster/wire.ts';

/** A connection is opened without the bus if that does not answer: what is stored comes by the log. */
const SETTLED_MS = 1_000;
/** What speaks of something stored waits for it; past it the client has to look for itself. */
const FOLLOWED_MS = 2_000;
/** Who has connected so long after a fact has fetched what it tells, and may have gone on since. */
export const FETCHED_MS: Millis = 10_000;

type HearingDeps = Readonly<{
  bus: Bus;
  /** Where the process's own follower is, and how to wait for it. */
  follower: Readonly<{
    reached: () => Position;
    waitFor: (position: Position, ms: number) => Promise<boolean>;
  }>;
  announce: (events: readonly Recorded<NumberedEvent>[]) => void;
  passTo: (topics: readonly Topic[], passing: Passing, openedBefore?: Millis) => void;
  /** Of a user that is connected here. */
  wished: (user: UserId, wish: Extract<ToUser, { kind: 'watch' }>) => void;
}>;

type Passed = Extract<ToUser, { kind: 'passing' }>;

/** Facts of which notices have come, that are remembered: more than are told of in some seconds. */
const HEARD_MAX = 10_000;

/** What others tell of the users that are connected here. */
export const hearing = ({
  bus,
  follower,
  announce,
  passTo,
  wished,
}: HearingDeps): Interest & Readonly<{ heard: (fact: EventId, topic: Topic) => boolean }> => {
  /** By topic and fact. */
  const facts = new RecentMap<string, true>(HEARD_MAX);
  const subscribed = new Map<Topic, () => void>();
  /** By topic, what is passed waits in its order for the follower. */
  const held = new Map<Topic, Promise<void>>();

  /** `isInTime`: whoever comes into a group by the fact is known here. */
  const pass = (topic: Topic, { passing, fact }: Passed, isInTime: boolean): void => {
    const { causationId } = passing.meta;
    if (fact !== undefined && causationId !== undefined && isInTime)
      facts.set(`${topic} ${causationId}`, true);
    passTo([topic], passing, fact === undefined ? undefined : fact + FETCHED_MS);
  };

  const passInOrder = (topic: Topic, told: Passed): void => {
    const before = held.get(topic);
    const { after = 0 } = told;
    if (before === undefined && after <= follower.reached()) {
      pass(topic, told, true);
      return;
    }
    const turn: Promise<void> = Promise.resolve(before)
      .then(() => follower.waitFor(after, FOLLOWED_MS))
      .then((isInTime) => {
        pass(topic, told, isInTime);
        if (held.get(topic) === turn) held.delete(topic);
      });
    held.set(topic, turn);
  };

  const hear = (topic: Topic, payload: Uint8Array): void => {
    const told = read<ToUser>(payload);
    switch (told.kind) {
      case 'stored':
        announce(told.events);
        break;
      case 'passing':
        passInOrder(topic, told);
        break;
      case 'watch':
        wished(topic, told);
        break;
    }
  };

  return {
    /**
     * Whether a notice of this fact has come over the bus, of late, for this user or group, and was passed on when the
     * fact was known here.
     */
    heard: (fact, topic) => facts.get(`${topic} ${fact}`) === true,
    join: (topic) => {
      if (subscribed.has(topic)) return;
      subscribed.set(
        topic,
        bus.subscribe(subjectOfTopic(topic), (payload) => hear(topic, payload)),
      );
    },
    leave: (topic) => {
      subscribed.get(topic)?.();
      subscribed.delete(topic);
    },
    settled: () =>
      bus.isShared() && bus.isConnected() ? bus.flush(SETTLED_MS).then(() => undefined) : undefined,
  };
};
