import { Type } from '@sinclair/typebox';
import { CONFIG_KEYS_MAX } from '../../../core/clientConfig/decider.ts';
import type { UserId } from '../../../core/kernel/ids.ts';
import { body, pagination, text, userIdOrNone } from '../fields.ts';
import { answer, refuse } from '../reply.ts';
import { route, type Route } from '../route.ts';
import type { RouteDeps } from '../routes.ts';

const KEY_LENGTH_MAX = 128;
/** All settings of a client are answered together: 200 of these are some hundred kilobytes. */
const VALUE_LENGTH_MAX = 2_048;

/** Of what one call sets, keys and values together: it is one event, however its texts are written and sealed. */
export const CONFIGS_LENGTH_MAX = 24_000;

/** Texts by key. */
const configs = Type.Record(Type.String(), Type.String({ maxLength: VALUE_LENGTH_MAX }), {
  minProperties: 1,
  maxProperties: CONFIG_KEYS_MAX,
  propertyNames: Type.String({ minLength: 1, maxLength: KEY_LENGTH_MAX }),
});

const userOrAll = (userID: UserId | ''): UserId | undefined => (userID === '' ? undefined : userID);

const settingsPage = Type.Object({
  total: Type.Integer(),
  configs: Type.Array(
    Type.Object({ key: Type.String(), userID: Type.String(), value: Type.String() }),
  ),
});

/** What the app's clients are set to: for all, and for single users over that. */
export const clientConfigRoutes = (deps: RouteDeps): readonly Route[] => [
  ...setRoutes(deps),
  ...listRoutes(deps),
];

const setRoutes = ({ clientConfigs }: RouteDeps): readonly Route[] => [
  route({
    path: '/user/set_user_client_config',
    summary: 'Sets keys for the clients of a user, or of all; other keys stay as they were.',
    access: { kind: 'admin' },
    body: body({ userID: userIdOrNone, configs }),
    writes: true,
    run: async ({ body: { userID, configs: given }, meta }) => {
      const lengths = Object.entries(given).map(([key, value]) => key.length + value.length);
      if (lengths.reduce((sum, length) => sum + length, 0) > CONFIGS_LENGTH_MAX) {
        const most = String(CONFIGS_LENGTH_MAX);
        return refuse('args/invalid', `configs: at most ${most} characters in one call`);
      }
      return clientConfigs.set(userOrAll(userID), given, meta);
    },
  }),

  route({
    path: '/user/del_user_client_config',
    summary: 'Removes keys of the clients of a user, or of all.',
    access: { kind: 'admin' },
    body: body({
      userID: userIdOrNone,
      keys: Type.Array(text(KEY_LENGTH_MAX), { minItems: 1, maxItems: CONFIG_KEYS_MAX }),
    }),
    writes: true,
    run: ({ body: { userID, keys }, meta }) => clientConfigs.remove(userOrAll(userID), keys, meta),
  }),
];

const listRoutes = ({ clientConfigLists, users }: RouteDeps): readonly Route[] => [
  route({
    path: '/user/get_user_client_config',
    summary: "What a user's clients are set to; without a user, what those of all are.",
    access: { kind: 'self', field: 'userID', emptyIsCaller: true },
    body: body({ userID: userIdOrNone }),
    data: Type.Object({ configs: Type.Optional(Type.Record(Type.String(), Type.String())) }),
    run: async ({ body: { userID } }) => {
      const user = userOrAll(userID);
      if (user !== undefined && (await users.find(user)) === undefined) {
        return refuse('user/unknown', `userID: ${user} is not registered`);
      }
      const found = await clientConfigLists.of(user);
      return answer(found.size === 0 ? {} : { configs: Object.fromEntries(found) });
    },
  }),

  route({
    path: '/user/page_user_client_config',
    summary: 'Single settings of users and of all (with an empty userID), by page.',
    access: { kind: 'admin' },
    body: body({
      userID: userIdOrNone,
      key: Type.String({ default: '', maxLength: KEY_LENGTH_MAX }),
      pagination,
    }),
    data: settingsPage,
    run: async ({ body: { userID, key, pagination: page } }) => {
      const owner = userOrAll(userID);
      const { total, items } = await clientConfigLists.page({
        ...page,
        ...(owner === undefined ? {} : { owner }),
        ...(key === '' ? {} : { key }),
      });
      const shown = items.map(({ key: name, owner: user, value }) => ({
        key: name,
        userID: user,
        value,
      }));
      return answer({ total, configs: shown });
    },
  }),
];
