import { Type, type Static } from '@sinclair/typebox';
import type { GlobalReceive, Profile } from '../../../core/user/events.ts';
import { isUserId, userInfo } from '../../openim/user.ts';
import type { NewUser, UserChange } from '../../ports.ts';
import {
  body,
  idsToFind,
  int32OrZero,
  line,
  pagination,
  text,
  userId,
  USERS_MAX,
} from '../fields.ts';
import { repetition } from '../parse.ts';
import { answer, refuse, type Answer } from '../reply.ts';
import { route, type Route } from '../route.ts';
import type { RouteDeps } from '../routes.ts';
import { strings, userInfo as userInfoShape } from '../shapes.ts';
import { SECRET_LENGTH_MAX, WRONG_SECRET } from './auth.ts';

export const NICKNAME_LENGTH_MAX = 255;
export const FACE_URL_LENGTH_MAX = 2_048;
const EX_LENGTH_MAX = 16_384;
const LEVEL_MAX = 4;

const globalReceive = Type.Unsafe<GlobalReceive>(
  Type.Integer({ minimum: 0, maximum: 2, default: 0 }),
);
const chosenReceive = Type.Unsafe<GlobalReceive>(Type.Integer({ minimum: 0, maximum: 2 }));
const level = int32OrZero(0, LEVEL_MAX);
const textOf = (maxLength: number) => Type.String({ maxLength, default: '' });

const newUser = body({
  userID: userId,
  nickname: text(NICKNAME_LENGTH_MAX),
  faceURL: textOf(FACE_URL_LENGTH_MAX),
  ex: textOf(EX_LENGTH_MAX),
  globalRecvMsgOpt: globalReceive,
  appMangerLevel: level,
});

const userOf = (given: Static<typeof newUser>): NewUser => ({
  user: given.userID,
  profile: { nickname: given.nickname, faceUrl: given.faceURL, ex: given.ex },
  level: given.appMangerLevel,
  globalReceive: given.globalRecvMsgOpt,
});

/** Without the keys that are undefined. */
const given = <T extends object>(values: {
  [Key in keyof T]: T[Key] | undefined;
}): Partial<T> =>
  Object.fromEntries(
    Object.entries(values).filter(([, value]) => value !== undefined),
  ) as Partial<T>;

export const userRoutes = (deps: RouteDeps): readonly Route[] => [
  registerRoute(deps),
  ...changeRoutes(deps),
  ...lookUpRoutes(deps),
  ...listRoutes(deps),
];

const registerRoute = ({ users, secretMatches }: RouteDeps): Route =>
  route({
    path: '/user/user_register',
    summary: `Registers up to ${String(USERS_MAX)} users: all of them or none.`,
    access: { kind: 'adminOrSecret' },
    body: body({
      users: Type.Array(newUser, { minItems: 1, maxItems: USERS_MAX }),
      secret: Type.Optional(text(SECRET_LENGTH_MAX)),
    }),
    writes: true,
    run: async ({ body: { users: all, secret }, caller, meta }) => {
      if (caller === undefined && secret === undefined) {
        return refuse('args/invalid', 'header must have token');
      }
      if (caller === undefined && !secretMatches(secret ?? '')) return WRONG_SECRET;
      const twice = repetition(all.map(({ userID }) => userID));
      if (twice !== undefined) {
        return refuse('args/invalid', `users: must name each userID only once, not so: ${twice}`);
      }
      return users.register(all.map(userOf), meta);
    },
  });

