import { expect, test } from 'vitest';
import { inbox, type NoteInInbox } from '../../../core/inbox/decider.ts';
import { inboxStream, type InboxEvent } from '../../../core/inbox/events.ts';
import { noteSince } from '../../../core/inbox/noteSince.ts';
import type { Millis } from '../../../core/kernel/ids.ts';
import { loadNewest } from '../../../core/kernel/loadNewest.ts';
import { StreamWriters } from '../../../core/kernel/writer.ts';
import { MemoryEventLog } from '../../support/memoryEventLog.ts';
import { ann, annAndBob, bob, by, eventId } from '../../support/people.ts';

/** Of the first event of a log in memory; each has a millisecond more. */
const BEGUN: Millis = 1_700_000_000_000;

const world = () => {
  const log = new MemoryEventLog();
  const writers = new StreamWriters({
    log,
    decider: inbox,
    load: loadNewest(log, inbox),
    streamOf: ({ data }: NoteInInbox) => inboxStream(data.user),
    metaOf: ({ meta }) => meta,
    clock: () => 0,
    pause: () => Promise.resolve(),
  });
  const ids = async () => {
    const options = { from: 'start', direction: 'forwards', max: 2_000 } as const;
    return (await log.readStream(inboxStream(bob), options)).map(({ id }) => id);
  };
  return { log, ids, writers, note: noteSince({ writers, log }) };
};

const setting = (name: string, privateChat: boolean): NoteInInbox => {
  const event: InboxEvent = {
    type: 'ConversationConfigured',
    data: {
      ...{ user: bob, conversation: annAndBob, kind: 1, peer: { user: ann } },
      settings: { privateChat },
    },
  };
  const call = { id: eventId(name), at: BEGUN, meta: by(bob) };
  return { type: 'NoteInInbox', ...call, data: { user: bob, event } };
};

test.each([1, 1_200])(
  '[PRJ-17] done again, a setting that follows from a fact does not undo what was set since: %i',
  async (later) => {
    const { note, writers, ids } = world();
    const first = await note(setting('follows', true), BEGUN);
    const own = Array.from({ length: later }, (_, index) => `own ${String(index)}`);
    for (const name of own) await writers.handle(setting(name, false));
    expect(await note(setting('follows', true), BEGUN)).toEqual({ position: first.position });
    expect(await ids()).toEqual(['follows', ...own].map(eventId));
  },
);

test('[PRJ-17] what follows is looked for as far back as the fact, and no further', async () => {
  const { log, note, writers, ids } = world();
  for (let index = 0; index < 1_200; index++)
    await writers.handle(setting(`old ${String(index)}`, false));
  const read: unknown[] = [];
  const counted = {
    readPlaces: (...asked: Parameters<typeof log.readPlaces>) => {
      read.push(asked);
      return log.readPlaces(...asked);
    },
    readStream: log.readStream.bind(log),
  };
  const noted = await noteSince({ writers, log: counted })(setting('new', true), BEGUN + 1_000);
  expect(noted).toHaveProperty('position');
  expect(read).toHaveLength(1);
  expect((await ids()).at(-1)).toBe(eventId('new'));
  expect(await note(setting('new', true), BEGUN + 1_000)).toHaveProperty('position');
  expect(await ids()).toHaveLength(1_201);
});
