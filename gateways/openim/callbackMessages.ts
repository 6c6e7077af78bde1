import type { MessageBody, MessageOptions, OfflinePush } from '../../core/conversation/events.ts';
import type { SendMessage } from '../../core/conversation/handler.ts';
import { isErased } from '../../core/kernel/fact.ts';
import type { Filter, TypeRange } from '../../core/webhook/ports.ts';
import type { Fields } from './callbackAnswer.ts';
import type { MsgData } from './msgData.ts';
import { CONTENT_TYPES, isNotificationContent, MESSAGE_FROM, SESSION_TYPES } from './numbers.ts';
import { isStored, sendOptions } from './options.ts';

/** The fields that all callbacks about one message have (REST reference 10.5). */
export const messageFields = (message: MsgData): Fields => ({
  sendID: message.sendID,
  serverMsgID: message.serverMsgID,
  clientMsgID: message.clientMsgID,
  senderPlatformID: message.senderPlatformID,
  senderNickname: message.senderNickname,
  sessionType: message.sessionType,
  msgFrom: message.msgFrom,
  contentType: message.contentType,
  status: message.status,
  sendTime: message.sendTime,
  createTime: message.createTime,
  content: message.content,
  seq: message.seq,
  atUserList: message.atUserIDList,
  faceURL: message.senderFaceURL,
  ex: message.ex,
  ...(message.sessionType === SESSION_TYPES.group
    ? { groupID: message.groupID }
    : { recvID: message.recvID }),
});

type Addressed = Pick<MsgData, 'contentType' | 'sendID' | 'recvID' | 'groupID'>;

const isIn = (ranges: readonly TypeRange[], type: number): boolean =>
  ranges.some(([from, to]) => type >= from && type <= to);

/** Whether a callback is about this message. Notifications and typing are no receiver's business. */
export const concerns = (filter: Filter, message: Addressed): boolean => {
  const { contentType } = message;
  if (isNotificationContent(contentType) || contentType === CONTENT_TYPES.typing) return false;
  return passes(filter, message);
};

/** Whether it is among those that an endpoint is configured for, whatever it is. */
export const passes = (
  { allowedTypes, deniedTypes, attentionIds }: Filter,
  { contentType, sendID, recvID, groupID }: Addressed,
): boolean => {
  if (isIn(deniedTypes, contentType)) return false;
  if (allowedTypes.length > 0 && !isIn(allowedTypes, contentType)) return false;
  return (
    attentionIds.size === 0 ||
    attentionIds.has(sendID) ||
    attentionIds.has(recvID) ||
    attentionIds.has(groupID)
  );
};

type Message = SendMessage['message'];
export type Changed = Readonly<{ message: Message; stored: boolean }>;
export type Modified =
  | Readonly<{ kind: 'same' }>
  | (Changed & Readonly<{ kind: 'changed' }>)
  /** `content`: it is no JSON, which OpenIM refuses with 1001. `other`: what it asks for cannot be done. */
  | Readonly<{ kind: 'wrong'; of: 'content' | 'other'; why: string }>;

/** What makes a message the one it is, and where it goes. Answers may repeat it, and not change it. */
const FIXED = ['recvID', 'groupID', 'clientMsgID', 'serverMsgID', 'sessionType'] as const;

const AT_USERS_MAX = 1_000;
const TEXT_LENGTH_MAX = 20 * 1024;

class Wrong extends Error {}

/** An absent field and `null` keep what is there. */
const given = (answer: Fields, key: string): unknown => answer[key] ?? undefined;

const textIn = (answer: Fields, key: string): string | undefined => {
  const value = given(answer, key);
  if (value === undefined) return undefined;
  if (typeof value === 'string' && value.length <= TEXT_LENGTH_MAX) return value;
  throw new Wrong(`${key}: must be text of at most ${String(TEXT_LENGTH_MAX)} characters`);
};

const numberIn = (answer: Fields, key: string): number | undefined => {
  const value = given(answer, key);
  if (value === undefined) return undefined;
  if (typeof value === 'number' && Number.isInteger(value) && value >= 0 && value < 2 ** 31) {
    return value;
  }
  throw new Wrong(`${key}: must be a whole number`);
};

const objectIn = (answer: Fields, key: string): Fields | undefined => {
  const value = given(answer, key);
  if (value === undefined) return undefined;
  if (typeof value === 'object' && !Array.isArray(value)) return value as Fields;
  throw new Wrong(`${key}: must be an object`);
};

const contentTypeIn = (answer: Fields): number | undefined => {
  const type = numberIn(answer, 'contentType');
  if (type !== undefined && (type < 1 || isNotificationContent(type))) {
    throw new Wrong('contentType: must be one that clients send');
  }
  return type;
};

const optionsIn = (answer: Fields, contentType: number): MessageOptions | undefined => {
  const options = objectIn(answer, 'options');
  if (options === undefined) return undefined;
  if (!Object.values(options).every((value) => typeof value === 'boolean')) {
    throw new Wrong('options: must be true or false each');
  }
  return sendOptions(contentType, options as MessageOptions);
};

