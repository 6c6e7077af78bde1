import { Type } from '@sinclair/typebox';
import type { ConversationId } from '../../../core/kernel/ids.ts';
import type { Pulled } from '../../../core/sequence/shown.ts';
import { askedIds, storedId } from '../../openim/conversationIds.ts';
import { msgDataJson } from '../../openim/json.ts';
import { PULL_ORDER } from '../../openim/numbers.ts';
import { renderShown } from '../../openim/render.ts';
import type { Refused } from '../../ports.ts';
import {
  body,
  conversationId,
  flag,
  IDS_MAX,
  int32OrZero,
  int64,
  int64OrZero,
  userId,
} from '../fields.ts';
import { answer, refuse } from '../reply.ts';
import { route, type Route } from '../route.ts';
import type { RouteDeps } from '../routes.ts';
import { idsOrNull, pulls } from '../shapes.ts';

const access = { kind: 'self', field: 'userID' } as const;

/** Numbers named in one read mark; a screenful is some dozens. */
const SEQS_MAX = 1_000;
const RANGES_MAX = 1_000;

const numbersByConversation = Type.Record(Type.String(), Type.Integer());
const readStatesByConversation = Type.Record(
  Type.String(),
  Type.Object({ maxSeq: Type.Integer(), hasReadSeq: Type.Integer(), maxSeqTime: Type.Integer() }),
);

/** A map without entries is left out of an answer (REST reference 1.4). */
const mapped = <Key extends string, T>(
  key: Key,
  entries: readonly (readonly [string, T])[],
): Partial<Record<Key, Record<string, T>>> => {
  const map: Partial<Record<string, Record<string, T>>> =
    entries.length === 0 ? {} : { [key]: Object.fromEntries(entries) };
  return map;
};

export const msgRoutes = (deps: RouteDeps): readonly Route[] => [
  ...readRoutes(deps),
  pullRoute(deps),
  ...markRoutes(deps),
  revokeRoute(deps),
  ...deleteRoutes(deps),
  removeRoute(deps),
  serverTimeRoute(deps),
];

/** Reading what is between others is a matter of rights, and not of the arguments. */
const asReader = <T extends Readonly<{ kind: string }>>(result: T | Refused): T | Refused =>
  'reason' in result && result.reason === 'conversation/not-party'
    ? refuse('caller/not-allowed', result.detail)
    : result;

const isNotifications = (conversation: ConversationId): boolean => conversation.startsWith('n_');

type Asked = ReturnType<typeof askedIds>;

/** The names a conversation was asked by; those that were not asked for by name have only their own. */
const named = (asked: Asked, conversation: ConversationId): readonly string[] =>
  asked.get(conversation) ?? [conversation];

const pullEntries =
  (asked: Asked) =>
  ({ conversation, shown, isEnd, endSeq }: Pulled) => {
    const entry = { Msgs: shown.map((each) => msgDataJson(renderShown(each))), isEnd, endSeq };
    return named(asked, conversation).map((name) => [name, entry] as const);
  };

const readRoutes = ({ chats }: RouteDeps): readonly Route[] => [
  route({
    path: '/msg/newest_seq',
    summary: 'The greatest number of each conversation of a user.',
    access,
    body: body({ userID: userId }),
    data: Type.Object({ maxSeqs: Type.Optional(numbersByConversation) }),
    run: async ({ body: { userID } }) => {
      const newest = await chats.newestSeqs(userID);
      return answer(
        mapped(
          'maxSeqs',
          [...newest].filter(([, seq]) => seq > 0),
        ),
      );
    },
  }),

  route({
    path: '/msg/get_conversations_has_read_and_max_seq',
    summary: 'Greatest and read numbers of conversations; what is between them is unread.',
    access,
    body: body({
      userID: userId,
      conversationIDs: Type.Array(conversationId, { default: [], maxItems: IDS_MAX }),
      returnPinned: flag(),
    }),
    data: Type.Object({
      seqs: Type.Optional(readStatesByConversation),
      pinnedConversationIDs: idsOrNull,
    }),
    run: async ({ body: { userID, conversationIDs, returnPinned } }) => {
      const asked = askedIds(userID, conversationIDs);
      const { states, pinned } = await chats.readStates(userID, [...asked.keys()]);
      const seqs = states.flatMap(({ conversation, ...state }) =>
        named(asked, conversation).map((name) => [name, state] as const),
      );
      return answer({
        ...mapped('seqs', seqs),
        pinnedConversationIDs: returnPinned ? [...pinned] : null,
      });
    },
  }),
];

