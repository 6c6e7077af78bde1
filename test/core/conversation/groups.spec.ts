import { describe, expect, test } from 'vitest';
import { appendOnce } from '../../../core/conversation/appendOnce.ts';
import { conversationStream, type NumberedEvent } from '../../../core/conversation/events.ts';
import { sendHandler } from '../../../core/conversation/handler.ts';
import { clearHandler, hideHandler, type DeleteScope } from '../../../core/conversation/hide.ts';
import { group as chatOf, notificationOf } from '../../../core/conversation/ids.ts';
import { markReadHandler } from '../../../core/conversation/markRead.ts';
import type { Known } from '../../../core/conversation/ports.ts';
import { revokeHandler } from '../../../core/conversation/revoke.ts';
import type { ConversationId, GroupId, Seq, UserId } from '../../../core/kernel/ids.ts';
import type { SeqlineEvent } from '../../../core/kernel/catalogue.ts';
import type { Recorded } from '../../../core/kernel/fact.ts';
import { foldHead, type Head, type SeenHead } from '../../../core/sequence/head.ts';
import { cameIn, seenBy, toldOf, wentWith } from '../../../core/sequence/membership.ts';
import type { Membership } from '../../../core/sequence/window.ts';
import type { Passing } from '../../../core/sequence/shown.ts';
import { emptySide } from '../../../core/sequence/side.ts';
import type { User } from '../../../core/user/decider.ts';
import { openStandings } from '../../../infra/app/capabilities/groups.ts';
import { deriveId } from '../../../infra/ids.ts';
import { passersOf } from '../../../projections/chats/groupTables.ts';
import { isNumbered } from '../../../projections/chats/tables.ts';
import { knownEvents } from '../../../projections/kernel/follower.ts';
import { groupsOver, member, newGroup, NOW, root, team } from '../../support/groups.ts';
import { MemoryEventLog } from '../../support/memoryEventLog.ts';
import { numberedWriters } from '../../support/numberedWriters.ts';
import { amy, ann, bob, by, cat, eventId, mia } from '../../support/people.ts';

const chat = chatOf(team);
const STREAM = conversationStream(chat);
const NOTICES = conversationStream(notificationOf(chat));

const registered = (user: UserId): User => ({
  status: 'registered',
  registration: eventId(`registration of ${user}`),
  level: 1,
  globalReceive: 0,
  profile: { nickname: `${user}'s name`, faceUrl: '', ex: '' },
});

const reasonOf = (answer: Readonly<{ kind: string; reason?: string }>) =>
  answer.kind === 'refused' ? answer.reason : answer.kind;

const told = (was: Membership, line: Recorded<NumberedEvent>): Membership =>
  was.departure !== undefined && was.departure.id === line.meta.causationId
    ? { ...was, departure: toldOf(was.departure, line) }
    : was;

/** What a user is in the group, after an event. */
const after = (
  was: Membership | undefined,
  event: Recorded<SeqlineEvent>,
  user: UserId,
  chat: Head | undefined,
): Membership | undefined => {
  const heads = { chat, notes: undefined };
  if (isNumbered(event)) return was && told(was, event);
  if (!passersOf(event).includes(user)) return was;
  switch (event.type) {
    case 'GroupCreated':
    case 'MembersAdded':
      return { window: cameIn(was?.window, event, user, heads), departure: undefined };
    case 'MemberLeft':
    case 'MembersKicked':
      return was && { ...was, departure: wentWith(event, heads) };
    default:
      return was;
  }
};

/** The group's chat as one user sees it: until it has gone, and the line that says so. */
const seenIn = (events: readonly Recorded<SeqlineEvent>[], user: UserId): SeenHead | undefined => {
  let head: Head | undefined;
  let membership: Membership | undefined;
  for (const event of events) {
    membership = after(membership, event, user, head);
    if (isNumbered(event) && event.stream === STREAM) head = foldHead(head, event);
  }
  return head && membership ? seenBy(head, membership) : head;
};

