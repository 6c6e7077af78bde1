import { describe, expect, test } from 'vitest';
import type { AppendNumbered } from '../../../core/conversation/decider.ts';
import { single } from '../../../core/conversation/ids.ts';
import type { ConversationConfigured, InboxEvent } from '../../../core/inbox/events.ts';
import { inboxStream } from '../../../core/inbox/events.ts';
import type { NoteInInbox } from '../../../core/inbox/decider.ts';
import type { SeqlineEvent } from '../../../core/kernel/catalogue.ts';
import type { NewEvent, Recorded } from '../../../core/kernel/fact.ts';
import type { EventId, GroupId, TokenId } from '../../../core/kernel/ids.ts';
import { CheckpointTaken, LogCheckpoint } from '../../../core/notice/checkpoint.ts';
import {
  Interrupted,
  Reactor,
  type FollowUpCommand,
  type ReactorDeps,
} from '../../../core/notice/reactor.ts';
import type { FollowUp, Reaction } from '../../../core/notice/reaction.ts';
import type { Passing } from '../../../core/sequence/shown.ts';
import { reactionTo } from '../../../gateways/openim/notices.ts';
import { deriveId } from '../../../infra/ids.ts';
import { knownEvents } from '../../../projections/kernel/follower.ts';
import { MemoryEventLog } from '../../support/memoryEventLog.ts';
import { ann, annAndBob, bob, by, cat } from '../../support/people.ts';

type Did = Readonly<
  | { line: AppendNumbered }
  | { note: NoteInInbox }
  | { passed: Passing; at: number }
  | { followed: FollowUpCommand }
  | { early: EventId }
>;

const configured = (settings: ConversationConfigured['data']['settings']): InboxEvent => ({
  type: 'ConversationConfigured',
  data: { user: ann, conversation: annAndBob, kind: 1, peer: { user: bob }, settings },
});

const team = 'team' as GroupId;
const disband: FollowUp = { type: 'DisbandGroup', data: { group: team } };

/** What else follows from a setting, and then what is told when that is asked. */
const followingOnce =
  (told: () => readonly FollowUp[] | 'later') =>
  (event: Recorded<SeqlineEvent>): Reaction | undefined => {
    const reaction = reactionTo(event);
    return reaction && { ...reaction, follow: () => Promise.resolve(told()) };
  };
const following = (...followUps: readonly FollowUp[]) => followingOnce(() => followUps);

const open = (log: MemoryEventLog, name: string, owner: string): Promise<LogCheckpoint> =>
  LogCheckpoint.open({ log, name, owner, deriveId });

const world = async () => {
  const log = new MemoryEventLog();
  const checkpoint = await open(log, 'notices', 'one');
  const did: Did[] = [];
  let projected = 0;
  const reactor = (at = checkpoint, more: Partial<ReactorDeps> = {}) =>
    new Reactor({
      copiesAfter: 0,
      reactionTo,
      checkpoint: at,
      append: (line) => {
        did.push({ line });
        return Promise.resolve({ position: 1_000 });
      },
      note: (note) => {
        did.push({ note });
        return Promise.resolve({ position: 2_000 });
      },
      follow: (followed) => {
        did.push({ followed });
        return Promise.resolve();
      },
      pass: (passed) => did.push({ passed, at: projected }),
      handedOn: () => Promise.resolve(true),
      projected: (position) => {
        projected = position;
        return Promise.resolve(true);
      },
      early: ({ id }) => did.push({ early: id }),
      isEnding: () => false,
      pause: () => Promise.resolve(),
      deriveId,
      now: () => 5_000,
      ...more,
    });
  const add = async (event: SeqlineEvent, more: Partial<NewEvent> = {}) => {
    const id = deriveId('test', String(await log.head()));
    const made: NewEvent = { ...event, id, meta: by(ann, 'call'), ...more };
    await log.append(inboxStream(ann), 'any', [made]);
    const { events } = await log.readAll({ after: 0, max: 1_000 });
    return knownEvents(events);
  };
  return { log, did, reactor, add, checkpoint, projectedTo: () => projected };
};