const pullRoute = ({ chats }: RouteDeps): Route =>
  route({
    path: '/msg/pull_msg_by_seq',
    summary: 'Messages by ranges of numbers.',
    access,
    body: body({
      userID: userId,
      seqRanges: Type.Array(
        body({
          conversationID: conversationId,
          begin: int64OrZero(0),
          end: int64OrZero(0),
          num: int64OrZero(0),
        }),
        { maxItems: RANGES_MAX },
      ),
      order: int32OrZero(PULL_ORDER.ascending, PULL_ORDER.descending),
    }),
    data: Type.Object({ msgs: Type.Optional(pulls), notificationMsgs: Type.Optional(pulls) }),
    run: async ({ body: { userID, seqRanges, order } }) => {
      const pulled = await chats.pullRanges(
        userID,
        seqRanges.map(({ conversationID, ...range }) => ({
          conversation: storedId(userID, conversationID),
          ...range,
        })),
        order === PULL_ORDER.descending ? 'descending' : 'ascending',
      );
      if ('kind' in pulled) return asReader(pulled);
      const names = seqRanges.map(({ conversationID }) => conversationID);
      const asked = askedIds(userID, names);
      const found = pulled.filter(({ shown }) => shown.length > 0);
      const chat = found.filter(({ conversation }) => !isNotifications(conversation));
      const told = found.filter(({ conversation }) => isNotifications(conversation));
      return answer({
        ...mapped('msgs', chat.flatMap(pullEntries(asked))),
        ...mapped('notificationMsgs', told.flatMap(pullEntries(asked))),
      });
    },
  });

const markRoutes = ({ messages }: RouteDeps): readonly Route[] => [
  route({
    path: '/msg/mark_msgs_as_read',
    summary: 'Marks messages as read, and all before the last of them.',
    access,
    body: body({
      conversationID: conversationId,
      seqs: Type.Array(int64(1), { minItems: 1, maxItems: SEQS_MAX }),
      userID: userId,
    }),
    run: async ({ body: { conversationID, seqs, userID }, meta }) => {
      const upTo = seqs.at(-1);
      if (upTo === undefined) return refuse('args/invalid', 'seqs: must not be empty');
      const conversation = storedId(userID, conversationID);
      const mark = { conversation, reader: userID, upTo, seqs, quiet: false };
      return asReader(await messages.markRead(mark, meta));
    },
  }),

  route({
    path: '/msg/mark_conversation_as_read',
    summary:
      'Marks a conversation as read up to a number; in a single chat the other side is told.',
    access,
    body: body({
      conversationID: conversationId,
      userID: userId,
      hasReadSeq: int64(1),
      seqs: Type.Array(int64(1), { default: [], maxItems: SEQS_MAX }),
    }),
    run: async ({ body: { conversationID, userID, hasReadSeq: upTo, seqs }, meta }) => {
      const conversation = storedId(userID, conversationID);
      const mark = { conversation, reader: userID, upTo, seqs, quiet: false };
      return asReader(await messages.markRead(mark, meta));
    },
  }),

  route({
    path: '/msg/set_conversation_has_read_seq',
    summary: 'Sets the read number; only the own devices are told.',
    access,
    body: body({
      conversationID: conversationId,
      userID: userId,
      hasReadSeq: int64(1),
    }),
    run: async ({ body: { conversationID, userID, hasReadSeq: upTo }, meta }) => {
      const conversation = storedId(userID, conversationID);
      const mark = { conversation, reader: userID, upTo, seqs: [], quiet: true };
      return asReader(await messages.markRead(mark, meta));
    },
  }),
];

