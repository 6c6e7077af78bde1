import { Type, type Static } from '@sinclair/typebox';
import type { Meta } from '../../../core/kernel/fact.ts';
import type { EventId, UserId } from '../../../core/kernel/ids.ts';
import { apiResp } from '../../openim/errors.ts';
import { isUserId } from '../../openim/user.ts';
import type { Refused } from '../../ports.ts';
import { body, int32, note, text } from '../fields.ts';
import { isRecord } from '../parse.ts';
import { refuse, type Answer, type Wire } from '../reply.ts';
import { route, type Route } from '../route.ts';
import type { RouteDeps } from '../routes.ts';
import { platformId, SECRET_LENGTH_MAX, seconds, WRONG_SECRET } from './auth.ts';
import { FACE_URL_LENGTH_MAX, NICKNAME_LENGTH_MAX } from './user.ts';

/**
 * `/auth/user_register` and `/auth/user_token` as app servers of v1, v2 and v3.0–3.8.0 spell them (REST
 * reference 13): each field under either name, the operationID in a header, in the body or nowhere.
 */

const optionalText = (maxLength: number) => Type.Optional(Type.String({ maxLength }));
const optionalId = Type.Optional(text(64));
const optionalPlatform = Type.Optional(platformId);

const named = {
  secret: text(SECRET_LENGTH_MAX),
  uid: optionalId,
  userID: optionalId,
  platform: optionalPlatform,
  platformID: optionalPlatform,
};

const registration = body({
  ...named,
  name: optionalText(NICKNAME_LENGTH_MAX),
  nickname: optionalText(NICKNAME_LENGTH_MAX),
  icon: optionalText(FACE_URL_LENGTH_MAX),
  faceURL: optionalText(FACE_URL_LENGTH_MAX),
  // Kept by no server since v3; still checked, for an app that sends nonsense should hear of it.
  gender: Type.Optional(int32(0, 2)),
  ex: note(),
});

const login = body(named);

const data = Type.Object({
  userID: Type.String(),
  uid: Type.String(),
  token: Type.String(),
  expiredTime: Type.Integer({ description: 'v1 and v2: Unix time, in seconds' }),
  expireTimeSeconds: Type.Integer({ description: 'v3: lifetime, in seconds' }),
});

const BAD_REQUEST = 400;
const UNAUTHORIZED = 401;

/** v1 and v2: HTTP 400 with codes of their own for what was asked wrongly; the rest is as today. */
const legacyRefused = ({ reason, detail }: Refused): Wire | undefined => {
  switch (reason) {
    case 'secret/wrong':
      return wire(UNAUTHORIZED, 'not authorized', detail);
    case 'args/invalid':
      return wire(BAD_REQUEST, detail, detail);
    default:
      return undefined;
  }
};

const wire = (errCode: number, errMsg: string, detail: string): Wire => ({
  status: BAD_REQUEST,
  body: apiResp({ errCode, errMsg }, detail),
});

const spelledAsV3 = (given: unknown): boolean =>
  isRecord(given) && Object.keys(given).some((key) => key.toLowerCase() === 'platformid');

type Named = Static<typeof login>;

/** Who and where, under whichever names. */
const subjectOf = ({
  uid,
  userID = uid,
  platform,
  platformID = platform,
}: Named): Readonly<{ kind: 'subject'; user: UserId; platform: number }> | Refused => {
  if (userID === undefined) return refuse('args/invalid', 'userID (or uid): must be given');
  if (!isUserId(userID)) {
    return refuse('args/invalid', 'userID (or uid): must be 1 to 64 letters, digits or _');
  }
  if (platformID === undefined) {
    return refuse('args/invalid', 'platformID (or platform): must be an integer, 1 to 11');
  }
  return { kind: 'subject', user: userID, platform: platformID };
};

export const legacyAuthRoutes = ({ users, logins, secretMatches }: RouteDeps): readonly Route[] => {
  const issue = async (
    user: UserId,
    platform: number,
    meta: Meta,
    commandId: EventId | undefined,
  ): Promise<Answer<Static<typeof data>>> => {
    const issued = await logins.issue(user, platform, meta, commandId);
    if (issued.kind === 'refused') return issued;
    const { token, expiresAt, lifetime } = issued;
    const times = { expiredTime: seconds(expiresAt), expireTimeSeconds: seconds(lifetime) };
    return { kind: 'done', data: { userID: user, uid: user, token, ...times } };
  };

  return [
    route({
      path: '/auth/user_register',
      summary: 'v1 and v2: registers a user, for the secret, and gives a token.',
      access: { kind: 'none' },
      operationIdOptional: true,
      refused: legacyRefused,
      body: registration,
      data,
      writes: true,
      run: async ({ body: given, meta, commandId }): Promise<Answer<Static<typeof data>>> => {
        if (!secretMatches(given.secret)) return WRONG_SECRET;
        const subject = subjectOf(given);
        if (subject.kind === 'refused') return subject;
        const { user, platform } = subject;
        const { name, nickname = name, icon = '', faceURL = icon, ex } = given;
        const profile = {
          nickname: nickname === undefined || nickname === '' ? user : nickname,
          faceUrl: faceURL,
          ex,
        };
        const registered = await users.register(
          [{ user, profile, level: 0, globalReceive: 0 }],
          meta,
        );
        if (registered.kind === 'refused') return registered;
        const answered = await issue(user, platform, meta, commandId);
        const { position } = registered;
        return answered.kind === 'refused' || position === undefined
          ? answered
          : { ...answered, position };
      },
    }),

    route({
      path: '/auth/user_token',
      summary: 'v1, v2 and v3.0 to 3.8.0: a token for a user, for the secret.',
      access: { kind: 'none' },
      operationIdOptional: true,
      refused: (refused, given) => (spelledAsV3(given) ? undefined : legacyRefused(refused)),
      body: login,
      data,
      run: async ({ body: given, meta, commandId }) => {
        if (!secretMatches(given.secret)) return WRONG_SECRET;
        const subject = subjectOf(given);
        return subject.kind === 'refused'
          ? subject
          : issue(subject.user, subject.platform, meta, commandId);
      },
    }),
  ];
};