const changeRoutes = ({ users }: RouteDeps): readonly Route[] => [
  route({
    path: '/user/update_user_info',
    summary: 'Changes a user; what is empty or 0 stays as it was.',
    access: { kind: 'self', field: 'userInfo.userID' },
    body: body({
      userInfo: body({
        userID: userId,
        nickname: textOf(NICKNAME_LENGTH_MAX),
        faceURL: textOf(FACE_URL_LENGTH_MAX),
        ex: textOf(EX_LENGTH_MAX),
        globalRecvMsgOpt: globalReceive,
        appMangerLevel: level,
      }),
    }),
    writes: true,
    run: async ({ body: { userInfo: info }, caller, meta }) => {
      // Levels give rights: OpenIM lets users raise their own, this server does not.
      if (info.appMangerLevel !== 0 && !caller.admin) {
        return refuse('caller/not-allowed', 'userInfo.appMangerLevel: only app admins set levels');
      }
      const set = <T>(value: T) => (value === '' || value === 0 ? undefined : value);
      const profile = given<Profile>({
        nickname: set(info.nickname),
        faceUrl: set(info.faceURL),
        ex: set(info.ex),
      });
      const change = given<UserChange>({
        profile,
        level: set(info.appMangerLevel),
        globalReceive: set(info.globalRecvMsgOpt),
      });
      return users.change(info.userID, change, { ...meta, call: 'info' });
    },
  }),

  route({
    path: '/user/update_user_info_ex',
    summary: 'Changes a user; what is absent stays as it was, what is empty is cleared.',
    access: { kind: 'self', field: 'userInfo.userID' },
    body: body({
      userInfo: body({
        userID: userId,
        nickname: Type.Optional(Type.String({ maxLength: NICKNAME_LENGTH_MAX })),
        faceURL: Type.Optional(Type.String({ maxLength: FACE_URL_LENGTH_MAX })),
        ex: Type.Optional(Type.String({ maxLength: EX_LENGTH_MAX })),
        globalRecvMsgOpt: Type.Optional(chosenReceive),
      }),
    }),
    writes: true,
    run: async ({ body: { userInfo: info }, meta }) => {
      const { nickname, faceURL: faceUrl, ex, globalRecvMsgOpt } = info;
      const profile = given<Profile>({ nickname, faceUrl, ex });
      const change = given<UserChange>({ profile, globalReceive: globalRecvMsgOpt });
      return users.change(info.userID, change, { ...meta, call: 'infoEx' });
    },
  }),

  route({
    path: '/user/set_global_msg_recv_opt',
    summary: 'What a user lets in: 0 all, 1 nothing, 2 all but without offline push.',
    access: { kind: 'self', field: 'userID' },
    body: body({ userID: userId, globalRecvMsgOpt: chosenReceive }),
    writes: true,
    run: async ({ body: { userID, globalRecvMsgOpt }, meta }) =>
      users.change(userID, { globalReceive: globalRecvMsgOpt }, meta),
  }),
];

const lookUpRoutes = ({ userLists }: RouteDeps): readonly Route[] => [
  route({
    path: '/user/get_users_info',
    summary: 'Profiles of users; unknown ones are left out.',
    access: { kind: 'user' },
    body: body({ userIDs: idsToFind }),
    data: Type.Object({ usersInfo: Type.Array(userInfoShape) }),
    run: async ({ body: { userIDs } }) => {
      const found = await userLists.byIds(userIDs.filter(isUserId));
      return answer({ usersInfo: found.map(userInfo) });
    },
  }),

  route({
    path: '/user/account_check',
    summary: 'Which of these users are registered.',
    access: { kind: 'admin' },
    body: body({
      checkUserIDs: Type.Array(Type.String(), { minItems: 1, maxItems: 10_000, uniqueItems: true }),
    }),
    data: Type.Object({
      results: Type.Array(Type.Object({ userID: Type.String(), accountStatus: Type.Integer() })),
    }),
    run: async ({ body: { checkUserIDs } }) => {
      const existing: ReadonlySet<string> = await userLists.existing(checkUserIDs.filter(isUserId));
      const results = checkUserIDs.map((userID) => ({
        userID,
        accountStatus: existing.has(userID) ? 1 : 0,
      }));
      return answer({ results });
    },
  }),
];

const usersPage = Type.Object({ total: Type.Integer(), users: Type.Array(userInfoShape) });
const idsPage = Type.Object({ total: Type.Integer(), userIDs: strings });

const listRoutes = ({ userLists }: RouteDeps): readonly Route[] => [
  route({
    path: '/user/get_users',
    summary: 'Ordinary users, by page; filters are parts of the id or the name.',
    access: { kind: 'admin' },
    body: body({ pagination, userID: line(), nickName: line() }),
    data: usersPage,
    run: async ({
      body: { pagination: page, userID, nickName },
    }): Promise<Answer<Static<typeof usersPage>>> => {
      const { total, users } = await userLists.page({
        ...page,
        ...(userID === '' ? {} : { userId: userID }),
        ...(nickName === '' ? {} : { nickname: nickName }),
      });
      return answer({ total, users: users.map(userInfo) });
    },
  }),

  route({
    path: '/user/get_all_users_uid',
    summary: 'Ids of all users, by page.',
    access: { kind: 'admin' },
    body: body({ pagination }),
    data: idsPage,
    run: async ({ body: { pagination: page } }) => {
      const { total, ids } = await userLists.ids(page);
      return answer({ total, userIDs: [...ids] });
    },
  }),
];
