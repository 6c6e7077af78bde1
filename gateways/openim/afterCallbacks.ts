import {
  CONVERSATION_PREFIX,
  conversationOfStream,
  type NumberedEvent,
} from '../../core/conversation/events.ts';
import type { EventType, SeqlineEvent } from '../../core/kernel/catalogue.ts';
import type { Recorded } from '../../core/kernel/fact.ts';
import { formOf } from '../../core/sequence/head.ts';
import { GROUPS_TOLD } from './afterGroupCallbacks.ts';
import type { Fields } from './callbackAnswer.ts';
import { byCall, opened, orNull } from './callbackFields.ts';
import { messageFields } from './callbackMessages.ts';
import { PLATFORM_NAMES, type AfterName } from './callbacks.ts';
import type { MsgData } from './msgData.ts';
import { SESSION_TYPES } from './numbers.ts';
import { renderEvent, seqsRead } from './render.ts';

/** A callback that tells of a fact, in OpenIM's form. */
export type After = Readonly<{
  name: AfterName;
  /** Those of one order are told one after the other. */
  order: string;
  body: Fields;
  /** Only messages: filters look at it. */
  message?: MsgData;
  key?: string;
}>;

type Of<Type extends EventType> = Recorded<Extract<SeqlineEvent, { type: Type }>>;
/** By type of event: what is told of it. */
export type Telling<E extends SeqlineEvent> = {
  readonly [Type in E['type']]?: (event: Of<Type>) => readonly After[];
};

/** What receivers can hand back to `/msg/send_simple_msg`. */
const keyOf = ({ sendID, recvID, groupID }: MsgData): string =>
  Buffer.from(JSON.stringify({ sendID, recvID, groupID })).toString('base64');

/** OpenIM's number for a request that was agreed to. */
const AGREED = 1;

/** Each platform of which a connection has been ended by another login, or by an app admin. */
const kicked = ({ created, data }: Of<'LoginActivated' | 'LogoutForced'>): readonly After[] => {
  const { user, kicks, tokens } = data;
  const ended = tokens.filter(({ id, connected }) => connected && kicks.includes(id));
  return [...new Set(ended.map(({ platform }) => platform))].map((platform) => ({
    name: 'afterUserKickOff',
    order: `user-${user}`,
    body: { ...onPlatform(platform), userID: user, seq: created },
  }));
};

const onPlatform = (platform: number) => ({
  platformID: platform,
  platform: PLATFORM_NAMES[platform] ?? '',
});

/** The settings that a conversation begins with. */
const AS_IT_BEGINS = {
  recvMsgOpt: 0,
  isPinned: false,
  isPrivateChat: false,
  burnDuration: 0,
  groupAtType: 0,
  attachedInfo: '',
  ex: '',
} as const;

/** The first number of a chat begins it: for both sides of a single chat, for nobody in particular of a group. */
const begun = (event: Recorded<SeqlineEvent>): readonly After[] => {
  if (!isNumbered(event) || event.revision !== 0) return [];
  const { data: parties } = event;
  const order = conversationOfStream(event.stream);
  const form = formOf(order);
  if (form === 'group' && 'group' in parties) {
    const of = { ownerUserId: '', conversationId: order, conversationType: SESSION_TYPES.group };
    const body = { ...of, groupId: parties.group, ...AS_IT_BEGINS };
    return [{ name: 'afterCreateGroupChatConversations', order, body }];
  }
  if (form !== 'single' || !('to' in parties)) return [];
  const { from, to } = parties;
  const sides =
    from === to
      ? [[from, to]]
      : [
          [from, to],
          [to, from],
        ];
  return sides.map(([owner, other]) => {
    const of = { ownerUserId: owner, conversationId: order };
    const body = { ...of, conversationType: SESSION_TYPES.single, userId: other, ...AS_IT_BEGINS };
    return { name: 'afterCreateSingleChatConversations', order, body };
  });
};

const isNumbered = (event: Recorded<SeqlineEvent>): event is Recorded<NumberedEvent> =>
  event.stream.startsWith(CONVERSATION_PREFIX);

