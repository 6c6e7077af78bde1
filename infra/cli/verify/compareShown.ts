import type { Transaction } from 'kysely';
import type { ConversationId, UserId } from '../../../core/kernel/ids.ts';
import {
  findConversations,
  findUser,
  type ConversationAtHead,
  type TailOf,
} from '../../../projections/chats/atHead.ts';
import { readStatesOf } from '../../../projections/chats/lists.ts';
import type { AnyTables } from '../../../projections/kernel/model.ts';
import type { Chat } from './recount/chat.ts';
import type { Chats } from './recount/chats.ts';
import type { Findings } from './recount/findings.ts';
import { listsOf, newestVisible, shownTo } from './recount/shown.ts';

/** As far back as clients are shown a last message (projections/chats/reader.ts looks at as many). */
const LAST_NUMBERS = 500;
/** Conversations asked about at once. */
const CHATS_PAGE = 100;

export type ComparedShown = Readonly<{ users: number; conversations: number }>;

/** The tables as they stand, without what came after them: the snapshot is what is compared. */
const NO_TAIL: TailOf = { touching: () => [], covers: () => true };

/**
 * What users are shown is worked out from the tables as the server does it, and held against the recount:
 * that the rows are right does not yet say that they are read rightly.
 */
export const compareShown = async (
  snapshot: Transaction<AnyTables>,
  chats: Chats,
  findings: Findings,
  progress: (done: number, of: number) => void,
): Promise<ComparedShown> => {
  const lists = listsOf(chats);
  const doubles = new Map(
    [...chats.all.values()].map((chat) => [chat.id, chat.doubles()] as const),
  );
  let users = 0;
  let conversations = 0;
  for (const [user, list] of lists) {
    users += 1;
    conversations += list.length;
    progress(users, lists.size);
    await compareList(snapshot, chats, user, list, findings);
    const spoken = list.filter(({ maxSeq }) => maxSeq > 0);
    for (let at = 0; at < spoken.length; at += CHATS_PAGE) {
      const page = spoken.slice(at, at + CHATS_PAGE);
      await compareLast(snapshot, chats, user, page, doubles, findings);
    }
  }
  return { users, conversations };
};

const compareList = async (
  snapshot: Transaction<AnyTables>,
  all: Chats,
  user: string,
  list: readonly Chat[],
  findings: Findings,
): Promise<void> => {
  const owner = user as UserId;
  const { at } = await findUser(snapshot, NO_TAIL, Date.now)(owner);
  const states = readStatesOf(owner, at, []);
  const found = new Map<string, string>(
    states.map(({ conversation, maxSeq, hasReadSeq }) => [
      conversation,
      saying(maxSeq, maxSeq - hasReadSeq),
    ]),
  );
  const wanted = new Map(
    list.map((chat) => {
      const { maxSeq, unread } = shownTo(all, user, chat);
      return [chat.id, saying(maxSeq, unread)];
    }),
  );
  for (const id of new Set([...wanted.keys(), ...found.keys()])) {
    const [one = NOT_LISTED, other = NOT_LISTED] = [wanted.get(id), found.get(id)];
    if (one === other) continue;
    findings.add({
      kind: 'shown otherwise',
      where: 'conversation list',
      key: `${user} ${id}`,
      expected: one,
      found: other,
    });
  }
};

const NOT_LISTED = 'not in the list';

const saying = (maxSeq: number, unread: number): string =>
  `newest ${String(maxSeq)}, unread ${String(unread)}`;

const compareLast = async (
  snapshot: Transaction<AnyTables>,
  everything: Chats,
  user: string,
  chats: readonly Chat[],
  doubles: ReadonlyMap<string, ReadonlyMap<number, number>>,
  findings: Findings,
): Promise<void> => {
  const all = await findConversations(
    snapshot,
    NO_TAIL,
    Date.now,
  )(
    user as UserId,
    chats.map(({ id, maxSeq }) => ({
      conversation: id as ConversationId,
      from: maxSeq - LAST_NUMBERS,
      to: maxSeq,
    })),
  );
  for (const [index, chat] of chats.entries()) {
    const from = Math.max(1, chat.maxSeq - LAST_NUMBERS);
    const wanted = newestVisible(everything, user, chat, doubles.get(chat.id) ?? new Map(), from);
    const found = lastIn(all[index]?.at, chat, from);
    if (wanted === found) continue;
    findings.add({
      kind: 'shown otherwise',
      where: 'last message',
      key: `${user} ${chat.id}`,
      expected: wanted === 0 ? 'none' : String(wanted),
      found: found === 0 ? 'none' : String(found),
    });
  }
};

/** The newest number that the tables leave visible. That a number is void stands in the log alone. */
const lastIn = (at: ConversationAtHead | undefined, chat: Chat, from: number): number => {
  if (at?.head === undefined) return 0;
  const lowest = Math.max(from, at.side.minSeq, at.head.from ?? 0);
  for (let seq = at.head.maxSeq; seq >= lowest; seq--) {
    if (at.head.isVoid?.(seq) === true) continue;
    if (!at.hidden.has(seq) && !at.doubles.has(seq) && !chat.isVoid(seq)) return seq;
  }
  return 0;
};
