import fc from 'fast-check';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { conversationStream } from '../../../core/conversation/events.ts';
import { notificationOf, single } from '../../../core/conversation/ids.ts';
import { inboxStream } from '../../../core/inbox/events.ts';
import type { SeqlineEvent } from '../../../core/kernel/catalogue.ts';
import type { NewEvent } from '../../../core/kernel/fact.ts';
import type { ConversationId, EventId, UserId } from '../../../core/kernel/ids.ts';
import type { ConversationView, Shown } from '../../../core/sequence/shown.ts';
import { compareTable } from '../../../infra/cli/verify/compare.ts';
import { compareShown } from '../../../infra/cli/verify/compareShown.ts';
import { inSnapshot } from '../../../infra/cli/verify/database.ts';
import { Chats } from '../../../infra/cli/verify/recount/chats.ts';
import { chatTables } from '../../../infra/cli/verify/recount/chatTables.ts';
import { Findings } from '../../../infra/cli/verify/recount/findings.ts';
import { deriveId } from '../../../infra/ids.ts';
import { chatKeys, findConversations, findUser } from '../../../projections/chats/atHead.ts';
import {
  conversationsOf,
  incrementalOf,
  newestSeqsOf,
  readStatesOf,
} from '../../../projections/chats/lists.ts';
import { chats } from '../../../projections/chats/project.ts';
import { lastVisible, pullRanges } from '../../../projections/chats/reader.ts';
import { conversationsAtHead, userAtHead } from '../../../projections/chats/remembered.ts';
import { GROUP_ROWS } from '../../../projections/chats/groupTables.ts';
import { ALL_ROWS, DOUBLES, SENDS, tableName } from '../../../projections/chats/tables.ts';
import { Batches } from '../../../projections/kernel/batch.ts';
import { takeOver } from '../../../projections/kernel/checkpoint.ts';
import { knownEvents } from '../../../projections/kernel/follower.ts';
import type { AnyTables } from '../../../projections/kernel/model.ts';
import { Skips } from '../../../projections/kernel/skips.ts';
import { Tail } from '../../../projections/kernel/tail.ts';
import { MemoryEventLog } from '../../support/memoryEventLog.ts';
import { ann, bob, by, cat } from '../../support/people.ts';
import { testDatabase, type TestDatabase } from '../../support/postgres.ts';
import { seedOfRun } from '../../support/seeded.ts';

const USERS = [ann, bob, cat] as const;
/** Histories that are tried, of some fifty operations each. */
const RUNS = Number(process.env['SEQLINE_TEST_RUNS'] ?? '30');
/** What is tried can be repeated with the seed that is shown. */
const SEED = seedOfRun();
/** More than a chat of one history can have messages. */
const ALL = 1_000;
const VERSION_ID = '0123456789abcdef01234567';

let database: TestDatabase<AnyTables>;
beforeAll(async () => {
  database = await testDatabase<AnyTables>();
  await database.db
    .transaction()
    .execute((db) => takeOver(db, [chats], { id: 'log', head: () => Promise.resolve(0) }));
});
afterAll(() => database.drop());

type Step =
  | Readonly<{ kind: 'send'; from: UserId; to: UserId; counts: boolean; again: boolean }>
  | Readonly<{
      kind: 'read' | 'hide' | 'delete' | 'clear' | 'pin' | 'revoke' | 'drop';
      by: UserId;
      other: UserId;
      at: number;
    }>
  | Readonly<{ kind: 'project' }>;

const pair = fc
  .shuffledSubarray([...USERS], { minLength: 2, maxLength: 2 })
  .map(([one = ann, other = bob]) => ({ one, other }));
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc
      .tuple(pair, fc.integer({ min: 0, max: 9 }))
      .map(([{ one, other }, dice]): Step => ({
        kind: 'send',
        from: one,
        to: other,
        counts: dice > 1,
        again: dice === 9,
      })),
  },
  {
    weight: 5,
    arbitrary: fc
      .tuple(
        fc.constantFrom('read', 'hide', 'delete', 'clear', 'pin', 'revoke', 'drop'),
        pair,
        fc.integer({ min: 1, max: 8 }),
      )
      .map(([kind, { one, other }, at]): Step => ({ kind, by: one, other, at })),
  },
  { weight: 2, arbitrary: fc.constant<Step>({ kind: 'project' }) },
);

/** As long as they may be, on the average by half: left to itself, fast-check tries short ones only. */
const histories = fc.array(step, { minLength: 1, maxLength: 100, size: 'max' });

