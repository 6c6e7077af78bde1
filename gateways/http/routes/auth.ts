import { Type } from '@sinclair/typebox';
import type { UserId } from '../../../core/kernel/ids.ts';
import { body, int32, text, userId } from '../fields.ts';
import { refuse, type Answer } from '../reply.ts';
import { route, type Route } from '../route.ts';
import type { RouteDeps } from '../routes.ts';

/** PASETO of the longest user id takes about 430 characters; nothing of ours comes near this. */
export const TOKEN_LENGTH_MAX = 4_096;
export const SECRET_LENGTH_MAX = 256;

export const ADMIN_PLATFORM = 10;
const PLATFORM_MAX = 11;
const SECOND = 1_000;

/** User accounts that the server itself speaks through take no tokens for clients. */
const SYSTEM_LEVEL_MIN = 3;

export const platformId = int32(1, PLATFORM_MAX);

const issued = Type.Object({
  token: Type.String(),
  expireTimeSeconds: Type.Integer({ description: 'lifetime, in seconds' }),
});

type Issued = Readonly<{ token: string; expiresAt: number; lifetime: number }>;

export const seconds = (millis: number): number => Math.floor(millis / SECOND);

export const tokenOf = ({ token, lifetime }: Issued) => ({
  token,
  expireTimeSeconds: seconds(lifetime),
});

export const WRONG_SECRET = refuse('secret/wrong', "secret: is not the server's");

export const authRoutes = ({
  logins,
  userLists,
  config,
  secretMatches,
}: RouteDeps): readonly Route[] => {
  const isAdmin = (user: UserId) => config.admins.includes(user);

  const isSystemAccount = async (user: UserId): Promise<boolean> => {
    const [view] = await userLists.byIds([user]);
    return view !== undefined && view.level >= SYSTEM_LEVEL_MIN;
  };

  return [
    route({
      path: '/auth/get_admin_token',
      summary: 'A token for an app admin, for the secret.',
      access: { kind: 'none' },
      body: body({ secret: text(SECRET_LENGTH_MAX), userID: userId }),
      data: issued,
      run: async ({
        body: { secret, userID },
        meta,
      }): Promise<Answer<ReturnType<typeof tokenOf>>> => {
        if (!secretMatches(secret)) return WRONG_SECRET;
        if (!isAdmin(userID))
          return refuse('args/invalid', 'userID: must be one of the app admins');
        const result = await logins.issue(userID, ADMIN_PLATFORM, meta);
        return result.kind === 'refused' ? result : { kind: 'done', data: tokenOf(result) };
      },
    }),

    route({
      path: '/auth/get_user_token',
      summary: 'A token for a user; older ones are kicked as the login policy says.',
      access: { kind: 'admin' },
      body: body({ platformID: platformId, userID: userId }),
      data: issued,
      run: async ({
        body: { platformID, userID },
        meta,
      }): Promise<Answer<ReturnType<typeof tokenOf>>> => {
        if (platformID === ADMIN_PLATFORM) {
          return refuse('caller/not-allowed', 'platformID: 10 is for app admins alone');
        }
        if (isAdmin(userID)) return refuse('user/is-admin', 'userID: is an app admin');
        if (await isSystemAccount(userID)) {
          return refuse('args/invalid', 'userID: notification accounts and robots take no token');
        }
        const result = await logins.issue(userID, platformID, meta);
        return result.kind === 'refused' ? result : { kind: 'done', data: tokenOf(result) };
      },
    }),

    route({
      path: '/auth/parse_token',
      summary: 'Whose a token is and until when, if it is in force.',
      access: { kind: 'none' },
      body: body({ token: text(TOKEN_LENGTH_MAX) }),
      data: Type.Object({
        userID: Type.String(),
        platformID: Type.Integer(),
        expireTimeSeconds: Type.Integer({ description: 'Unix time, in seconds' }),
      }),
      run: async ({ body: { token } }) => {
        const result = await logins.check(token);
        if (result.kind === 'refused') return result;
        const { user, platform, expiresAt } = result.caller;
        const expireTimeSeconds = seconds(expiresAt);
        return { kind: 'done', data: { userID: user, platformID: platform, expireTimeSeconds } };
      },
    }),

    route({
      path: '/auth/force_logout',
      summary: 'Ends every login of a user on a platform.',
      access: { kind: 'admin' },
      body: body({ platformID: int32(1, ADMIN_PLATFORM), userID: userId }),
      writes: true,
      run: async ({ body: { platformID, userID }, meta }) =>
        logins.forceLogout(userID, platformID, meta),
    }),
  ];
};
