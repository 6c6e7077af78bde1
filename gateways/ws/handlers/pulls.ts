import type { ConversationId } from '../../../core/kernel/ids.ts';
import type { Pulled } from '../../../core/sequence/shown.ts';
import { askedIds, storedId } from '../../openim/conversationIds.ts';
import type { WireForm } from '../../openim/envelope.ts';
import { WIRE_ERRORS } from '../../openim/errors.ts';
import { PULL_ORDER } from '../../openim/numbers.ts';
import {
  encodedMessages,
  getSeqMessageReq,
  pullMessageBySeqsReq,
  type EncodedMsgs,
} from '../../openim/requests.ts';
import type { Order, Refused } from '../../ports.ts';
import type { Traces } from '../../traces.ts';
import { data, failure, refusal, type Answer, type Handler } from '../answer.ts';
import type { Connection } from '../connection.ts';
import { askedUser, tooMany, type HandlerDeps } from './common.ts';
import { encodeShown } from '../encodeShown.ts';
import { dataBytesMax, fitting, namesSize } from './replySize.ts';

/** Conversations of one pull. Go core gathers some hundred messages' worth; n-conversations count whole. */
export const PULL_CONVERSATIONS_MAX = 2000;
/** Messages of one conversation in one pull. Go core asks for 50 at most, and pages. */
export const PULL_MESSAGES_MAX = 1000;

type PullDeps = Pick<HandlerDeps, 'chats' | 'hold' | 'traces'>;

/** 1002: of each range the newest `num` messages (of `n_` conversations: all), ascending. */
export const pullByRange =
  ({ chats, hold, traces }: PullDeps): Handler =>
  async (connection, request) => {
    const { userID, seqRanges, order } = pullMessageBySeqsReq.decode(request.data);
    const asked = askedUser(connection, userID);
    if ('foreign' in asked) return asked.foreign;
    const names = seqRanges.map(({ conversationID }) => conversationID);
    const over = tooMany(names, PULL_CONVERSATIONS_MAX);
    if (over !== undefined) return over;
    const ranges = seqRanges.map(({ conversationID, begin, end, num }) => ({
      conversation: storedId(asked.user, conversationID),
      begin,
      end,
      num: Math.min(Math.max(num, 0), PULL_MESSAGES_MAX),
    }));
    const pulled = await hold(connection, () =>
      chats.pullRanges(asked.user, ranges, orderOf(order)),
    );
    if ('kind' in pulled) return notTheirs(pulled);
    // The whole range counts as fetched whatever comes, and the newest is what is looked at first.
    const ids = askedIds(asked.user, names);
    const answered = encodePulled(ids, pulled, connection.form, 'newest');
    note(traces, connection, answered.told);
    return data(answered.bytes);
  };

/** 1005: exactly one message for each number in the user's range, placeholders included. */
export const pullBySeqs =
  ({ chats, hold, traces }: PullDeps): Handler =>
  async (connection, request) => {
    const { userID, conversations, order: wireOrder } = getSeqMessageReq.decode(request.data);
    const asked = askedUser(connection, userID);
    if ('foreign' in asked) return asked.foreign;
    const names = conversations.map(({ conversationID }) => conversationID);
    const over = tooMany(names, PULL_CONVERSATIONS_MAX);
    if (over !== undefined) return over;
    const order = orderOf(wireOrder);
    const lists = conversations.map(({ conversationID, seqs }) => ({
      conversation: storedId(asked.user, conversationID),
      seqs: pageOf(seqs, order),
    }));
    const pulled = await hold(connection, () => chats.pullSeqs(asked.user, lists, order));
    if ('kind' in pulled) return notTheirs(pulled);
    // What is missing is asked for again: so the end that the client is paging from comes first.
    const kept = order === 'descending' ? 'newest' : 'oldest';
    const ids = askedIds(asked.user, names);
    const answered = encodePulled(ids, pulled, connection.form, kept);
    note(traces, connection, answered.told);
    return data(answered.bytes);
  };