/** What one message is, told in the plainest way: the rules once more, without folds or tables. */
type Message = {
  readonly from: UserId;
  readonly counts: boolean;
  readonly double: boolean;
  revoked: boolean;
  readonly hiddenFrom: Set<UserId>;
};

const emptyChat = () => ({
  messages: [] as Message[],
  ids: new Set<string>(),
  readUpTo: new Map<UserId, number>(),
  clearedUpTo: new Map<UserId, number>(),
  pinned: new Map<UserId, boolean>(),
  /** Up to where a user has dropped it from its list, and set nothing since. */
  droppedUpTo: new Map<UserId, number>(),
});

class World {
  readonly log = new MemoryEventLog();
  readonly plain = new Map<ConversationId, ReturnType<typeof emptyChat>>();
  readonly tail: Tail;
  /** As a process has them, for as long as it lives: what they remember has to be exact too. */
  readonly userAtHead: ReturnType<typeof userAtHead>;
  readonly conversationsAtHead: ReturnType<typeof conversationsAtHead>;
  readonly #batches = new Batches(new Skips());
  #projected = 0;
  #ids = 0;

  constructor() {
    this.tail = new Tail({
      floor: 0,
      indexOf: chatKeys,
      now: () => 0,
      onOverflow: () => undefined,
    });
    const now = () => 0;
    this.userAtHead = userAtHead(findUser(database.db, this.tail, now), this.tail);
    this.conversationsAtHead = conversationsAtHead(
      findConversations(database.db, this.tail, now),
      this.tail,
    );
  }

  chat(conversation: ConversationId): ReturnType<typeof emptyChat> {
    const known = this.plain.get(conversation) ?? emptyChat();
    this.plain.set(conversation, known);
    return known;
  }

  async append(stream: string, event: SeqlineEvent, id?: EventId): Promise<void> {
    const made = id ?? deriveId('test', String(this.#ids++));
    const added: NewEvent = { ...event, id: made, meta: by('test') };
    // Exactly: an expectation of `any` would know the id again, and not store it twice.
    const [last] = await this.log.readStream(stream, {
      from: 'end',
      direction: 'backwards',
      max: 1,
    });
    await this.log.append(stream, last?.revision ?? 'no_stream', [added]);
  }

  /** As the follower does: what is new goes into the tail. */
  async follow(): Promise<void> {
    const { events, next } = await this.log.readAll({ after: this.tail.head, max: 10_000 });
    this.tail.take(knownEvents(events), next);
  }

  async project(): Promise<void> {
    const { events, next } = await this.log.readAll({ after: this.#projected, max: 10_000 });
    await database.db.transaction().execute(async (db) => {
      await this.#batches.apply(db, [chats], knownEvents(events));
      await sql`update seqline.checkpoint set position = ${next}`.execute(db);
    });
    this.#projected = next;
  }

  async do(action: Step): Promise<void> {
    if (action.kind === 'project') return this.project();
    return action.kind === 'send' ? this.#send(action) : this.#act(action);
  }

  async #act(action: Exclude<Step, { kind: 'send' | 'project' }>): Promise<void> {
    const conversation = single(action.by, action.other);
    const chat = this.chat(conversation);
    const seq = Math.min(action.at, chat.messages.length);
    if (seq === 0) return;
    const user = action.by;
    switch (action.kind) {
      case 'read':
        return this.#read(conversation, seq, user, action.other);
      case 'hide':
        chat.messages[seq - 1]?.hiddenFrom.add(user);
        return this.append(inboxStream(user), {
          type: 'MessagesHidden',
          data: { user, conversation, seqs: [seq] },
        });
      case 'delete':
        return this.#delete(conversation, seq, user, action.other);
      case 'clear':
        chat.clearedUpTo.set(user, Math.max(chat.clearedUpTo.get(user) ?? 0, seq));
        return this.append(inboxStream(user), {
          type: 'ConversationCleared',
          data: { user, conversation, upTo: seq },
        });
      case 'pin':
        chat.pinned.set(user, action.at % 2 === 0);
        chat.droppedUpTo.delete(user);
        return this.append(inboxStream(user), {
          type: 'ConversationConfigured',
          data: {
            user,
            conversation,
            kind: 1,
            peer: { user: action.other },
            settings: { pinned: action.at % 2 === 0 },
          },
        });
      case 'drop': {
        // Mostly all of it; now and then something was said just before.
        const upTo = action.at > 3 ? chat.messages.length : seq;
        chat.pinned.delete(user);
        chat.droppedUpTo.set(user, upTo);
        return this.append(inboxStream(user), {
          type: 'ConversationDeleted',
          data: { user, conversation, upTo },
        });
      }
      case 'revoke':
        return this.#revoke(conversation, seq, user, action.other);
    }
  }

  async #send({ from, to, counts, again }: Extract<Step, { kind: 'send' }>): Promise<void> {
    const conversation = single(from, to);
    const chat = this.chat(conversation);
    // A message that slipped through and is stored twice, as only a lost window can make it.
    const [first] = chat.ids;
    const name = again && first !== undefined ? first : `${conversation} ${String(this.#ids++)}`;
    const double = chat.ids.has(name);
    chat.ids.add(name);
    chat.messages.push({ from, counts, double, revoked: false, hiddenFrom: new Set() });
    await this.append(
      conversationStream(conversation),
      {
        type: 'MessageSent',
        data: {
          from,
          to,
          clientMsgId: name,
          contentType: 101,
          createTime: 1,
          sendTime: 1,
          body: { content: '{}' },
          ...(counts ? {} : { options: { unreadCount: false } }),
        },
      },
      deriveId(name),
    );
  }

  async #read(
    conversation: ConversationId,
    upTo: number,
    user: UserId,
    other: UserId,
  ): Promise<void> {
    const { readUpTo } = this.chat(conversation);
    const after = readUpTo.get(user) ?? 0;
    readUpTo.set(user, Math.max(after, upTo));
    const data = { from: user, to: other, conversation, after, upTo, seqs: [], sendTime: 1 };
    await this.append(conversationStream(notificationOf(conversation)), {
      type: 'MessagesRead',
      data,
    });
  }

  async #delete(
    conversation: ConversationId,
    seq: number,
    user: UserId,
    other: UserId,
  ): Promise<void> {
    for (const one of [user, other]) {
      this.chat(conversation).messages[seq - 1]?.hiddenFrom.add(one);
    }
    const data = { from: user, to: other, conversation, seqs: [seq], sendTime: 1 };
    await this.append(conversationStream(notificationOf(conversation)), {
      type: 'MessagesDeleted',
      data: { ...data, scope: 'all' },
    });
  }

