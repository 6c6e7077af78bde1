import { Type, type Static } from '@sinclair/typebox';
import type { MessageBody, MessageOptions, OfflinePush } from '../../core/conversation/events.ts';
import { group, notificationAccount, single } from '../../core/conversation/ids.ts';
import type { Meta } from '../../core/kernel/fact.ts';
import type { EventId, UserId } from '../../core/kernel/ids.ts';
import { PLATFORM_MAX } from '../../core/login/policy.ts';
import { modifyFields } from '../openim/callbackMessages.ts';
import { CONTENT_TYPES, SESSION_TYPES } from '../openim/numbers.ts';
import { isStored, ONLINE_ONLY } from '../openim/options.ts';
import { renderPassing } from '../openim/render.ts';
import type { Done, Refused, SendMessage, Sent } from '../ports.ts';
import { atUsersOf, contentFault } from './content.ts';
import {
  body,
  flag,
  groupId,
  int32,
  int32OrZero,
  int64OrZero,
  line,
  note,
  text,
  userId,
} from './fields.ts';
import { refuse, type Answer } from './reply.ts';
import { route, type Route } from './route.ts';
import type { RouteDeps } from './routes.ts';
import type { SendStatuses } from './sendStatuses.ts';

/** Clients use 32 hex digits; an app server may use keys of its own. */
const CLIENT_MSG_ID_LENGTH_MAX = 64;
/** Notification accounts and robots; app admins too (OpenIM's appMangerLevel). */
const SYSTEM_LEVEL_MIN = 2;

export const offlinePush = body({
  title: line(),
  desc: line(),
  ex: note(),
  iOSPushSound: line(),
  iOSBadgeCount: flag(),
  signalInfo: note(),
});

export const sendBody = body({
  sendID: userId,
  recvID: Type.Optional(userId),
  groupID: Type.Optional(groupId),
  senderNickname: line(),
  senderFaceURL: line(),
  senderPlatformID: int32OrZero(0, PLATFORM_MAX),
  content: Type.Record(Type.String(), Type.Unknown()),
  contentType: int32(1),
  sessionType: int32(1, SESSION_TYPES.notificationAccount),
  isOnlineOnly: flag(),
  notOfflinePush: flag(),
  sendTime: int64OrZero(0),
  offlinePushInfo: Type.Optional(offlinePush),
  ex: note(),
  /** Ours: the same id again is the same message, with the first answer. */
  clientMsgID: Type.Optional(text(CLIENT_MSG_ID_LENGTH_MAX)),
});

type Given = Static<typeof sendBody>;
/** Without whom it is for. */
type GivenToAny = Pick<Given, 'sendID' | 'content' | 'contentType'>;

export const sent = Type.Object({
  serverMsgID: Type.String(),
  clientMsgID: Type.String(),
  sendTime: Type.Integer(),
  /** Only where the app server's callback has changed the message: what it has changed. */
  modify: Type.Optional(Type.Record(Type.String(), Type.Unknown())),
});

/** Who writes to whom, and in which conversation. */
const placeOf = ({ sendID, recvID, groupID, sessionType }: Given) => {
  switch (sessionType) {
    case SESSION_TYPES.single:
    case SESSION_TYPES.notificationAccount: {
      if (recvID === undefined) return refuse('args/invalid', 'recvID: must be given');
      const make = sessionType === SESSION_TYPES.single ? single : notificationAccount;
      const parties = { from: sendID, to: recvID };
      return { kind: 'place', parties, conversation: make(sendID, recvID) } as const;
    }
    case SESSION_TYPES.group: {
      if (groupID === undefined) return refuse('args/invalid', 'groupID: must be given');
      const parties = { from: sendID, group: groupID };
      return { kind: 'place', parties, conversation: group(groupID) } as const;
    }
    default:
      return refuse('args/invalid', 'sessionType: must be 1 (single), 3 (group) or 4 (account)');
  }
};

const optionsOf = ({ isOnlineOnly, notOfflinePush }: Given): MessageOptions => ({
  ...(isOnlineOnly ? ONLINE_ONLY : {}),
  ...(notOfflinePush ? { offlinePush: false } : {}),
});

export const pushOf = (push: Static<typeof offlinePush>): OfflinePush => ({
  title: push.title,
  desc: push.desc,
  ex: push.ex,
  iosSound: push.iOSPushSound,
  iosBadge: push.iOSBadgeCount,
  signalInfo: push.signalInfo,
});

const bodyOf = (given: Given): MessageBody => {
  const content = JSON.stringify(given.content);
  const isNotice = given.contentType === CONTENT_TYPES.oaNotification;
  return {
    content: isNotice ? JSON.stringify({ detail: content }) : content,
    ...(given.senderNickname === '' ? {} : { nickname: given.senderNickname }),
    ...(given.senderFaceURL === '' ? {} : { faceUrl: given.senderFaceURL }),
    ...(given.ex === '' ? {} : { ex: given.ex }),
    ...(given.offlinePushInfo === undefined ? {} : { push: pushOf(given.offlinePushInfo) }),
  };
};