const TOLD: Telling<SeqlineEvent> = {
  ...GROUPS_TOLD,

  MessageSent: (event) => {
    const message = renderEvent(event);
    const order = conversationOfStream(event.stream);
    const told = { order, message, body: messageFields(message), key: keyOf(message) };
    const saved = { ...told, name: 'afterMsgSaveDB' } as const;
    switch (message.sessionType) {
      case SESSION_TYPES.single:
        return [{ ...told, name: 'afterSendSingleMsg' }, saved];
      case SESSION_TYPES.group:
        return [{ ...told, name: 'afterSendGroupMsg' }, saved];
      default:
        return [saved];
    }
  },

  MessageRevoked: ({ data: { conversation: order, seq, by } }) => [
    { name: 'afterRevokeMsg', order, body: { conversationID: order, seq, userID: by } },
  ],

  MessagesRead: ({ data }) => {
    const { conversation: order, from } = data;
    const read = { conversationID: order, userID: from, Seqs: seqsRead(data) };
    const body = { ...read, contentType: SESSION_TYPES.single };
    return [{ name: 'afterSingleMsgRead', order, body }];
  },

  ReadMarked: ({ data: { conversation: order, user, upTo } }) => {
    if (formOf(order) !== 'group') return [];
    const who = { sendID: user, receiveID: user };
    const body = { ...who, unreadMsgNum: upTo, contentType: SESSION_TYPES.group };
    return [{ name: 'afterGroupMsgRead', order, body }];
  },

  UserRegistered: ({ stream: order, created, data }) => {
    const { nickname = '', faceUrl = '', ex = '' } = opened(data.profile);
    const info = {
      userID: data.user,
      nickname,
      faceURL: faceUrl,
      ex,
      createTime: created,
      appMangerLevel: data.level,
      globalRecvMsgOpt: data.globalReceive,
    };
    return [{ name: 'afterUserRegister', order, body: { users: [info] } }];
  },

  UserChanged: ({ stream: order, meta, data }) => {
    // What a user lets in is set by a call that OpenIM has no callback for.
    if (meta.call === undefined && data.profile === undefined) return [];
    const { nickname, faceUrl, ex } = opened(data.profile);
    const shown = orNull({ nickName: nickname, faceURL: faceUrl, ex });
    const told = { order, body: { userID: data.user, ...shown } };
    return byCall<After>(meta, {
      info: { name: 'afterUpdateUserInfo', ...told },
      infoEx: { name: 'afterUpdateUserInfoEx', ...told },
    });
  },

  LoginActivated: (event) => kicked(event),
  LogoutForced: (event) => kicked(event),

  FriendRequested: ({ stream: order, data: { from, to, application } }) => {
    const { greeting = '' } = opened(application);
    const body = { fromUserID: from, toUserID: to, reqMsg: greeting };
    return [{ name: 'afterAddFriend', order, body }];
  },

  FriendAccepted: ({ stream: order, data: { from, to, answer } }) => {
    const { message = '' } = opened(answer);
    const who = { fromUserID: from, blackUserID: to };
    const body = { ...who, HandleResult: AGREED, HandleMsg: message };
    return [{ name: 'afterAddFriendAgree', order, body }];
  },

  FriendConfigured: ({ stream: order, data: { owner, friend, notes } }) => {
    const { remark } = opened(notes);
    if (remark === undefined) return [];
    const body = { ownerUserID: owner, friendUserID: friend, remark };
    return [{ name: 'afterSetFriendRemark', order, body }];
  },

  FriendDeleted: ({ stream: order, data: { owner, friend } }) => [
    { name: 'afterDeleteFriend', order, body: { ownerUserID: owner, friendUserID: friend } },
  ],

  FriendImported: ({ stream: order, data: { owner, friend } }) => [
    { name: 'afterImportFriends', order, body: { ownerUserID: owner, friendUserIDs: [friend] } },
  ],

  UserUnblocked: ({ stream: order, data: { owner, blocked } }) => [
    { name: 'afterRemoveBlack', order, body: { ownerUserID: owner, blackUserID: blocked } },
  ],

  PresenceChanged: ({ data: { changes } }) =>
    changes.map(({ user, platform, online, at }) => ({
      name: online ? 'afterUserOnline' : 'afterUserOffline',
      order: `user-${user}`,
      body: {
        ...onPlatform(platform),
        userID: user,
        seq: at,
        // A platform is online with its first connection and offline with its last: it is none of them.
        connID: '',
        ...(online && { isAppBackground: false }),
      },
    })),
};

const NOTHING: readonly After[] = [];

/** What is told of a fact, whoever wants to hear it: made of the fact alone. */
export const afterOf = (event: Recorded<SeqlineEvent>): readonly After[] => {
  // The table has, under each type, what takes events of that type: more than the compiler can see here.
  const tell = TOLD[event.type] as ((told: typeof event) => readonly After[]) | undefined;
  const told = tell?.(event) ?? NOTHING;
  const first = begun(event);
  return first.length === 0 ? told : [...first, ...told];
};
