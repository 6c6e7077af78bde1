import { Type, type Static } from '@sinclair/typebox';
import type { UserId } from '../../core/kernel/ids.ts';
import { ADMIN_PLATFORM } from '../../core/login/policy.ts';
import { CONTENT_TYPES } from '../openim/numbers.ts';
import { placeOf } from './businessNotification.ts';
import { body, groupIdOrNone, note, text, userIdOrNone } from './fields.ts';
import { parseJson } from './json.ts';
import { isRecord, UnreadableRequest } from './parse.ts';
import { refuse } from './reply.ts';
import { route, type Route } from './route.ts';
import type { RouteDeps } from './routes.ts';
import { named, offlinePush, pushOf, sending, sent, sentAnswer } from './sendMessage.ts';

/** A message has 20 KiB at most, as JSON. */
const CONTENT_LENGTH_MAX = 20_000;
/** Three ids, as JSON in base64. */
const KEY_LENGTH_MAX = 1_024;

const readKey = (key: unknown): Readonly<Record<string, unknown>> => {
  const isText = typeof key === 'string' && key.length <= KEY_LENGTH_MAX;
  const named = isText ? jsonIn(Buffer.from(key, 'base64').toString()) : undefined;
  if (isRecord(named)) return named;
  throw new UnreadableRequest('key: must be the base64 text that came with the message');
};

/** `undefined`: it is none. */
const jsonIn = (text: string): unknown => {
  try {
    return parseJson(text, false);
  } catch (error) {
    if (error instanceof UnreadableRequest) return undefined;
    throw error;
  }
};

/** The message that is answered. */
const answered = body({ sendID: userIdOrNone, recvID: userIdOrNone, groupID: groupIdOrNone });

/** Who got the message speaks now, to who sent it; in a group anybody may, and says who. */
const speakerOf = ({ recvID, groupID }: Static<typeof answered>, sendID: UserId | '') =>
  groupID === '' ? recvID : sendID;

export const sendSimpleRoute = (deps: RouteDeps): Route => {
  const { senderOf } = sending(deps);
  const { messages, userLists, now, newId } = deps;
  return route({
    path: '/msg/send_simple_msg',
    summary: 'Answers a message that a webhook has told of; the key in the query says which.',
    // Which of the two it is in this case is looked at below.
    access: { kind: 'participant', fields: ['key.recvID', 'sendID'] },
    unreadableStatus: 400,
    prepare: (value, query) =>
      isRecord(value) ? { ...value, key: readKey(query.get('key') ?? value['key']) } : value,
    body: body({
      key: answered,
      sendID: userIdOrNone,
      content: text(CONTENT_LENGTH_MAX),
      offlinePushInfo: Type.Optional(offlinePush),
      ex: note(),
    }),
    data: sent,
    run: async ({ body: given, caller, meta, commandId }) => {
      const { key, content, offlinePushInfo, ex } = given;
      const from = speakerOf(key, given.sendID);
      if (from === '') return refuse('args/invalid', 'sendID: must be given in a group');
      if (from !== caller.user && !caller.admin) {
        return refuse('caller/not-allowed', 'key: the message that is answered was for another');
      }
      const to = placeOf(from, key.groupID === '' ? key.sendID : '', key.groupID);
      if (to === undefined) return refuse('args/invalid', 'key: must name two users or a group');
      const [profile] = await userLists.byIds([from]);
      const { clientMsgId, repeats } = named(undefined, commandId, newId);
      const message = {
        ...to.place,
        ...{ clientMsgId, contentType: CONTENT_TYPES.markdown, platform: ADMIN_PLATFORM },
        createTime: now(),
        body: {
          content: JSON.stringify({ content }),
          ...(profile === undefined
            ? {}
            : { nickname: profile.nickname, faceUrl: profile.faceUrl }),
          ...(ex === '' ? {} : { ex }),
          ...(offlinePushInfo === undefined ? {} : { push: pushOf(offlinePushInfo) }),
        },
      };
      const { privileged } = await senderOf(from);
      const wish = {
        ...{ conversation: to.chat, message, stored: true, senderSync: true },
        ...{ privileged, repeats },
      };
      return sentAnswer(await messages.send(wish, meta), clientMsgId, { wish, meta });
    },
  });
};