/** Ann's group, amy its admin, bob and mia its members; cat is in none. */
const world = async (fresh = { isFresh: () => true, proven: () => Promise.resolve(true) }) => {
  const log = new MemoryEventLog();
  let now = NOW;
  const groups = groupsOver(log, { now: () => now });
  await groups.create(
    newGroup({ group: team, admins: [amy], members: [bob, mia] }),
    member(ann),
    by(ann),
  );
  const writers = numberedWriters(log);
  const read = (stream: string) =>
    log.readStream<NumberedEvent>(stream, { from: 'start', direction: 'forwards', max: 1_000 });
  const passed: Passing[] = [];
  const noted: object[] = [];
  const known: Known = {
    user: (user) => Promise.resolve(registered(user)),
    userAtHand: registered,
    reach: () => 'open',
    standing: openStandings(groups, fresh).standing,
    at: async (user, conversation, seq) => ({
      head: seenIn(knownEvents((await log.readAll({ after: 0, max: 1_000 })).events), user),
      side: emptySide(user, conversation),
      revoked: (await read(NOTICES)).some(
        (event) => event.type === 'MessageRevoked' && event.data.seq === seq,
      ),
    }),
    sentBefore: () => Promise.resolve('never'),
    message: async (_, seq) => (await read(STREAM))[seq - 1],
  };
  let ids = 0;
  const note = (user: UserId, event: object) => {
    noted.push({ user, ...event });
    return Promise.resolve({ kind: 'done' as const });
  };
  const deps = {
    writers,
    append: appendOnce({ writers, known }),
    deriveId,
    known,
    doing: {
      pass: (passing: Passing) => passed.push(passing),
      followed: () => Promise.resolve(true),
      now: () => now,
    },
    newId: () => eventId(`new ${String((ids += 1))}`),
    note,
  };
  const send = sendHandler(deps);
  const markRead = markReadHandler({
    ...deps,
    noteMark: (user, conversation, upTo) => note(user, { conversation, upTo }),
  });
  const revoke = revokeHandler(deps);
  const hide = hideHandler(deps);
  const clear = clearHandler(deps);
  return {
    log,
    groups,
    read,
    passed,
    noted,
    later: (ms: number) => (now += ms),
    say: async (
      from: UserId,
      clientMsgId: string,
      more: Readonly<{
        privileged?: boolean;
        stored?: boolean;
        into?: ConversationId;
        group?: GroupId;
        atUsers?: readonly string[];
      }> = {},
    ) => {
      const { privileged = false, stored = true, into = chat, group = team, atUsers } = more;
      const message = {
        from,
        group,
        clientMsgId,
        contentType: 101,
        createTime: now,
        body: { content: 'hi' },
        ...(atUsers && { atUsers }),
      };
      const wish = { conversation: into, message, stored, senderSync: true, privileged };
      return reasonOf(await send(wish, by(from)));
    },
    revoke: async (user: UserId, seq: Seq, admin = false) =>
      reasonOf(await revoke({ conversation: chat, seq, by: user, admin }, by(user))),
    markRead: async (reader: UserId, upTo: Seq) => {
      const marks = [{ upTo, seqs: [] }];
      const marked = await markRead(
        { conversation: chat, reader, marks, quiet: false },
        by(reader),
      );
      return reasonOf(marked({ upTo }));
    },
    hide: async (user: UserId, seqs: readonly Seq[], scope: DeleteScope, admin = false) =>
      reasonOf(await hide({ user, conversation: chat, seqs, scope, admin }, by(user))),
    clear: (user: UserId) => clear({ user, conversations: [chat], everywhere: false }, by(user)),
  };
};