describe('what follows from facts', () => {
  test('[MSG-7] own devices are told of a setting once its list shows it', async () => {
    const { did, reactor, add } = await world();
    const events = await add(configured({ pinned: true }));
    await reactor().react(events);
    const [first] = did;
    if (first === undefined || !('passed' in first)) throw new Error('nothing was passed');
    expect(first.at).toBe(events.at(-1)?.position);
    expect(first.passed).toMatchObject({
      conversation: 'n_ann_ann',
      meta: { operationId: 'call' },
      data: { contentType: 1300, from: ann, to: ann },
    });
    expect(did).toHaveLength(1);
  });

  test('[MSG-8] a private chat is private for both, with a line before the notice', async () => {
    const { did, reactor, add } = await world();
    await reactor().react(await add(configured({ privateChat: true })));
    expect(did.map((one) => Object.keys(one)[0])).toEqual(['note', 'line', 'passed']);
    expect(did[0]).toMatchObject({
      note: { data: { user: bob, event: { data: { settings: { privateChat: true } } } } },
    });
    expect(did[1]).toMatchObject({
      line: { stream: `conversation-${annAndBob}`, wish: { data: { contentType: 1701, to: bob } } },
    });
    expect(did[2]).toMatchObject({
      at: 2_000,
      passed: { conversation: 'n_ann_bob', data: { contentType: 1701 } },
    });
  });

  test('[GRP-84] copies come before the lines where that is asked for', async () => {
    const { did, reactor, add } = await world();
    const events = await add(configured({ privateChat: true }));
    const react: typeof reactionTo = (event) => {
      const reaction = reactionTo(event);
      return reaction && { ...reaction, copiesFirst: true };
    };
    await reactor(undefined, { reactionTo: react }).react(events);
    expect(did.map((one) => Object.keys(one)[0])).toEqual(['note', 'passed', 'line']);
  });

  test('[MSG-8] the other side of a private chat says nothing more', async () => {
    const { did, reactor, add } = await world();
    const caused = { ...by(ann), causationId: deriveId('the first') };
    await reactor().react(await add(configured({ privateChat: true }), { meta: caused }));
    expect(did).toEqual([]);
  });

  test('[MSG-8] a private chat that names another conversation touches nobody else', async () => {
    const { did, reactor, add } = await world();
    const { type, data } = configured({ privateChat: true }) as ConversationConfigured;
    await reactor().react(await add({ type, data: { ...data, conversation: single(bob, cat) } }));
    expect(did.some((one) => 'note' in one || 'line' in one)).toBe(false);
  });

  test('[FRD-33] a copy for elsewhere says which login is not to be told, and no other copy does', async () => {
    const { did, reactor, add } = await world();
    const login = 'the login' as TokenId;
    const events = await add(configured({ pinned: true }), { meta: { ...by(ann), login } });
    const copies = (elsewhere: boolean): typeof reactionTo => {
      return (event) => {
        const told = reactionTo(event);
        const [copy] = told?.copies ?? [];
        if (told === undefined || copy === undefined) return undefined;
        return { ...told, copies: [elsewhere ? { ...copy, elsewhere } : copy] };
      };
    };
    await reactor(undefined, { reactionTo: copies(true) }).react(events);
    await reactor(await open(new MemoryEventLog(), 'notices', 'two'), {
      reactionTo: copies(false),
    }).react(events);
    expect(did.map((one) => 'passed' in one && one.passed.notTo)).toEqual([login, undefined]);
  });

  test('[FRD-31] what the lists are asked for is what they show once they have the fact', async () => {
    const { did, reactor, add, projectedTo } = await world();
    const events = await add({ type: 'UserChanged', data: { user: ann, profile: { ex: 'x' } } });
    const asked: number[] = [];
    const react: typeof reactionTo = (event) => {
      const copies = reactionTo(event)?.copies;
      if (copies === undefined) return undefined;
      const look = () => {
        asked.push(projectedTo());
        return Promise.resolve(copies);
      };
      return { order: ann, look };
    };
    await reactor(undefined, { reactionTo: react }).react(events);
    expect(asked).toEqual([events.at(-1)?.position]);
    expect(did).toMatchObject([{ passed: { data: { contentType: 1303, to: ann } } }]);
  });

  test('[GRP-80] several notices of one fact are messages of their own, each with its line first', async () => {
    const { did, reactor, add } = await world();
    const said = (key?: string) => ({
      conversation: annAndBob,
      ...(key === undefined ? {} : { key }),
      data: { from: ann, to: bob, contentType: 1508, body: { content: key ?? '' } },
    });
    const react = (event: Recorded<SeqlineEvent>): Reaction | undefined =>
      event.type !== 'ConversationConfigured' ? undefined : told;
    const told: Reaction = {
      order: team,
      lines: () => Promise.resolve([said(), said('1')]),
      look: () =>
        Promise.resolve([
          { ...said(), also: [cat] },
          { ...said('1'), receiverOnly: true },
          { ...said('2'), unhurried: true },
        ]),
    };
    const senders: boolean[] = [];
    const pass: ReactorDeps['pass'] = (passed, senderSync) => {
      did.push({ passed, at: 0 });
      senders.push(senderSync);
    };
    const events = await add(configured({ pinned: true }));
    await reactor(undefined, { reactionTo: react, pass }).react(events);
    const lines = did.flatMap((one) => ('line' in one ? [one.line] : []));
    const copies = did.flatMap((one) => ('passed' in one ? [one.passed] : []));
    expect(did.map((one) => Object.keys(one)[0])).toEqual([
      ...['line', 'line'],
      ...['passed', 'passed', 'passed'],
    ]);
    expect(copies).toMatchObject([{ also: [cat] }, {}, { unhurried: true }]);
    expect(senders).toEqual([true, false, true]);
    // To clients a line and its copy are one message, and no other one.
    expect(copies.slice(0, 2).map(({ id }) => id)).toEqual(lines.map(({ id }) => id));
    const names = copies.map(({ data }) => data.clientMsgId);
    const ofLines = lines.map(({ wish }) => 'clientMsgId' in wish.data && wish.data.clientMsgId);
    expect(ofLines).toEqual(names.slice(0, 2));
    expect(new Set(names).size).toBe(3);
  });

  test('[PRJ-17] what was done is not done again after a restart, and history is never told', async () => {
    const { log, did, reactor, add, checkpoint } = await world();
    await reactor().react(await add(configured({ privateChat: true })));
    const again = await open(log, 'notices', 'one restarted');
    expect(again.position).toBe(checkpoint.position);
    await reactor(again).react(knownEvents((await log.readAll({ after: 0, max: 100 })).events));
    expect(did).toHaveLength(3);
    const late = await open(log, 'a new one', 'one');
    expect(late.position).toBeGreaterThan(checkpoint.position);
  });

  test('[PRJ-17] nor is what was told to sockets only, after a crash at once', async () => {
    const { log, did, reactor, add } = await world();
    await reactor().react(await add(configured({ pinned: true })));
    expect(did).toHaveLength(1);
    const again = await open(log, 'notices', 'one restarted');
    await reactor(again).react(knownEvents((await log.readAll({ after: 0, max: 100 })).events));
    expect(did).toHaveLength(1);
  });

  test('[PRJ-17] copies of facts from before the sockets are not passed; what is stored is', async () => {
    const { did, reactor, add, checkpoint } = await world();
    const events = await add(configured({ privateChat: true }));
    await reactor(checkpoint, { copiesAfter: events.at(-1)?.position ?? 0 }).react(events);
    expect(did.map((one) => Object.keys(one)[0])).toEqual(['note', 'line']);
  });

  test('[PRJ-17] a fault is told once all else has come to rest, so that nothing is tried beside it', async () => {
    const { did, reactor, add, checkpoint } = await world();
    await add(configured({ pinned: true }));
    const events = await add(configured({ privateChat: true }));
    let shown: (isShown: boolean) => void = () => undefined;
    const lists = new Promise<boolean>((resolve) => (shown = resolve));
    const failed = reactor(checkpoint, {
      projected: () => lists,
      append: () => {
        setImmediate(() => {
          shown(true);
        });
        return Promise.reject(new Error('the log is away'));
      },
    }).react(events);
    await expect(failed).rejects.toThrow('the log is away');
    expect(did.map((one) => Object.keys(one)[0])).toEqual(['note', 'passed']);
  });

  test('[PRJ-17] a crash in between repeats with the same ids', async () => {
    const { log, did, reactor, add } = await world();
    const stale = await open(log, 'notices', 'another');
    const events: readonly Recorded<SeqlineEvent>[] = await add(configured({ privateChat: true }));
    const reactionTo = following(disband);
    await reactor(undefined, { reactionTo }).react(events);
    await expect(reactor(stale, { reactionTo }).react(events)).rejects.toThrow(CheckpointTaken);
    const ids = did.map((one) => {
      if ('note' in one) return one.note.id;
      if ('line' in one) return one.line.id;
      if ('passed' in one) return one.passed.id;
      return 'followed' in one ? one.followed.id : one.early;
    });
    expect(ids).toHaveLength(8);
    expect(ids.slice(4)).toEqual(ids.slice(0, 4));
  });
});

