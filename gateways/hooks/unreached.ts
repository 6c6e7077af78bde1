import type { NumberedEvent } from '../../core/conversation/events.ts';
import { CONVERSATION_PREFIX, conversationOfStream } from '../../core/conversation/events.ts';
import type { SeqlineEvent } from '../../core/kernel/catalogue.ts';
import type { Recorded } from '../../core/kernel/fact.ts';
import type { ConversationId, GroupId, Millis, Position, UserId } from '../../core/kernel/ids.ts';
import { formOf } from '../../core/sequence/head.ts';
import type { Endpoint, Filter } from '../../core/webhook/ports.ts';
import { passes } from '../openim/callbackMessages.ts';
import { AT_ALL, CONTENT_TYPES } from '../openim/numbers.ts';
import { isOn } from '../openim/options.ts';
import { renderEvent } from '../openim/render.ts';
import type { Presence } from '../ports.ts';

/**
 * In larger groups only those whom a message names are looked at: a list of nearly everybody for each message
 * would be far more than the message.
 */
export const GROUP_MEMBERS_MAX = 10_000;

/** iOS, Android, Android pad, iPad, HarmonyOS: what is pushed to. On a desk nobody hears a phone's notification. */
const CARRIED: readonly number[] = [1, 2, 8, 9, 11];

/**
 * Of older messages it is not known any more whom they did not reach: they are met when an endpoint is told of
 * this again after weeks, and nobody is to be woken for them.
 */
export const OLD_MS: Millis = 86_400_000;

export type UnreachedDeps = Readonly<{
  endpoints: readonly Pick<Endpoint, 'after'>[];
  /** Platforms on which messages are pushed to a user now, by any gateway. */
  reachOf: Presence;
  membersOf: (
    group: GroupId,
  ) => Promise<Readonly<{ count: number; users: () => Iterable<UserId> }>>;
  /** Which of these members let a group's messages in without being woken, or not at all. */
  quietIn: (
    conversation: ConversationId,
    users: readonly UserId[],
    asOf: Position,
  ) => Promise<ReadonlySet<UserId>>;
  now: () => Millis;
}>;

type Said = Extract<NumberedEvent, { type: 'MessageSent' | 'NoticePosted' }>;

/** What shows in a chat and may wake a phone. */
const mayWake = (event: Recorded<SeqlineEvent>): event is Recorded<Said> =>
  event.stream.startsWith(CONVERSATION_PREFIX) &&
  (event.type === 'MessageSent' || event.type === 'NoticePosted') &&
  formOf(conversationOfStream(event.stream)) !== 'notifications' &&
  isOn(event.data.options ?? {}, 'offlinePush') &&
  event.data.contentType !== CONTENT_TYPES.typing;

export type Unreached = (event: Recorded<SeqlineEvent>) => Promise<readonly UserId[]>;

/**
 * Whom a message was not pushed to on anything that they carry, as OpenIM counts it (REST reference 11.2).
 * Undefined: no endpoint wants to know.
 */
export const unreachedBy = ({
  endpoints,
  reachOf,
  membersOf,
  quietIn,
  now,
}: UnreachedDeps): Unreached | undefined => {
  const filters: readonly Filter[] = endpoints.flatMap(({ after }) => {
    const wanted = after.get('beforeOfflinePush');
    return wanted === undefined ? [] : [wanted.filter];
  });
  if (filters.length === 0) return undefined;
  const isAway = (user: UserId): boolean =>
    !reachOf(user).some((platform) => CARRIED.includes(platform));

  const inGroup = async (event: Recorded<Said>, group: GroupId): Promise<readonly UserId[]> => {
    const { from, atUsers = [] } = event.data;
    const { count, users } = await membersOf(group);
    // A message names up to thousands, and a group has a hundred thousand.
    const named = new Set<string>(atUsers);
    const isNamed = (user: UserId) => named.has(user) || named.has(AT_ALL);
    const away: UserId[] = [];
    if (count > GROUP_MEMBERS_MAX && atUsers.length === 0) return away;
    for (const user of users()) {
      const isMeant = count <= GROUP_MEMBERS_MAX || isNamed(user);
      if (user !== from && isMeant && isAway(user)) away.push(user);
    }
    if (away.length === 0) return away;
    const quiet = await quietIn(conversationOfStream(event.stream), away, event.position);
    return away.filter((user) => !quiet.has(user));
  };

  return async (event) => {
    if (!mayWake(event) || event.created <= now() - OLD_MS) return [];
    const message = renderEvent(event);
    if (!filters.some((filter) => passes(filter, message))) return [];
    if ('group' in event.data) return inGroup(event, event.data.group);
    const { from, to } = event.data;
    return to !== from && isAway(to) ? [to] : [];
  };
};
