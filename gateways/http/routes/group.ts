import { Type } from '@sinclair/typebox';
import { changesOf, type MembersSince, type Since } from '../contacts.ts';
import { body, exactHash, pagination, since, userId } from '../fields.ts';
import { idsUnlessKnown } from '../idHash.ts';
import { answer } from '../reply.ts';
import { route, type Route } from '../route.ts';
import type { RouteDeps } from '../routes.ts';
import { groupInfo, idsOrNull, incrementalMembers, sortedIncremental, version } from '../shapes.ts';

const access = { kind: 'self', field: 'userID' } as const;

/** The SDK asks for 500 at once. */
const GROUPS_MAX = 1_000;

/**
 * For a group that is not the caller's: "as you have it". Each group must be answered, for the SDK asks
 * again until every one has been (gateway reference 7.3.5).
 */
const nothingNew = ({ version: known, versionID }: Since): MembersSince => ({
  version: known,
  versionID,
  full: false,
  delete: [],
  insert: [],
  update: [],
  sortVersion: 0,
  group: null,
});

export const groupRoutes = ({ contacts }: RouteDeps): readonly Route[] => [
  route({
    path: '/group/get_joined_group_list',
    summary: 'Groups a user is in, by page.',
    access: { kind: 'self', field: 'fromUserID' },
    body: body({ fromUserID: userId, pagination }),
    data: Type.Object({ total: Type.Integer(), groups: Type.Array(groupInfo) }),
    run: async ({ body: { fromUserID, pagination: page } }) => {
      const { total, items } = await contacts.groups.page(fromUserID, page);
      return answer({ total, groups: [...items] });
    },
  }),

  route({
    path: '/group/get_incremental_join_groups',
    summary: 'What has changed in the groups of a user since a version.',
    access,
    body: body({ userID: userId, ...since }),
    data: sortedIncremental(groupInfo),
    run: async ({ body: { userID, ...from } }) =>
      answer(changesOf(await contacts.groups.since(userID, from))),
  }),

  route({
    path: '/group/get_full_join_group_ids',
    summary: 'Ids of all groups a user is in, in their order.',
    access,
    body: body({ userID: userId, idHash: exactHash }),
    data: Type.Object({ ...version, groupIDs: idsOrNull }),
    run: async ({ body: { userID, idHash } }) => {
      const { ids, ...current } = await contacts.groups.ids(userID);
      const { equal, ids: groupIDs } = idsUnlessKnown(ids, idHash);
      return answer({ ...current, equal, groupIDs });
    },
  }),

  route({
    path: '/group/get_incremental_group_members_batch',
    summary: 'What has changed in the members of groups since a version of each.',
    access: { kind: 'user' },
    body: body({
      reqList: Type.Array(body({ groupID: Type.String({ maxLength: 256 }), ...since }), {
        maxItems: GROUPS_MAX,
      }),
    }),
    data: Type.Object({
      respList: Type.Optional(Type.Record(Type.String(), incrementalMembers)),
    }),
    run: async ({ body: { reqList }, caller }) => {
      if (reqList.length === 0) return answer({});
      const entries = await Promise.all(
        reqList.map(async ({ groupID, ...from }) => {
          const members = await contacts.membersSince(caller.user, groupID, from);
          return [groupID, members ?? nothingNew(from)] as const;
        }),
      );
      return answer({ respList: Object.fromEntries(entries) });
    },
  }),
];
