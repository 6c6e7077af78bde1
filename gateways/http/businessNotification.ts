import { group, single } from '../../core/conversation/ids.ts';
import type { GroupId, UserId } from '../../core/kernel/ids.ts';
import { CONTENT_TYPES } from '../openim/numbers.ts';
import { cloneOptions, copyOptions, notificationOptions } from '../openim/options.ts';
import { notificationContent } from '../openim/tips.ts';
import {
  body,
  flag,
  groupIdOrNone,
  int32OrZero,
  line,
  payload,
  userId,
  userIdOrNone,
} from './fields.ts';
import { refuse } from './reply.ts';
import { route, type Route } from './route.ts';
import type { RouteDeps } from './routes.ts';
import { named, sent, sentAnswer } from './sendMessage.ts';

const ONE_OF_THEM = refuse('args/invalid', 'recvUserID or recvGroupID: one of them must be given');

/** OpenIM's levels: 0 is 1, which reaches whoever is online; 2 is stored and fetched later. */
const STORED = 2;

/** To a user, or to a group: one of them. */
export const placeOf = (from: UserId, user: UserId | '', of: GroupId | '') => {
  if (user !== '' && of === '') return { place: { from, to: user }, chat: single(from, user) };
  if (user === '' && of !== '') return { place: { from, group: of }, chat: group(of) };
  return undefined;
};

export const businessNotificationRoute = ({ messages, now, newId }: RouteDeps): Route =>
  route({
    path: '/msg/send_business_notification',
    summary: "Tells a user's clients, or a group's, something of the app's own.",
    access: { kind: 'admin' },
    unreadableStatus: 400,
    body: body({
      sendUserID: userId,
      recvUserID: userIdOrNone,
      recvGroupID: groupIdOrNone,
      key: line(),
      data: payload(),
      sendMsg: flag(),
      reliabilityLevel: int32OrZero(0, STORED),
    }),
    data: sent,
    run: async ({ body: given, meta, commandId }) => {
      const { sendUserID: from, recvUserID, recvGroupID, key, data, sendMsg } = given;
      const to = placeOf(from, recvUserID, recvGroupID);
      if (to === undefined) return ONE_OF_THEM;
      const { place, chat } = to;
      const stored = given.reliabilityLevel === STORED;
      const made = notificationOptions({ stored, clone: sendMsg });
      const { clientMsgId, repeats } = named(undefined, commandId, newId);
      const message = {
        ...place,
        ...{ clientMsgId, contentType: CONTENT_TYPES.businessNotification },
        ...{ system: true as const, createTime: now() },
        body: { content: notificationContent({ key, data }) },
      };
      const options = sendMsg ? copyOptions(made) : made;
      const lined = sendMsg ? { line: cloneOptions(made) } : {};
      const notify = { chat, message, options, stored, repeats, ...lined };
      return sentAnswer(await messages.notify(notify, meta), clientMsgId);
    },
  });
