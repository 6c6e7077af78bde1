import type { Chat } from './chat.ts';
import type { Chats } from './chats.ts';
import type { Sight } from './groupChats.ts';

/** What a user must be shown of one conversation of its list. */
export type ShownChat = Readonly<{ maxSeq: number; unread: number }>;

/**
 * Who has which conversation in its list. An account that notifies keeps no list of whom it wrote to; what
 * a user has set something for is there before its first message.
 */
export const listsOf = (chats: Chats): ReadonlyMap<string, readonly Chat[]> => {
  const lists = new Map<string, Set<Chat>>();
  const put = (user: string, chat: Chat): void => {
    lists.set(user, (lists.get(user) ?? new Set()).add(chat));
  };
  for (const chat of chats.all.values()) {
    for (const user of listedFor(chats, chat)) {
      if (!isGone(chats, user, chat)) put(user, chat);
    }
    for (const [user, side] of chat.sides) if (side.kind !== null) put(user, chat);
  }
  return new Map([...lists].map(([user, chats]) => [user, [...chats]]));
};

/** Its user has deleted it, and has seen nothing of it since. */
const isGone = (chats: Chats, user: string, chat: Chat): boolean => {
  const side = chat.sides.get(user);
  if (side === undefined || side.deletedPos === 0 || side.configuredPos > 0) return false;
  return sightOf(chats, user, chat).to <= side.deletedUpTo;
};

const listedFor = ({ groups }: Chats, { id, parties, maxSeq }: Chat): readonly string[] => {
  if (parties === undefined) return [];
  if ('group' in parties) {
    if (!id.startsWith('sg_')) return [];
    const { group } = parties;
    return [...groups.usersOf(group)].filter((user) => {
      const sight = groups.sightOf(group, user, maxSeq);
      return sight !== undefined && sight.to > 0;
    });
  }
  if (id.startsWith('si_')) return [parties.from, parties.to];
  return id.startsWith('sn_') ? [parties.to] : [];
};

/** In a chat of a group everybody is listed who may see anything of it. */
const isListedFor = ({ id, parties }: Chat, user: string): boolean => {
  if (parties === undefined) return false;
  if ('group' in parties) return id.startsWith('sg_');
  return parties.to === user || (parties.from === user && id.startsWith('si_'));
};

const ownNewest = ({ groups }: Chats, user: string, chat: Chat): number => {
  const { id, parties } = chat;
  if (parties !== undefined && 'group' in parties) return groups.ownNewest(id, user);
  const first = parties?.from === user ? chat.ownNewest('first') : 0;
  const isSecond = parties !== undefined && 'to' in parties && parties.to === user;
  return Math.max(first, isSecond ? chat.ownNewest('second') : 0);
};

/** All of a chat of two; of a group what its member may see. */
const sightOf = ({ groups }: Chats, user: string, { parties, maxSeq }: Chat): Sight => {
  const whole = { from: 0, joined: 0, to: maxSeq, cut: maxSeq, tips: [] };
  if (parties === undefined || 'to' in parties) return whole;
  return groups.sightOf(parties.group, user, maxSeq) ?? { ...whole, to: 0 };
};

const isIn = ({ cut, tips }: Sight, seq: number): boolean => seq <= cut || tips.includes(seq);

/** Own messages and those before are read; of the rest those count that are shown and said to count. */
export const shownTo = (chats: Chats, user: string, chat: Chat): ShownChat => {
  const sight = sightOf(chats, user, chat);
  if (!isListedFor(chat, user) || sight.to === 0) return { maxSeq: 0, unread: 0 };
  const side = chat.sides.get(user);
  const own = ownNewest(chats, user, chat);
  const done = Math.max(side?.readUpTo ?? 0, side?.clearedUpTo ?? 0, own);
  const read = Math.max(done, sight.joined, sight.from - 1);
  let unread = 0;
  for (let seq = read + 1; seq <= sight.to; seq++) {
    if (chat.counts(seq) && !chat.isHiddenFrom(user, seq) && isIn(sight, seq)) unread += 1;
  }
  return { maxSeq: sight.to, unread };
};

/** The newest number with something to see, of those not older than `from`; 0: none. */
export const newestVisible = (
  chats: Chats,
  user: string,
  chat: Chat,
  doubles: ReadonlyMap<number, number>,
  from: number,
): number => {
  const sight = sightOf(chats, user, chat);
  const lowest = Math.max(from, (chat.sides.get(user)?.clearedUpTo ?? 0) + 1, sight.from);
  for (let seq = sight.to; seq >= lowest; seq--) {
    if (!isIn(sight, seq)) continue;
    if (!chat.isVoid(seq) && !doubles.has(seq) && !chat.isHiddenFrom(user, seq)) return seq;
  }
  return 0;
};
