import { Type } from '@sinclair/typebox';
import type { FavouriteView } from '../../keptPorts.ts';
import { body, int32, text, userId } from '../fields.ts';
import { answer } from '../reply.ts';
import { route, type Route } from '../route.ts';
import type { RouteDeps } from '../routes.ts';

const access = { kind: 'self', field: 'userID' } as const;

/** An id of the app's own; a UUID has 36. */
const UUID_LENGTH_MAX = 128;
/** All that are kept for a user are answered together: 1,000 of these are some megabytes. */
const TEXT_LENGTH_MAX = 2_048;

const kept = { userID: userId, type: int32(1), uuid: text(UUID_LENGTH_MAX) };
const content = {
  value: Type.Optional(Type.String({ maxLength: TEXT_LENGTH_MAX })),
  ex: Type.Optional(Type.String({ maxLength: TEXT_LENGTH_MAX })),
};

const contentOf = ({ value, ex }: Readonly<{ value?: string; ex?: string }>) => ({
  ...(value === undefined ? {} : { value }),
  ...(ex === undefined ? {} : { ex }),
});

/** `createTime` in seconds. */
const list = Type.Object({
  CommandResp: Type.Array(
    Type.Object({
      type: Type.Integer(),
      createTime: Type.Integer(),
      uuid: Type.String(),
      value: Type.String(),
      ex: Type.String(),
    }),
  ),
});

const MS_PER_SECOND = 1_000;

const commandInfo = ({ kind, createdAt, uuid, value, ex }: FavouriteView) => ({
  type: kind,
  createTime: Math.floor(createdAt / MS_PER_SECOND),
  uuid,
  value,
  ex,
});

/** OpenIM's "user commands": what an app keeps for a user, by its own type and id. */
export const favouriteRoutes = (deps: RouteDeps): readonly Route[] => [
  ...changeRoutes(deps),
  ...listRoutes(deps),
];

const changeRoutes = ({ favourites }: RouteDeps): readonly Route[] => [
  route({
    path: '/user/process_user_command_add',
    summary: 'Keeps something for a user, by type and uuid; once more, and it is changed.',
    access,
    body: body({ ...kept, ...content }),
    writes: true,
    run: ({ body: { userID: user, type: kind, uuid, ...texts }, meta }) =>
      favourites.add({ user, kind, uuid, content: contentOf(texts) }, meta),
  }),

  route({
    path: '/user/process_user_command_update',
    summary: 'Changes what is kept; what is absent stays as it was.',
    access,
    body: body({ ...kept, ...content }),
    writes: true,
    run: ({ body: { userID: user, type: kind, uuid, ...texts }, meta }) =>
      favourites.change({ user, kind, uuid, content: contentOf(texts) }, meta),
  }),

  route({
    path: '/user/process_user_command_delete',
    summary: 'Keeps something no longer.',
    access,
    body: body(kept),
    writes: true,
    run: ({ body: { userID: user, type: kind, uuid }, meta }) =>
      favourites.remove({ user, kind, uuid }, meta),
  }),
];

const listRoutes = ({ favouriteLists }: RouteDeps): readonly Route[] => [
  route({
    path: '/user/process_user_command_get',
    summary: 'What is kept for a user of one type.',
    access,
    body: body({ userID: userId, type: int32(1) }),
    data: list,
    run: async ({ body: { userID, type } }) =>
      answer({ CommandResp: (await favouriteLists.of(userID, type)).map(commandInfo) }),
  }),

  route({
    path: '/user/process_user_command_get_all',
    summary: 'All that is kept for a user.',
    access,
    body: body({ userID: userId }),
    data: list,
    run: async ({ body: { userID } }) =>
      answer({ CommandResp: (await favouriteLists.of(userID)).map(commandInfo) }),
  }),
];