describe('commands that follow from facts', () => {
  test('[PRJ-17] are given in order, after the line and the copies', async () => {
    const { did, reactor, add } = await world();
    const data = { group: team, user: ann, nickname: true, faceUrl: false };
    const reactionTo = following({ type: 'ShowProfile', data }, disband);
    await reactor(undefined, { reactionTo }).react(await add(configured({ privateChat: true })));
    expect(did.map((one) => Object.keys(one)[0])).toEqual([
      'note',
      'line',
      'passed',
      'followed',
      'followed',
    ]);
    expect(did.slice(3)).toMatchObject([
      { followed: { type: 'ShowProfile', data } },
      { followed: { type: 'DisbandGroup', meta: { operationId: 'call' } } },
    ]);
  });

  test('[PRJ-17] [PRJ-18] are given though the lists have stopped, and that devices are told too early is said', async () => {
    const { did, reactor, add } = await world();
    const events = await add(configured({ pinned: true }));
    await reactor(undefined, {
      reactionTo: following(disband),
      projected: () => Promise.resolve(false),
    }).react(events);
    expect(did.map((one) => Object.keys(one)[0])).toEqual(['early', 'passed', 'followed']);
    expect(did[0]).toEqual({ early: events.at(-1)?.id });
  });

  test('[PRJ-17] are asked for again until it can be told what they are', async () => {
    const { did, reactor, add } = await world();
    const told = ['later', 'later', 'later', [disband]] as const;
    let asked = 0;
    const events = await add(configured({ pinned: true }));
    await reactor(undefined, { reactionTo: followingOnce(() => told[asked++] ?? []) }).react(
      events,
    );
    expect(did.map((one) => Object.keys(one)[0])).toEqual(['passed', 'followed']);
    expect(asked).toBe(4);
  });

  test('[PRJ-17] are left to the next process where this one ends before that', async () => {
    const { log, did, reactor, add, checkpoint } = await world();
    const events = await add(configured({ pinned: true }));
    const late: Partial<ReactorDeps> = {
      reactionTo: followingOnce(() => 'later'),
      copiesAfter: events.at(-1)?.position ?? 0,
      isEnding: () => true,
    };
    await expect(reactor(checkpoint, late).react(events)).rejects.toThrow(Interrupted);
    expect(did).toEqual([]);
    expect(checkpoint.position).toBeLessThan(events.at(-1)?.position ?? 0);
    const inTime: Partial<ReactorDeps> = { ...late, reactionTo: following(disband) };
    await reactor(checkpoint, inTime).react(events);
    await reactor(await open(log, 'notices', 'another'), inTime).react(events);
    expect(did).toMatchObject([{ followed: disband }]);
  });

  test('[PRJ-17] are given for facts from before the sockets too', async () => {
    const { did, reactor, add } = await world();
    const events = await add(configured({ pinned: true }));
    await reactor(undefined, {
      reactionTo: following(disband),
      copiesAfter: events.at(-1)?.position ?? 0,
    }).react(events);
    expect(did).toMatchObject([{ followed: disband }]);
  });
});
