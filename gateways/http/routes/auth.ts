import { Type, type Static } from '@sinclair/typebox';
import { ADMIN_PLATFORM, PLATFORM_MAX } from '../../../core/login/policy.ts';
import { body, int32, text, userId } from '../fields.ts';
import { refuse, type Answer } from '../reply.ts';
import { route, type Route } from '../route.ts';
import type { RouteDeps } from '../routes.ts';

/** PASETO of the longest user id takes about 430 characters; nothing of ours comes near this. */
const TOKEN_LENGTH_MAX = 4_096;
export const SECRET_LENGTH_MAX = 256;

const SECOND = 1_000;

/** User accounts that the server itself speaks through take no tokens for clients. */

export const platformId = int32(1, PLATFORM_MAX);

const issued = Type.Object({
  token: Type.String(),
  expireTimeSeconds: Type.Integer({ description: 'lifetime, in seconds' }),
});

type Issued = Readonly<{ token: string; expiresAt: number; lifetime: number }>;

export const seconds = (millis: number): number => Math.floor(millis / SECOND);

const tokenOf = ({ token, lifetime }: Issued) => ({
  token,
  expireTimeSeconds: seconds(lifetime),
});

export const WRONG_SECRET = refuse('secret/wrong', "secret: is not the server's");

export const authRoutes = (deps: RouteDeps): readonly Route[] => [
  adminTokenRoute(deps),
  userTokenRoute(deps),
  parseTokenRoute(deps),
  forceLogoutRoute(deps),
];

const adminTokenRoute = ({ logins, config, secretMatches }: RouteDeps): Route =>
  route({
    path: '/auth/get_admin_token',
    summary: 'A token for an app admin, for the secret.',
    access: { kind: 'none' },
    body: body({ secret: text(SECRET_LENGTH_MAX), userID: userId }),
    data: issued,
    run: async ({
      body: { secret, userID },
      meta,
      commandId,
    }): Promise<Answer<Static<typeof issued>>> => {
      if (!secretMatches(secret)) return WRONG_SECRET;
      if (!config.admins.includes(userID))
        return refuse('args/invalid', 'userID: must be one of the app admins');
      const result = await logins.issue(userID, ADMIN_PLATFORM, meta, commandId);
      return result.kind === 'refused' ? result : { kind: 'done', data: tokenOf(result) };
    },
  });

const userTokenRoute = ({ logins, config }: RouteDeps): Route =>
  route({
    path: '/auth/get_user_token',
    summary: 'A token for a user; older ones are kicked as the login policy says.',
    access: { kind: 'admin' },
    body: body({ platformID: platformId, userID: userId }),
    data: issued,
    run: async ({
      body: { platformID, userID },
      meta,
      commandId,
    }): Promise<Answer<Static<typeof issued>>> => {
      if (platformID === ADMIN_PLATFORM) {
        return refuse('caller/not-allowed', 'platformID: 10 is for app admins alone');
      }
      if (config.admins.includes(userID)) return refuse('user/is-admin', 'userID: is an app admin');
      const result = await logins.issue(userID, platformID, meta, commandId);
      return result.kind === 'refused' ? result : { kind: 'done', data: tokenOf(result) };
    },
  });

const parseTokenRoute = ({ logins }: RouteDeps): Route =>
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
  });

const forceLogoutRoute = ({ logins }: RouteDeps): Route =>
  route({
    path: '/auth/force_logout',
    summary: 'Ends every login of a user on a platform.',
    access: { kind: 'admin' },
    body: body({ platformID: int32(1, ADMIN_PLATFORM), userID: userId }),
    writes: true,
    run: async ({ body: { platformID, userID }, meta }) =>
      logins.forceLogout(userID, platformID, meta),
  });
