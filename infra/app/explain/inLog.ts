import {
  CONVERSATION_PREFIX,
  conversationOfStream,
  conversationStream,
  type MessagesRead,
  type NumberedEvent,
} from '../../../core/conversation/events.ts';
import {
  notificationAccount,
  notificationOf,
  selfNotification,
} from '../../../core/conversation/ids.ts';
import { inboxStream, type InboxEvent } from '../../../core/inbox/events.ts';
import type { EventLog } from '../../../core/kernel/eventLog.ts';
import type { AnyFact, Recorded } from '../../../core/kernel/fact.ts';
import type {
  ConversationId,
  EventId,
  Millis,
  Revision,
  Seq,
  TokenId,
  UserId,
} from '../../../core/kernel/ids.ts';
import { loginStream, type LoginEvent } from '../../../core/login/events.ts';
import type { FollowedBy, LoginShown } from '../../../gateways/explain.ts';

type Log = Pick<EventLog, 'readStream' | 'readPlaces'>;
type Numbered = Recorded<NumberedEvent>;

const PAGE = 500;
/** Events of one stream that are looked through: a call is answered in some seconds. */
export const LOOKED_MAX = 5_000;
const LOGINS_MAX = 500;
/** What a `sn_` id may be taken apart into. */
const SPLITS_MAX = 16;

/** The newest of a conversation; undefined: there is nothing. */
export const newestOf = async (
  log: Log,
  conversation: ConversationId,
): Promise<Numbered | undefined> => {
  const [newest] = await log.readStream<NumberedEvent>(conversationStream(conversation), {
    ...{ from: 'end', direction: 'backwards', max: 1 },
  });
  return newest;
};

/**
 * The id a conversation goes by here. JS SDKs do not put the two of an `sn_` id in order, and nothing says
 * which underscore stands between them: the one that there is a conversation of is meant.
 */
export const conversationAsked = async (log: Log, id: string): Promise<ConversationId> => {
  const asked = id as ConversationId;
  if (!id.startsWith('sn_') || (await newestOf(log, asked)) !== undefined) return asked;
  const parts = id.slice('sn_'.length).split('_').slice(0, SPLITS_MAX);
  for (let at = 1; at < parts.length; at += 1) {
    const [one, other] = [parts.slice(0, at).join('_'), parts.slice(at).join('_')];
    const sorted = notificationAccount(one as UserId, other as UserId);
    if (sorted !== asked && (await newestOf(log, sorted)) !== undefined) return sorted;
  }
  return asked;
};

export const numberedAt = async (
  log: Log,
  conversation: ConversationId,
  seq: Seq,
): Promise<Numbered | undefined> => {
  const [event] = await log.readStream<NumberedEvent>(conversationStream(conversation), {
    ...{ from: seq - 1, direction: 'forwards', max: 1 },
  });
  return event?.revision === seq - 1 ? event : undefined;
};

/** The newest message with that id of its sender's; looked for backwards, for so far. */
export const numberedWithId = async (
  log: Log,
  conversation: ConversationId,
  clientMsgId: string,
): Promise<Numbered | undefined> => {
  const stream = conversationStream(conversation);
  let from: Revision | 'end' = 'end';
  for (let looked = 0; looked < LOOKED_MAX; looked += PAGE) {
    const page: readonly Numbered[] = await log.readStream<NumberedEvent>(stream, {
      ...{ from, direction: 'backwards', max: PAGE },
    });
    const found = page.find(
      ({ data }) => 'clientMsgId' in data && data.clientMsgId === clientMsgId,
    );
    const last = page.at(-1);
    if (found !== undefined || last === undefined || last.revision === 0) return found;
    from = last.revision - 1;
  }
  return undefined;
};

export type Since<E extends AnyFact> = Readonly<{
  events: readonly Recorded<E>[];
  /** There are more, which have not been looked at. */
  partly: boolean;
}>;

/** What was committed to a stream at that time or later: times of a stream never fall. */
export const eventsSince = async <E extends AnyFact>(
  log: Log,
  stream: string,
  at: Millis,
  max = LOOKED_MAX,
): Promise<Since<E>> => {
  const [newest] = await log.readPlaces(stream, { from: 'end', direction: 'backwards', max: 1 });
  if (newest === undefined || newest.created < at) return { events: [], partly: false };
  let [from, to] = [0, newest.revision];
  while (from < to) {
    const middle = Math.floor((from + to) / 2);
    const [place] = await log.readPlaces(stream, { from: middle, direction: 'forwards', max: 1 });
    if (place === undefined || place.created >= at) to = middle;
    else from = middle + 1;
  }
  const events: Recorded<E>[] = [];
  while (from <= newest.revision && events.length < max) {
    const page = await log.readStream<E>(stream, { from, direction: 'forwards', max: PAGE });
    events.push(...page);
    const last = page.at(-1);
    if (last === undefined) break;
    from = last.revision + 1;
  }
  return { events, partly: from <= newest.revision };
};