const modifyOf = (
  { conversation, message }: SendMessage,
  changed: SendMessage['message'],
  { sendTime, ...call }: Pick<Sent, 'id' | 'sendTime'> & Readonly<{ meta: Meta }>,
) => {
  const shown = (said: SendMessage['message']) =>
    renderPassing({ conversation, ...call, data: { ...said, sendTime } });
  return { ...modifyFields(shown(message), shown(changed)) };
};

/** An OA notification is always of an account, whatever session it is sent with (REST reference 8.5). */
const asAccount = (given: Given): Given =>
  given.contentType === CONTENT_TYPES.oaNotification
    ? { ...given, sessionType: SESSION_TYPES.notificationAccount }
    : given;

type SentMessage = Static<typeof sent>;

export type Sender = Readonly<{ privileged: boolean; known: boolean }>;

const wishOf = (
  given: Given,
  { privileged }: Sender,
  { clientMsgId, repeats, now }: Named & Readonly<{ now: number }>,
): Readonly<{ kind: 'wish'; wish: SendMessage }> | Refused => {
  const place = placeOf(given);
  if (place.kind === 'refused') return place;
  const options = optionsOf(given);
  const { senderPlatformID: platform, contentType, sendTime } = given;
  const atUsers = atUsersOf(contentType, given.content);
  const message = {
    ...place.parties,
    clientMsgId,
    contentType,
    system: true as const,
    createTime: sendTime === 0 ? now : sendTime,
    options,
    body: bodyOf(given),
    ...(platform === 0 ? {} : { platform }),
    ...(atUsers.length === 0 ? {} : { atUsers }),
  };
  const wish = {
    conversation: place.conversation,
    message,
    stored: isStored(options),
    senderSync: !given.isOnlineOnly,
    privileged,
    repeats,
    ...(sendTime === 0 ? {} : { sendTime }),
  };
  return { kind: 'wish', wish };
};

/** Sends in the name of any user: one message, as often as it is asked to. */
export const sending = ({ messages, users, config, now }: RouteDeps) => {
  const senderOf = async (user: UserId): Promise<Sender> => {
    if (config.admins.includes(user)) return { privileged: true, known: true };
    const found = await users.find(user);
    return { privileged: (found?.level ?? 0) >= SYSTEM_LEVEL_MIN, known: found !== undefined };
  };
  return {
    senderOf,

    /** What is wrong with it, whoever gets it; else who sends. */
    checked: async (given: GivenToAny): Promise<Sender | Refused> => {
      const fault = contentFault(given.contentType, given.content);
      if (fault !== undefined) return refuse('args/invalid', fault);
      const sender = await senderOf(given.sendID);
      if (given.contentType !== CONTENT_TYPES.oaNotification || sender.privileged) return sender;
      return sender.known
        ? refuse('caller/not-allowed', 'sendID: must be a notification account')
        : refuse('user/unknown', 'sendID: is not registered');
    },

    send: async (
      asked: Given,
      sender: Sender,
      name: Named,
      meta: Meta,
    ): Promise<Answer<SentMessage>> => {
      const made = wishOf(asAccount(asked), sender, { ...name, now: now() });
      if (made.kind === 'refused') return made;
      return sentAnswer(await messages.send(made.wish, meta), name.clientMsgId, {
        wish: made.wish,
        meta,
      });
    },
  };
};

/** What the caller of a send is told; `asked`: where the app server may have changed what was sent. */
export const sentAnswer = (
  result: Done<{ sent: Sent }> | Refused,
  clientMsgId: string,
  asked?: Readonly<{ wish: SendMessage; meta: Meta }>,
): Answer<SentMessage> => {
  if (result.kind === 'refused') return result;
  const { serverMsgId, sendTime, changed, id } = result.sent;
  const modified =
    changed === undefined || asked === undefined
      ? {}
      : {
          modify: modifyOf(asked.wish, changed, { id, sendTime, meta: asked.meta }),
        };
  const data = { serverMsgID: serverMsgId, clientMsgID: clientMsgId, sendTime, ...modified };
  const { position } = result;
  return { kind: 'done', data, ...(position === undefined ? {} : { position }) };
};

/** What a message is known by, and whether that may be the repetition of one that was sent at any time before. */
export type Named = Readonly<{ clientMsgId: string }> & Required<Pick<SendMessage, 'repeats'>>;

/** As its caller says; the same for calls that are one; else it has an id that nothing had before. */
export const named = (
  given: string | undefined,
  commandId: EventId | undefined,
  newId: () => EventId,
): Named => ({
  clientMsgId: given ?? (commandId ?? newId()).replaceAll('-', ''),
  repeats: given === undefined && commandId === undefined ? 'none' : 'any',
});

export const sendMessageRoute = (deps: RouteDeps, noted: SendStatuses['noted']): Route => {
  const { checked, send } = sending(deps);
  return route({
    path: '/msg/send_msg',
    summary: 'Sends a message in the name of any user.',
    access: { kind: 'admin' },
    unreadableStatus: 400,
    body: sendBody,
    data: sent,
    run: ({ body: given, caller, meta, commandId }) =>
      noted(caller.user, meta.operationId, async () => {
        const sender = await checked(given);
        if ('reason' in sender) return sender;
        return send(given, sender, named(given.clientMsgID, commandId, deps.newId), meta);
      }),
  });
};
