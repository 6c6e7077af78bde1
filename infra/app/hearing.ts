import type { NumberedEvent } from '../../core/conversation/events.ts';
import type { Recorded } from '../../core/kernel/fact.ts';
import type { Millis, Position, UserId } from '../../core/kernel/ids.ts';
import type { Passing } from '../../core/sequence/shown.ts';
import type { Interest } from '../../gateways/ws/interest.ts';
import { subjectOf, type Bus } from '../bus/bus.ts';
import { read, type ToUser } from './wire.ts';

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
  passTo: (users: readonly UserId[], passing: Passing, openedBefore?: Millis) => void;
}>;

/** What others tell of the users that are connected here. */
export const hearing = ({ bus, follower, announce, passTo }: HearingDeps): Interest => {
  const subscribed = new Map<UserId, () => void>();
  /** By user, what is passed waits in its order for the follower. */
  const held = new Map<UserId, Promise<void>>();

  const pass = (user: UserId, { passing, fact }: Extract<ToUser, { kind: 'passing' }>): void => {
    passTo([user], passing, fact === undefined ? undefined : fact + FETCHED_MS);
  };

  const passInOrder = (user: UserId, told: Extract<ToUser, { kind: 'passing' }>): void => {
    const before = held.get(user);
    const { after = 0 } = told;
    if (before === undefined && after <= follower.reached()) {
      pass(user, told);
      return;
    }
    const turn: Promise<void> = Promise.resolve(before)
      .then(() => follower.waitFor(after, FOLLOWED_MS))
      .then(() => {
        pass(user, told);
        if (held.get(user) === turn) held.delete(user);
      });
    held.set(user, turn);
  };

  const hear = (user: UserId, payload: Uint8Array): void => {
    const told = read<ToUser>(payload);
    switch (told.kind) {
      case 'stored':
        announce(told.events);
        break;
      case 'passing':
        passInOrder(user, told);
        break;
    }
  };

  return {
    join: (user) => {
      if (subscribed.has(user)) return;
      subscribed.set(
        user,
        bus.subscribe(subjectOf('u', user), (payload) => hear(user, payload)),
      );
    },
    leave: (user) => {
      subscribed.get(user)?.();
      subscribed.delete(user);
    },
    settled: () =>
      bus.isShared() && bus.isConnected() ? bus.flush(SETTLED_MS).then(() => undefined) : undefined,
  };
};
