import { Type } from '@sinclair/typebox';
import type { UserId } from '../../../core/kernel/ids.ts';
import type { Presence } from '../../ports.ts';
import { body, idsToFind, int32, userId, userIds } from '../fields.ts';
import { isUserId } from '../../openim/user.ts';
import { answer, refuse } from '../reply.ts';
import { route, type Route } from '../route.ts';
import type { RouteDeps } from '../routes.ts';

const ONLINE = 1;
const OFFLINE = 0;
const SUBSCRIBE = 1;
const UNSUBSCRIBE = 2;

/** Users asked about, or subscribed to, in one call; a connection watches no more in all. */
const ASKED_MAX = 5_000;

const int = Type.Integer();
const str = Type.String();

const statusList = Type.Object({
  statusList: Type.Array(Type.Object({ userID: str, status: int, platformIDs: Type.Array(int) })),
});

const platformsOf = (presence: Presence, user: string): readonly number[] =>
  isUserId(user) ? presence(user) : [];

const statusOf = (presence: Presence, users: readonly string[]) => ({
  statusList: users.map((userID) => {
    const platformIDs = [...platformsOf(presence, userID)];
    return { userID, status: platformIDs.length > 0 ? ONLINE : OFFLINE, platformIDs };
  }),
});

/** Who is connected: to clients, and to the app server. */
export const onlineStatusRoutes = (deps: RouteDeps): readonly Route[] => [
  usersStatusRoute(deps),
  ...subscriptionRoutes(deps),
  onlineRoute(deps),
  tokensRoute(deps),
];

const usersStatusRoute = ({ presence }: RouteDeps): Route =>
  route({
    path: '/user/get_users_status',
    summary: 'Which of these users are connected, and on which platforms.',
    access: { kind: 'user' },
    body: body({ userIDs: Type.Array(str, { minItems: 1, maxItems: ASKED_MAX }) }),
    data: statusList,
    run: async ({ body: { userIDs } }) => answer(statusOf(presence, userIDs)),
  });

const subscriptionRoutes = ({ presence, presenceSubscriptions }: RouteDeps): readonly Route[] => [
  route({
    path: '/user/subscribe_users_status',
    summary: "Has a user's connections be told when these users come and go (1), or no longer (2).",
    access: { kind: 'self', field: 'userID' },
    body: body({
      userID: userId,
      userIDs: userIds(ASKED_MAX),
      genre: int32(SUBSCRIBE, UNSUBSCRIBE),
    }),
    data: statusList,
    run: async ({ body: { userID, userIDs, genre } }) => {
      if (genre === UNSUBSCRIBE) {
        await presenceSubscriptions.unwatch(userID, userIDs);
        return answer(statusOf(presence, []));
      }
      if (!(await presenceSubscriptions.watch(userID, userIDs))) {
        return refuse('args/invalid', `userIDs: a connection watches ${ASKED_MAX} users at most`);
      }
      return answer(statusOf(presence, userIDs));
    },
  }),

  route({
    path: '/user/get_subscribe_users_status',
    summary: "Whose coming and going a user's connections are told of, and who of them is there.",
    access: { kind: 'self', field: 'userID' },
    body: body({ userID: userId }),
    data: statusList,
    run: async ({ body: { userID } }) =>
      answer(statusOf(presence, await presenceSubscriptions.watchedBy(userID))),
  }),
];

/** Only the gateway that has a connection knows more of it than its platform, and a token is its user's. */
const UNTOLD = { connID: '', isBackground: false, token: '' } as const;

const onlineRoute = ({ presence }: RouteDeps): Route =>
  route({
    path: '/user/get_users_online_status',
    summary: 'Of each of these users, in this order, the platforms it is connected on.',
    access: { kind: 'admin' },
    unreadableStatus: 400,
    body: body({ userIDs: idsToFind }),
    data: Type.Array(
      Type.Object({
        userID: str,
        status: int,
        detailPlatformStatus: Type.Union([
          Type.Array(
            Type.Object({ platformID: int, connID: str, isBackground: Type.Boolean(), token: str }),
          ),
          Type.Null(),
        ]),
      }),
    ),
    run: async ({ body: { userIDs } }) =>
      answer(
        userIDs.map((userID) => {
          const details = platformsOf(presence, userID).map((platformID) => ({
            platformID,
            ...UNTOLD,
          }));
          return details.length === 0
            ? { userID, status: OFFLINE, detailPlatformStatus: null }
            : { userID, status: ONLINE, detailPlatformStatus: details };
        }),
      ),
  });

const tokensRoute = ({ presence, logins }: RouteDeps): Route => {
  const detailOf = async (user: UserId, platforms: readonly number[]) => {
    const live = await logins.live(user);
    const singlePlatformToken = platforms.map((platformID) => {
      const ids = live.filter(({ platform }) => platform === platformID).map(({ id }) => id);
      return { platformID, total: ids.length, token: ids };
    });
    return { userID: user, status: ONLINE, singlePlatformToken };
  };
  return route({
    path: '/user/get_users_online_token_detail',
    summary: 'Of those of these users who are connected, the tokens in force, by their ids.',
    access: { kind: 'admin' },
    unreadableStatus: 400,
    body: body({ userIDs: Type.Array(str, { maxItems: ASKED_MAX }) }),
    data: Type.Array(
      Type.Object({
        userID: str,
        status: int,
        singlePlatformToken: Type.Array(
          Type.Object({ platformID: int, total: int, token: Type.Array(str) }),
        ),
      }),
    ),
    run: async ({ body: { userIDs } }) => {
      const online = userIDs.filter(isUserId).map((user) => ({ user, on: presence(user) }));
      const found = online.filter(({ on }) => on.length > 0);
      return answer(await Promise.all(found.map(({ user, on }) => detailOf(user, on))));
    },
  });
};