  async #revoke(
    conversation: ConversationId,
    seq: number,
    user: UserId,
    other: UserId,
  ): Promise<void> {
    const message = this.chat(conversation).messages[seq - 1];
    if (message === undefined || message.revoked) return;
    message.revoked = true;
    await this.append(conversationStream(notificationOf(conversation)), {
      type: 'MessageRevoked',
      data: {
        from: user,
        to: other,
        conversation,
        seq,
        clientMsgId: 'x',
        sentBy: message.from,
        sentAt: 1,
        by: user,
        role: 0,
        byAdmin: false,
        sendTime: 1,
        revoker: { nickname: '' },
        source: { nickname: '' },
      },
    });
  }

  /** What a user should be shown, number by number, and how many are unread. */
  expected(
    user: UserId,
    conversation: ConversationId,
  ): Readonly<{ shown: string[]; unread: number }> {
    const { messages, readUpTo, clearedUpTo } = this.chat(conversation);
    const cleared = clearedUpTo.get(user) ?? 0;
    const own = messages.findLastIndex(({ from }) => from === user) + 1;
    const floor = Math.max(readUpTo.get(user) ?? 0, cleared, own);
    const shown = messages.flatMap(({ double, revoked, hiddenFrom }, index) => {
      if (index + 1 <= cleared) return [];
      const kind = double
        ? 'void'
        : hiddenFrom.has(user)
          ? 'hidden'
          : revoked
            ? 'revoked'
            : 'event';
      return [`${String(index + 1)} ${kind}`];
    });
    const unread = messages.filter(
      ({ counts, hiddenFrom }, index) => index + 1 > floor && counts && !hiddenFrom.has(user),
    );
    return { shown, unread: unread.length };
  }
}

/** Emptied, not made anew: a history is tried in less time than it takes to make the tables. */
const start = async (): Promise<World> => {
  await database.db.transaction().execute(async (db) => {
    for (const table of [
      ...[...ALL_ROWS, ...GROUP_ROWS].map((rows) => rows.table),
      SENDS,
      DOUBLES,
    ]) {
      await sql`delete from ${sql.table(table)}`.execute(db);
    }
    await sql`update seqline.checkpoint set position = 0`.execute(db);
  });
  return new World();
};

const label = ({ seq, kind }: Shown): string => `${String(seq)} ${kind}`;