/** Reading what is between others is not a mistake in the arguments (decisions 1.2). */
const notTheirs = ({ reason, detail }: Refused): Answer =>
  reason === 'conversation/not-party'
    ? failure(WIRE_ERRORS.noPermission, detail)
    : refusal(reason, detail);

const orderOf = (order: number): Order =>
  order === PULL_ORDER.descending ? 'descending' : 'ascending';

/** Beyond a page the numbers at the far end are left for the next one. */
const pageOf = (seqs: readonly number[], order: Order): readonly number[] => {
  if (seqs.length <= PULL_MESSAGES_MAX) return seqs;
  const sorted = [...seqs].sort((one, other) => one - other);
  return order === 'descending'
    ? sorted.slice(-PULL_MESSAGES_MAX)
    : sorted.slice(0, PULL_MESSAGES_MAX);
};

/**
 * Every conversation that was named has an entry, under the name it was given: the JS SDK trips over an
 * answer without one (GW 2.3).
 */
const encodePulled = (
  names: ReadonlyMap<ConversationId, readonly string[]>,
  pulled: readonly Pulled[],
  form: WireForm,
  kept: 'newest' | 'oldest',
): Readonly<{ bytes: Uint8Array; told: readonly Told[] }> => {
  const entries = pulled.flatMap(({ conversation, shown, isEnd, endSeq }): readonly Entry[] => {
    const entry = { Msgs: shown.map(encodeShown), isEnd, endSeq };
    return (names.get(conversation) ?? []).map((name) => [name, entry]);
  });
  const whole = encode(entries);
  const bytesMax = dataBytesMax(form);
  const told = pulled.map(({ conversation, shown }) => ({ conversation, shown }));
  if (whole.length <= bytesMax) return { bytes: whole, told };
  const lists = entries.map(([, { Msgs }]) => Msgs);
  const named = entries.map(([name]) => name);
  const cut = fitting(lists, bytesMax - namesSize(named), kept);
  const bytes = encode(
    entries.map(([name, entry], index): Entry => [
      name,
      { ...entry, Msgs: [...(cut[index] ?? [])] },
    ]),
  );
  // Cut lists go by the names that were asked for, of which a conversation nearly always has one.
  const counts = new Map(entries.map(([name], index) => [name, cut[index]?.length ?? 0]));
  return {
    bytes,
    told: told.map(({ conversation, shown }) => {
      const count = Math.max(
        0,
        ...(names.get(conversation) ?? []).map((name) => counts.get(name) ?? 0),
      );
      const from = kept === 'newest' ? shown.length - count : 0;
      return { conversation, shown: shown.slice(from, from + count) };
    }),
  };
};

/** What of a conversation has been told. */
type Told = Pick<Pulled, 'conversation' | 'shown'>;

const note = (traces: Traces, { number }: Connection, all: readonly Told[]): void => {
  for (const { conversation, shown } of all) {
    const [first, last] = [shown[0], shown.at(-1)];
    if (first === undefined || last === undefined) continue;
    traces.pulled(
      conversation,
      Math.min(first.seq, last.seq),
      Math.max(first.seq, last.seq),
      number,
    );
  }
};

type Entry = readonly [name: string, messages: EncodedMsgs];

/** Tag and length of a message, or of an entry with its name. */
const AROUND_MESSAGE = 6;
const AROUND_ENTRY = 300;

const encode = (entries: readonly Entry[]): Uint8Array => {
  const msgs = new Map<string, EncodedMsgs>();
  const notificationMsgs = new Map<string, EncodedMsgs>();
  let capacity = 0;
  for (const [name, entry] of entries) {
    (name.startsWith('n_') ? notificationMsgs : msgs).set(name, entry);
    capacity += AROUND_ENTRY;
    for (const { length } of entry.Msgs) capacity += length + AROUND_MESSAGE;
  }
  return encodedMessages.encode({ msgs, notificationMsgs }, capacity);
};