const revokeRoute = ({ messages }: RouteDeps): Route =>
  route({
    path: '/msg/revoke_msg',
    summary: 'Takes a message back.',
    access,
    body: body({ conversationID: conversationId, seq: int64(1), userID: userId }),
    run: async ({ body: { conversationID, seq, userID }, caller, meta }) => {
      const conversation = storedId(userID, conversationID);
      return messages.revoke({ conversation, seq, by: userID, admin: caller.admin }, meta);
    },
  });

const deleteSyncOpt = Type.Object(
  { IsSyncSelf: flag(), IsSyncOther: flag() },
  { default: { IsSyncSelf: false, IsSyncOther: false } },
);

const CLEAR_FOR_OTHERS = refuse(
  'args/invalid',
  'deleteSyncOpt.IsSyncOther: a conversation is cleared for one user at a time; call it for each',
);

const deleteRoutes = ({ messages, chats }: RouteDeps): readonly Route[] => [
  route({
    path: '/msg/delete_msgs',
    summary: 'Deletes messages for a user; or, if they are its own, for everybody.',
    access,
    body: body({
      conversationID: conversationId,
      seqs: Type.Array(int64(1), { maxItems: SEQS_MAX }),
      userID: userId,
      deleteSyncOpt,
    }),
    run: async ({ body: { conversationID, seqs, userID, deleteSyncOpt: sync }, caller, meta }) => {
      const scope = sync.IsSyncOther ? 'all' : sync.IsSyncSelf ? 'self-everywhere' : 'self';
      return asReader(
        await messages.hide(
          {
            user: userID,
            conversation: storedId(userID, conversationID),
            seqs,
            scope,
            admin: caller.admin,
          },
          meta,
        ),
      );
    },
  }),

  route({
    path: '/msg/clear_conversation_msg',
    summary: 'Clears conversations for a user; unknown ones are passed over.',
    access,
    body: body({
      conversationIDs: Type.Array(conversationId, { maxItems: IDS_MAX }),
      userID: userId,
      deleteSyncOpt,
    }),
    run: async ({ body: { conversationIDs, userID, deleteSyncOpt: sync }, meta }) =>
      sync.IsSyncOther
        ? CLEAR_FOR_OTHERS
        : messages.clear(
            {
              user: userID,
              conversations: [...askedIds(userID, conversationIDs).keys()],
              everywhere: sync.IsSyncSelf,
            },
            meta,
          ),
  }),

  route({
    path: '/msg/user_clear_all_msg',
    summary: 'Clears all conversations of a user.',
    access,
    body: body({ userID: userId, deleteSyncOpt }),
    run: async ({ body: { userID, deleteSyncOpt: sync }, meta }) => {
      if (sync.IsSyncOther) return CLEAR_FOR_OTHERS;
      const all = await chats.conversations(userID);
      const conversations = all.map(({ conversation }) => conversation);
      return messages.clear({ user: userID, conversations, everywhere: sync.IsSyncSelf }, meta);
    },
  }),
];

/** OpenIM's slip in the path is real. The log keeps what it has: this moves what is shown. */
const removeRoute = ({ messages }: RouteDeps): Route =>
  route({
    path: '/msg/delete_msg_phsical_by_seq',
    summary: 'Has nobody be shown these messages any more.',
    access: { kind: 'admin' },
    body: body({
      conversationID: conversationId,
      seqs: Type.Array(int64(1), { minItems: 1, maxItems: SEQS_MAX }),
    }),
    run: ({ body: { conversationID, seqs }, meta }) =>
      messages.remove({ conversation: conversationID, seqs }, meta),
  });

const serverTimeRoute = ({ now }: RouteDeps): Route =>
  route({
    path: '/msg/get_server_time',
    summary: 'The time of this server, in milliseconds.',
    access: { kind: 'user' },
    body: body({}),
    data: Type.Object({ serverTime: Type.Integer() }),
    run: () => Promise.resolve(answer({ serverTime: now() })),
  });