/** A client's list, brought forward by what the server says has changed. */
const syncedList = async (
  world: World,
  user: UserId,
  client: { version: number; versionId: string; rows: Map<string, ConversationView> },
): Promise<void> => {
  const at = await world.userAtHead(user);
  const answer = incrementalOf(user, at, VERSION_ID, client);
  if (answer.full) {
    client.rows = new Map(conversationsOf(user, at).map((row) => [row.conversation, row]));
  }
  for (const id of answer.delete) client.rows.delete(id);
  for (const row of [...answer.insert, ...answer.update]) client.rows.set(row.conversation, row);
  expect(answer.version).toBeGreaterThanOrEqual(client.version);
  client.version = answer.version;
  client.versionId = answer.versionId;
};

const checkUser = async (world: World, user: UserId): Promise<void> => {
  const at = await world.userAtHead(user);
  const states = new Map(readStatesOf(user, at, []).map((row) => [row.conversation, row]));
  const newest = newestSeqsOf(user, at);
  for (const other of USERS) {
    if (other === user) continue;
    const conversation = single(user, other);
    const { messages, pinned, droppedUpTo } = world.chat(conversation);
    if (messages.length === 0) continue;
    const wanted = world.expected(user, conversation);
    const state = states.get(conversation);
    const [view] = conversationsOf(user, at, [conversation]);
    const dropped = droppedUpTo.get(user) ?? 0;
    const maxSeq = messages.length > dropped ? messages.length : undefined;
    const hasReadSeq = messages.length - wanted.unread;
    const row = { peer: { user: other }, pinned: pinned.get(user) === true };
    expect([newest.get(conversation), state, view]).toEqual(
      maxSeq === undefined
        ? [undefined, undefined, undefined]
        : [maxSeq, expect.objectContaining({ maxSeq, hasReadSeq }), expect.objectContaining(row)],
    );
    const reading = {
      log: world.log,
      conversationsAtHead: world.conversationsAtHead,
    };
    const last = (await lastVisible(reading)(user, [conversation])).get(conversation);
    const isSeen = (line: string) => /(event|revoked)$/.test(line);
    expect(last === undefined ? undefined : label(last)).toBe(wanted.shown.findLast(isSeen));
    const pulled = await pullRanges(reading)(
      user,
      [{ conversation, begin: 0, end: messages.length, num: ALL }],
      'ascending',
    );
    if ('kind' in pulled) throw new Error(pulled.detail);
    expect(pulled[0]?.shown.map(label)).toEqual(wanted.shown);
  }
};

/** The product's own recount, which shares no code with the folds, on the tables once they have everything. */
const recountTables = async (world: World): Promise<void> => {
  await world.project();
  const { events } = await world.log.readAll({ after: 0, max: 10_000 });
  const chats = new Chats();
  for (const event of knownEvents(events)) chats.take(event);
  const findings = new Findings();
  await inSnapshot(database.db, async (snapshot) => {
    for (const table of chatTables(chats)) {
      await compareTable(snapshot, tableName(table.name), table, findings);
    }
    await compareShown(snapshot, chats, findings, () => undefined);
  });
  expect(findings.first).toEqual([]);
};

describe(`what users see at the head of the log (seed ${String(SEED)})`, () => {
  test('[SYN-1] [SYN-2] [SYN-7] [SYN-11] [SYN-27] [OPS-60] equals a naive recount, wherever the projector stands', async ({
    annotate,
  }) => {
    const counts: Record<string, number> = {};
    await fc.assert(
      fc.asyncProperty(histories, async (steps) => {
        const world = await start();
        const clients = USERS.map((user) => ({
          user,
          version: 0,
          versionId: '',
          rows: new Map<string, ConversationView>(),
        }));
        for (const [index, action] of steps.entries()) {
          counts[action.kind] = (counts[action.kind] ?? 0) + 1;
          await world.do(action);
          await world.follow();
          const client = clients[index % clients.length];
          if (client === undefined) continue;
          await syncedList(world, client.user, client);
          if (index % 4 === 0) await checkUser(world, client.user);
        }
        for (const user of USERS) await checkUser(world, user);
        for (const client of clients) {
          await syncedList(world, client.user, client);
          const at = await world.userAtHead(client.user);
          expect([...client.rows.values()].toSorted(byConversation)).toEqual(
            [...conversationsOf(client.user, at)].toSorted(byConversation),
          );
        }
        await recountTables(world);
      }),
      { numRuns: RUNS, seed: SEED },
    );
    await annotate(`done: ${JSON.stringify(counts)}`);
  }, 1_800_000);
});

const byConversation = (one: ConversationView, other: ConversationView): number =>
  one.conversation < other.conversation ? -1 : 1;