describe('sending to a group', () => {
  test('[GRP-24] a member says something to all, in one event with no name of any of them', async () => {
    const { say, read } = await world();
    expect(await say(bob, 'm1')).toBe('done');
    const [event, ...more] = await read(STREAM);
    expect(more).toEqual([]);
    expect(event?.data).toMatchObject({ from: bob, group: team });
    expect(JSON.stringify(event)).not.toContain(mia);
  });

  test('[GRP-24] so does who calls on all of them', async () => {
    const { say, log } = await world();
    const before = (await log.readAll({ after: 0, max: 100 })).events.length;
    expect(await say(bob, 'm1', { atUsers: ['AtAllTag'] })).toBe('done');
    const { events } = await log.readAll({ after: 0, max: 100 });
    expect(events.slice(before)).toMatchObject([
      { type: 'MessageSent', data: { atUsers: ['AtAllTag'] } },
    ]);
  });

  test('[GRP-25] is refused to strangers, and of a group that there is none of or that is dismissed', async () => {
    const { say, groups } = await world();
    expect(await say(cat, 'm1')).toBe('message/not-in-group');
    const none = 'none' as GroupId;
    expect(await say(bob, 'm1', { group: none, into: chatOf(none) })).toBe('group/unknown');
    await groups.kick({ group: team, users: [bob] }, member(amy), by(amy));
    expect(await say(bob, 'm1')).toBe('message/not-in-group');
    await groups.dismiss({ group: team, disband: false }, member(ann), by(ann));
    expect(await say(ann, 'm2')).toBe('group/dismissed');
    expect(await say(root.user, 'm3', { privileged: true })).toBe('group/dismissed');
    await groups.dismiss({ group: team, disband: true }, member(ann), by(ann));
    expect(await say(ann, 'm2')).toBe('group/dismissed');
  });

  test('[GRP-26] a muted member is silent until its time has come, an admin too; the owner never is', async () => {
    const { say, groups, later } = await world();
    const mute = (user: UserId) =>
      groups.muteMember({ group: team, user, seconds: 60 }, root, by(root.user));
    for (const user of [ann, amy, bob]) expect(reasonOf(await mute(user))).toBe('done');
    expect(await say(bob, 'm1')).toBe('message/muted');
    expect(await say(amy, 'm2')).toBe('message/muted');
    expect(await say(ann, 'm3')).toBe('done');
    later(60_000);
    expect(await say(bob, 'm1')).toBe('message/muted');
    later(1);
    expect(await say(bob, 'm1')).toBe('done');
  });

  test('[GRP-27] in a muted group owner and admins speak alone, and app admins', async () => {
    const { say, groups } = await world();
    await groups.mute(team, true, member(amy), by(amy));
    expect(await say(bob, 'm1')).toBe('message/group-muted');
    expect(await say(amy, 'm2')).toBe('done');
    expect(await say(ann, 'm3')).toBe('done');
    expect(await say(root.user, 'm4', { privileged: true })).toBe('done');
    await groups.mute(team, false, member(ann), by(ann));
    expect(await say(bob, 'm1')).toBe('done');
  });

  test('[GRP-28] who may not send any more may still ask what became of a message', async () => {
    const { say, groups, read } = await world();
    await say(bob, 'm1');
    await groups.kick({ group: team, users: [bob] }, member(ann), by(ann));
    expect(await say(bob, 'm1')).toBe('done');
    expect(await read(STREAM)).toHaveLength(1);
  });

  test('[SEQ-3] a message to a group goes into no other conversation', async () => {
    const { say, log } = await world();
    const before = await log.head();
    expect(await say(bob, 'm1', { into: chatOf('other' as GroupId) })).toBe(
      'conversation/not-party',
    );
    expect(await log.head()).toBe(before);
  });

  test('[GRP-29] what is for whoever is online is passed to the group and not stored', async () => {
    const { say, passed, read } = await world();
    expect(await say(bob, 'typing', { stored: false })).toBe('done');
    expect(await say(cat, 'typing', { stored: false })).toBe('message/not-in-group');
    expect(passed).toMatchObject([{ conversation: chat, data: { from: bob, group: team } }]);
    expect(await read(STREAM)).toEqual([]);
  });

  test('[GRP-30] is refused for a moment while it cannot be known who is in the group', async () => {
    const { say } = await world({ isFresh: () => false, proven: () => Promise.resolve(false) });
    expect(await say(bob, 'm1')).toBe('service/unavailable');
    expect(await say(root.user, 'm2', { privileged: true })).toBe('service/unavailable');
  });
});

