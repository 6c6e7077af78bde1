import { expect, test } from 'vitest';
import type { SeqlineEvent } from '../../../../core/kernel/catalogue.ts';
import type { Recorded } from '../../../../core/kernel/fact.ts';
import type { Position } from '../../../../core/kernel/ids.ts';
import type { Reaction } from '../../../../core/notice/reaction.ts';
import { CUT_NOTICED_MS, missedNotices } from '../../../../infra/app/notices/missedNotices.ts';
import type { BusListener } from '../../../../infra/bus/bus.ts';
import { memoryBus } from '../../../../infra/bus/memory.ts';
import { deriveId } from '../../../../infra/ids.ts';
import { createLog } from '../../../../infra/observe/log.ts';
import { ann, annAndBob, bob, by, eventId } from '../../../support/people.ts';

type Event = Recorded<SeqlineEvent>;

const placed = (position: Position, event: SeqlineEvent, stream: string): Event => ({
  ...event,
  ...{ id: eventId(position), meta: by(ann, 'op'), stream, revision: 0, position },
  created: position * 10,
});

/** A fact that ann's devices and bob's are told of. */
const fact = (position: Position): Event =>
  placed(
    position,
    { type: 'FriendDeleted', data: { from: ann, to: bob } } as unknown as SeqlineEvent,
    'friendship-ann+bob',
  );
const checkpoint = (position: Position, at: Position): Event =>
  placed(at, { type: 'CheckpointMoved', data: { position } }, 'checkpoint-notices');

const reactionTo = (event: Event): Reaction | undefined =>
  event.type === 'FriendDeleted'
    ? {
        order: 'x',
        copies: [
          {
            conversation: annAndBob,
            data: { from: ann, to: bob, contentType: 1205, body: { content: event.id } },
          },
        ],
      }
    : undefined;

const world = (heard: readonly Event['id'][] = []) => {
  const listeners: BusListener[] = [];
  const bus = memoryBus().join();
  const told: (readonly [string, number])[] = [];
  const waited: Position[] = [];
  const clock = { at: 5 };
  const missed = missedNotices({
    bus: {
      publish: (...told) => bus.publish(...told),
      subscribe: (...told) => bus.subscribe(...told),
      flush: () => bus.flush(0),
      isShared: () => true,
      isConnected: () => true,
      onChange: (listener) => {
        listeners.push(listener);
        return () => undefined;
      },
      close: () => bus.close(),
    },
    reactor: 'notices',
    reactionTo,
    // Of the facts of these tests those with an odd position bring somebody in.
    isJoining: ({ position }) => position % 2 === 1,
    heard: ({ id }) => heard.includes(id),
    projected: (position) => {
      waited.push(position);
      return Promise.resolve(true);
    },
    passHere: ({ passing }, at) => told.push([passing.meta.causationId ?? '', at]),
    deriveId,
    now: () => clock.at,
    log: createLog('silent'),
  });
  return {
    ...missed,
    told,
    waited,
    clock,
    cut: () => listeners.forEach(({ cut }) => cut()),
    whole: async () => {
      listeners.forEach(({ whole }) => whole());
      await missed.settled();
    },
  };
};

test('[NOD-16] of facts that another may have told of while the bus was cut, each is told again here', async () => {
  const { take, cut, whole, told, waited, clock } = world([eventId(1)]);
  // Told of well before the cut, as the checkpoint says.
  take([fact(1), fact(2), checkpoint(2, 3)]);
  clock.at += CUT_NOTICED_MS;
  // Perhaps told of, and told of while nobody heard it.
  take([fact(4)]);
  cut();
  take([fact(5), checkpoint(5, 6)]);
  await whole();
  expect(told).toEqual([
    [eventId(4), 40],
    [eventId(5), 50],
  ]);
  expect(waited).toEqual([4, 5]);
  // Once is enough.
  cut();
  await whole();
  expect(told).toHaveLength(2);
});

test('[NOD-16] also of those that were told of before it was noticed that the bus was cut', async () => {
  const { take, cut, whole, told, clock } = world();
  take([fact(2), fact(4), checkpoint(2, 6)]);
  clock.at += CUT_NOTICED_MS - 1;
  take([checkpoint(4, 7)]);
  clock.at += 1;
  cut();
  await whole();
  expect(told).toEqual([[eventId(4), 40]]);
  cut();
  await whole();
  expect(told).toHaveLength(1);
});

test('[NOD-16] a checkpoint of something else says nothing of notices', async () => {
  const { take, cut, whole, told } = world();
  take([fact(1), { ...checkpoint(1, 2), stream: 'checkpoint-others' }]);
  cut();
  await whole();
  expect(told).toEqual([[eventId(1), 10]]);
});

test('[NOD-16] who comes into a group is told of it here, if that was told before the gateway heard for the group', async () => {
  const { take, settled, told } = world([eventId(3)]);
  take([fact(1), fact(2), fact(3), fact(5)]);
  expect(told).toEqual([]);
  take([checkpoint(3, 6)]);
  await settled();
  // The first brings somebody in and was not heard; the third was; the fifth is not told of yet.
  expect(told).toEqual([[eventId(1), 10]]);
});