/** A login by its id, as its user's stream tells of it. */
export const loginOf = async (
  log: Log,
  user: string,
  token: TokenId,
  now: Millis,
): Promise<LoginShown> => {
  let from: Revision | 'end' = 'end';
  let shown: LoginShown = { token, live: false };
  for (let looked = 0; looked < LOGINS_MAX; looked += PAGE) {
    const page: readonly Recorded<LoginEvent>[] = await log.readStream<LoginEvent>(
      loginStream(user as UserId),
      { from, direction: 'backwards', max: PAGE },
    );
    for (const [index, { data, type, meta }] of page.entries()) {
      const known = data.tokens.find(({ id }) => id === token);
      if (known !== undefined && shown.platform === undefined) {
        const { platform, issuedAt, expiresAt, state } = known;
        // The newest event alone is the state.
        const isNewest = looked === 0 && index === 0;
        const live = isNewest && state === 'normal' && expiresAt > now;
        shown = { token, platform, issuedAt, expiresAt, live };
      }
      if (type === 'TokenIssued' && data.token === token) {
        return { ...shown, issuedTo: meta.actor, issuedIn: meta.operationId };
      }
    }
    const last = page.at(-1);
    if (last === undefined || last.revision === 0) break;
    from = last.revision - 1;
  }
  return shown;
};

type Found = Omit<FollowedBy, 'pushes'> & Readonly<{ eventId: EventId }>;

export type Followed = Readonly<{ found: readonly Found[]; partly: boolean }>;

type About = Readonly<{ conversation: ConversationId; seq: Seq; event: Numbered }>;

/**
 * What the log says that has become of a message: in the conversation of notices that goes with its own, and in
 * what these users have done by themselves.
 */
export const followedBy = async (
  log: Log,
  about: About,
  users: readonly UserId[],
): Promise<Followed> => {
  const { created } = about.event;
  const notices = [notificationOf(about.conversation), ...users.map(selfNotification)].map(
    conversationStream,
  );
  const streams = [...new Set([...notices, ...users.map(inboxStream)])];
  const found: Found[] = [];
  let partly = false;
  for (const stream of streams) {
    const since = await eventsSince<NumberedEvent | InboxEvent>(log, stream, created);
    partly ||= since.partly;
    for (const event of since.events) {
      const kind = kindOf(event, about);
      if (kind !== undefined) found.push(foundIn(event, kind));
    }
  }
  found.sort((one, other) => one.position - other.position);
  return { found: firstReads(found), partly };
};

type Any = Recorded<NumberedEvent | InboxEvent>;

const kindOf = (event: Any, { conversation, seq, event: of }: About): Found['kind'] | undefined => {
  if (event.position <= of.position) return undefined;
  if (event.meta.causationId === of.id) return 'notice';
  if (!('conversation' in event.data) || event.data.conversation !== conversation) return undefined;
  return deedOf(event, seq);
};

const deedOf = (event: Any, seq: Seq): Found['kind'] | undefined => {
  switch (event.type) {
    case 'MessageRevoked':
      return event.data.seq === seq ? 'revoked' : undefined;
    case 'MessagesRead':
      return isReadBy(event.data, seq) ? 'read' : undefined;
    case 'ReadMarked':
    case 'ConversationCleared':
      return seq <= event.data.upTo ? UP_TO[event.type] : undefined;
    case 'MessagesHidden':
      return event.data.seqs.includes(seq) ? 'hidden' : undefined;
    case 'MessagesDeleted':
      return event.data.seqs.includes(seq) ? DELETED[event.data.scope] : undefined;
    default:
      return undefined;
  }
};

const isReadBy = ({ after, upTo, seqs }: MessagesRead['data'], seq: Seq): boolean =>
  (after < seq && seq <= upTo) || seqs.includes(seq);

const UP_TO = { ReadMarked: 'read', ConversationCleared: 'cleared' } as const;
const DELETED = { all: 'deleted', self: 'hidden' } as const;

const ONESELF: readonly Found['kind'][] = ['read', 'hidden', 'cleared'];

const foundIn = (event: Any, kind: Found['kind']): Found => {
  const { id, stream, revision, created, position, meta, data } = event;
  const user = 'user' in data ? data.user : 'from' in data ? data.from : undefined;
  return {
    ...{ kind, eventId: id, at: created, position },
    ...{ actor: meta.actor, operationId: meta.operationId },
    ...(user !== undefined && ONESELF.includes(kind) && { user }),
    ...(stream.startsWith(CONVERSATION_PREFIX)
      ? { conversation: conversationOfStream(stream), seq: revision + 1 }
      : {}),
  };
};

/** A later mark covers it too, but it was read with the first. */
const firstReads = (found: readonly Found[]): readonly Found[] => {
  const readers = new Set<string>();
  return found.filter(({ kind, user }) => {
    if (kind !== 'read' || user === undefined) return true;
    const isFirst = !readers.has(user);
    readers.add(user);
    return isFirst;
  });
};