describe('taking back in a group', () => {
  test('[GRP-31] may the sender, the owner, an admin below whom the sender is, and an app admin', async () => {
    const table: readonly (readonly [UserId, UserId, boolean])[] = [
      [bob, bob, true],
      [bob, mia, false],
      [bob, amy, false],
      [bob, ann, false],
      [amy, amy, true],
      [amy, bob, true],
      [amy, ann, false],
      [ann, amy, true],
      [ann, bob, true],
      [cat, bob, false],
    ];
    for (const [user, sender, may] of table) {
      const { say, revoke } = await world();
      await say(sender, 'm1');
      expect([user, sender, await revoke(user, 1)]).toEqual([
        user,
        sender,
        may ? 'done' : 'caller/not-allowed',
      ]);
    }
    const { say, revoke } = await world();
    await say(ann, 'm1');
    expect(await revoke(root.user, 1, true)).toBe('done');
  });

  test('[GRP-31] is told with the role of who does it, once', async () => {
    const { say, revoke, read } = await world();
    await say(bob, 'm1');
    expect(await revoke(amy, 1)).toBe('done');
    expect(await revoke(bob, 1)).toBe('message/revoked-already');
    expect(await read(NOTICES)).toMatchObject([
      {
        type: 'MessageRevoked',
        data: {
          from: amy,
          group: team,
          conversation: chat,
          seq: 1,
          sentBy: bob,
          by: amy,
          role: 60,
          byAdmin: false,
          revoker: { nickname: "amy's name" },
        },
      },
    ]);
  });

  test('[GRP-31] who has left takes nothing back; what it has said, an admin may', async () => {
    const { say, revoke, groups } = await world();
    await say(bob, 'm1');
    await groups.quit(team, bob, by(bob));
    expect(await revoke(bob, 1)).toBe('caller/not-allowed');
    expect(await revoke(amy, 1)).toBe('done');
  });
});

describe("one's own side of a group", () => {
  test('[GRP-32] members and who has been one mark, hide and clear; nobody else does', async () => {
    const { say, markRead, hide, clear, noted, groups } = await world();
    await say(ann, 'm1');
    expect(await markRead(bob, 1)).toBe('done');
    expect(await markRead(cat, 1)).toBe('conversation/not-party');
    expect(await markRead(bob, 2)).toBe('conversation/beyond-newest');
    await groups.quit(team, bob, by(bob));
    expect(await markRead(bob, 1)).toBe('done');
    expect(await hide(bob, [1], 'self')).toBe('done');
    expect(await hide(cat, [1], 'self')).toBe('conversation/not-party');
    await clear(bob);
    await clear(cat);
    expect(noted).toMatchObject([
      { user: bob, conversation: chat, upTo: 1 },
      { user: bob, conversation: chat, upTo: 1 },
      { user: bob, type: 'MessagesHidden' },
      { user: bob, type: 'ConversationCleared', data: { upTo: 1 } },
    ]);
  });

  test('[GRP-32] who has gone does so with what there was when it went, and nothing beyond', async () => {
    const { say, markRead, hide, clear, noted, groups } = await world();
    await say(ann, 'm1');
    await groups.quit(team, bob, by(bob));
    await say(ann, 'm2');
    expect(await markRead(mia, 2)).toBe('done');
    expect(await markRead(bob, 2)).toBe('conversation/beyond-newest');
    expect(await markRead(bob, 1)).toBe('done');
    expect(await hide(bob, [1, 2], 'self')).toBe('done');
    await clear(bob);
    await clear(mia);
    expect(noted).toMatchObject([
      { user: mia, upTo: 2 },
      { user: bob, upTo: 1 },
      { user: bob, type: 'MessagesHidden', data: { seqs: [1] } },
      { user: bob, type: 'ConversationCleared', data: { upTo: 1 } },
      { user: mia, type: 'ConversationCleared', data: { upTo: 2 } },
    ]);
  });

  test('[GRP-33] own messages are deleted for all by their sender, and any by an app admin', async () => {
    const { say, hide, read } = await world();
    await say(bob, 'm1');
    await say(ann, 'm2');
    expect(await hide(bob, [1, 2], 'all')).toBe('caller/not-allowed');
    expect(await hide(bob, [1], 'all')).toBe('done');
    expect(await hide(root.user, [2], 'self', true)).toBe('conversation/not-party');
    expect(await hide(root.user, [2], 'all', true)).toBe('done');
    expect(await read(NOTICES)).toMatchObject([
      { data: { from: bob, group: team, conversation: chat, seqs: [1], scope: 'all' } },
      { data: { from: root.user, group: team, conversation: chat, seqs: [2], scope: 'all' } },
    ]);
  });
});
