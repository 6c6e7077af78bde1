import type { Chat } from './chat.ts';
import type { Chats } from './chats.ts';

/** What a user must be shown of one conversation of its list. */
export type ShownChat = Readonly<{ maxSeq: number; unread: number }>;

/**
 * Who has which conversation in its list. An account that notifies keeps no list of whom it wrote to; what
 * a user has set something for is there before its first message.
 */
export const listsOf = ({ all }: Chats): ReadonlyMap<string, readonly Chat[]> => {
  const lists = new Map<string, Set<Chat>>();
  const put = (user: string, chat: Chat): void => {
    lists.set(user, (lists.get(user) ?? new Set()).add(chat));
  };
  for (const chat of all.values()) {
    for (const user of listedFor(chat)) put(user, chat);
    for (const [user, side] of chat.sides) if (side.kind !== null) put(user, chat);
  }
  return new Map([...lists].map(([user, chats]) => [user, [...chats]]));
};

const listedFor = ({ id, parties }: Chat): readonly string[] => {
  if (parties === undefined || 'group' in parties) return [];
  if (id.startsWith('si_')) return [parties.from, parties.to];
  return id.startsWith('sn_') ? [parties.to] : [];
};

const ownNewest = (user: string, chat: Chat): number => {
  const { parties } = chat;
  const first = parties?.from === user ? chat.ownNewest('first') : 0;
  const isSecond = parties !== undefined && 'to' in parties && parties.to === user;
  return Math.max(first, isSecond ? chat.ownNewest('second') : 0);
};

/** Own messages and those before are read; of the rest those count that are shown and said to count. */
export const shownTo = (user: string, chat: Chat): ShownChat => {
  if (!listedFor(chat).includes(user)) return { maxSeq: 0, unread: 0 };
  const { maxSeq } = chat;
  const side = chat.sides.get(user);
  const read = Math.max(side?.readUpTo ?? 0, side?.clearedUpTo ?? 0, ownNewest(user, chat));
  let unread = 0;
  for (let seq = read + 1; seq <= maxSeq; seq++) {
    if (chat.counts(seq) && !chat.isHiddenFrom(user, seq)) unread += 1;
  }
  return { maxSeq, unread };
};

/** The newest number with something to see, of those not older than `from`; 0: none. */
export const newestVisible = (
  user: string,
  chat: Chat,
  doubles: ReadonlyMap<number, number>,
  from: number,
): number => {
  const lowest = Math.max(from, (chat.sides.get(user)?.clearedUpTo ?? 0) + 1);
  for (let seq = chat.maxSeq; seq >= lowest; seq--) {
    if (!chat.isVoid(seq) && !doubles.has(seq) && !chat.isHiddenFrom(user, seq)) return seq;
  }
  return 0;
};