const atUsersIn = (answer: Fields): readonly string[] | undefined => {
  const value = given(answer, 'atUserIDList');
  if (value === undefined) return undefined;
  const isList = Array.isArray(value) && value.length <= AT_USERS_MAX;
  if (isList && value.every((id) => typeof id === 'string')) return value;
  throw new Wrong(`atUserIDList: must be a list of at most ${String(AT_USERS_MAX)} user ids`);
};

const pushIn = (answer: Fields): OfflinePush | undefined => {
  const push = objectIn(answer, 'offlinePushInfo');
  if (push === undefined) return undefined;
  const badge = given(push, 'iOSBadgeCount');
  return present({
    title: textIn(push, 'title'),
    desc: textIn(push, 'desc'),
    ex: textIn(push, 'ex'),
    iosSound: textIn(push, 'iOSPushSound'),
    iosBadge: typeof badge === 'boolean' ? badge : undefined,
    signalInfo: textIn(push, 'signalInfo'),
  });
};

type Present<T> = { [K in keyof T]?: Exclude<T[K], undefined> };
const present = <T extends object>(fields: T): Present<T> =>
  Object.fromEntries(
    Object.entries(fields).filter(([, value]) => value !== undefined),
  ) as Present<T>;

const isJson = (text: string): boolean => {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
};

/** The message as the answer of `beforeMsgModify` has it; `asked` is what it was asked about. */
export const modifiedBy = (message: Message, asked: Fields, answer: Fields): Modified => {
  const fixed = FIXED.find((key) => {
    const wanted = given(answer, key);
    return wanted !== undefined && wanted !== '' && wanted !== asked[key];
  });
  if (fixed !== undefined) return { kind: 'wrong', of: 'other', why: `${fixed} cannot be changed` };
  const content = given(answer, 'content');
  if (content !== undefined && !(typeof content === 'string' && isJson(content))) {
    return { kind: 'wrong', of: 'content', why: 'content: beforeMsgModify must answer JSON text' };
  }
  try {
    return changedBy(message, answer, content);
  } catch (error) {
    if (!(error instanceof Wrong)) throw error;
    return { kind: 'wrong', of: 'other', why: error.message };
  }
};

const changedBy = (message: Message, answer: Fields, content: string | undefined): Modified => {
  const body = changedBody(message, answer, content);
  const contentType = contentTypeIn(answer) ?? message.contentType;
  const from = numberIn(answer, 'msgFrom');
  const options = optionsIn(answer, contentType);
  const { system, ...rest } = message;
  const isSystem = from === undefined ? system === true : from === MESSAGE_FROM.system;
  const changed: Message = {
    ...rest,
    ...(isSystem && { system: true }),
    contentType,
    body,
    ...present({
      // 0 is how an unknown platform is written.
      platform: numberIn(answer, 'senderPlatformID') || undefined,
      options,
      atUsers: atUsersIn(answer),
    }),
  };
  if (JSON.stringify(inOrder(changed)) === JSON.stringify(inOrder(message)))
    return { kind: 'same' };
  return { kind: 'changed', message: changed, stored: isStored(changed.options ?? {}) };
};

const changedBody = (
  { body }: Message,
  answer: Fields,
  content: string | undefined,
): Message['body'] => {
  if (isErased(body)) return body;
  const changes = present({
    content,
    nickname: textIn(answer, 'senderNickname'),
    faceUrl: textIn(answer, 'senderFaceURL'),
    attachedInfo: textIn(answer, 'attachedInfo'),
    ex: textIn(answer, 'ex'),
    push: pushIn(answer),
  });
  const whole: MessageBody = { ...body, ...changes };
  // Absent fields are empty, so what is empty is not stored: an answer that repeats all has changed nothing.
  return Object.fromEntries(
    Object.entries(whole).filter(([key, value]) => key === 'content' || value !== ''),
  ) as MessageBody;
};

/** With its keys in one order, whatever is absent or empty left out: for comparing. */
const inOrder = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.length === 0 ? undefined : value.map(inOrder);
  if (typeof value !== 'object' || value === null) return value === '' ? undefined : value;
  const entries = Object.entries(value)
    .map(([key, inner]) => [key, inOrder(inner)] as const)
    .filter(([, inner]) => inner !== undefined)
    .sort(([one], [other]) => (one < other ? -1 : 1));
  return entries.length === 0 ? undefined : Object.fromEntries(entries);
};

/** What of a message was changed, as OpenIM's answer to a send tells it (`modify`). */
export const modifyFields = (before: MsgData, after: MsgData): Fields =>
  Object.fromEntries(
    MODIFIABLE.filter((key) => JSON.stringify(before[key]) !== JSON.stringify(after[key])).map(
      (key) => [key, after[key]],
    ),
  );

const MODIFIABLE = [
  'senderPlatformID',
  'senderNickname',
  'senderFaceURL',
  'msgFrom',
  'contentType',
  'content',
  'options',
  'offlinePushInfo',
  'atUserIDList',
  'attachedInfo',
  'ex',
] as const satisfies readonly (keyof MsgData)[];
