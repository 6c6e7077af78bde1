import { Type, type Static } from '@sinclair/typebox';
import type { EventId, UserId } from '../../../core/kernel/ids.ts';
import type { UserView } from '../../ports.ts';
import { body, int32, line, pagination, text, userId } from '../fields.ts';
import { answer, refuse, type Answer } from '../reply.ts';
import { route, type Route } from '../route.ts';
import type { RouteDeps } from '../routes.ts';
import { FACE_URL_LENGTH_MAX, NICKNAME_LENGTH_MAX } from './user.ts';

/** 3 notification account, 4 robot (OpenIM's appMangerLevel). */
const LEVEL_MIN = 3;
const LEVEL_MAX = 4;

const faceUrl = Type.String({ default: '', maxLength: FACE_URL_LENGTH_MAX });

const account = Type.Object({
  userID: Type.String(),
  faceURL: Type.String(),
  nickName: Type.String(),
  appMangerLevel: Type.Integer(),
});

const accountOf = ({ user, faceUrl: faceURL, nickname, level }: UserView) => ({
  userID: user,
  faceURL,
  nickName: nickname,
  appMangerLevel: level,
});

/** Ten digits of which the first is not 0, as OpenIM makes them; the same for the same call. */
const FIRST_ID = 1_000_000_000n;
const IDS = 9n * FIRST_ID;
const userIdFrom = (id: EventId): UserId =>
  String(FIRST_ID + (BigInt(`0x${id.replaceAll('-', '')}`) % IDS)) as UserId;

/** Users that the app speaks through; nobody logs in as one. */
export const notificationAccountRoutes = (deps: RouteDeps): readonly Route[] => [
  addRoute(deps),
  updateRoute(deps),
  searchRoute(deps),
];

const addRoute = ({ users, newId }: RouteDeps): Route =>
  route({
    path: '/user/add_notification_account',
    summary: 'Makes an account that announcements are sent from; without a userID one is made up.',
    access: { kind: 'admin' },
    body: body({
      userID: Type.Optional(userId),
      nickName: text(NICKNAME_LENGTH_MAX),
      faceURL: faceUrl,
      appMangerLevel: int32(LEVEL_MIN, LEVEL_MAX),
    }),
    data: account,
    writes: true,
    run: async ({ body: given, meta, commandId }): Promise<Answer<Static<typeof account>>> => {
      const { nickName, faceURL, appMangerLevel } = given;
      const user = given.userID ?? userIdFrom(commandId ?? newId());
      const profile = { nickname: nickName, faceUrl: faceURL, ex: '' };
      const made = { user, level: appMangerLevel, globalReceive: 0, profile } as const;
      const result = await users.register([made], meta);
      const data = { userID: user, faceURL, nickName, appMangerLevel };
      if (result.kind === 'done') return { ...result, data };
      if (result.reason !== 'user/registered-already') return result;
      // An id that is made of the call was registered by that very call.
      if (given.userID === undefined && commandId !== undefined) return answer(data);
      return refuse('args/invalid', result.detail);
    },
  });

const updateRoute = ({ users }: RouteDeps): Route =>
  route({
    path: '/user/update_notification_account',
    summary: 'Changes name or picture of a notification account; what is empty stays as it was.',
    access: { kind: 'admin' },
    body: body({
      userID: userId,
      faceURL: faceUrl,
      nickName: Type.String({ default: '', maxLength: NICKNAME_LENGTH_MAX }),
    }),
    writes: true,
    run: async ({ body: { userID, faceURL, nickName }, meta }) => {
      if (faceURL === '' && nickName === '') {
        return refuse('args/invalid', 'nickName or faceURL: one of them must be given');
      }
      if (((await users.find(userID))?.level ?? 0) < LEVEL_MIN) {
        return refuse('args/invalid', `userID: ${userID} is no notification account`);
      }
      const profile = {
        ...(nickName === '' ? {} : { nickname: nickName }),
        ...(faceURL === '' ? {} : { faceUrl: faceURL }),
      };
      return users.change(userID, { profile }, meta);
    },
  });

const searchRoute = ({ userLists, config }: RouteDeps): Route =>
  route({
    path: '/user/search_notification_account',
    summary: 'Notification accounts, by page: all, or those of exactly this id or name.',
    access: { kind: 'admin' },
    body: body({
      keyword: line(),
      appManagerLevel: Type.Optional(int32(0)),
      pagination,
    }),
    data: Type.Object({ total: Type.Integer(), notificationAccounts: Type.Array(account) }),
    run: async ({ body: { keyword, appManagerLevel: level, pagination: page } }) => {
      const { total, users } = await userLists.accounts({
        ...page,
        ...(keyword === '' ? {} : { keyword }),
        ...(level === undefined ? {} : { level }),
        except: config.admins,
      });
      return answer({ total, notificationAccounts: users.map(accountOf) });
    },
  });
