import { Type, type Static } from '@sinclair/typebox';
import { isGroupId } from '../../../core/group/ids.ts';
import type { GroupId } from '../../../core/kernel/ids.ts';
import { groupInfo, memberInfo } from '../../openim/group.ts';
import type { Caller, GroupLists } from '../../ports.ts';
import { changesOf } from '../changes.ts';
import { body, exactHash, groupId, since, userId } from '../fields.ts';
import { idsUnlessKnown } from '../idHash.ts';
import { answer, refuse } from '../reply.ts';
import { route, type Route } from '../route.ts';
import type { RouteDeps } from '../routes.ts';
import {
  groupInfo as groupShape,
  idsOrNull,
  incrementalMembers,
  sortedIncremental,
  version,
} from '../shapes.ts';

const ofUser = { kind: 'self', field: 'userID' } as const;
const byMembers = { kind: 'member', field: 'groupID' } as const;

/** How clients keep their lists in step (gateway reference 7.3). */
export const groupSyncRoutes = (deps: RouteDeps): readonly Route[] => [
  ...joinedRoutes(deps),
  ...memberRoutes(deps),
  batchRoute(deps),
];

const joinedRoutes = ({ groupLists, versionIdOf }: RouteDeps): readonly Route[] => [
  route({
    path: '/group/get_incremental_join_groups',
    summary: 'What has changed in the groups of a user since a version.',
    access: ofUser,
    body: body({ userID: userId, ...since }),
    data: sortedIncremental(groupShape),
    run: async ({ body: { userID, version: number, versionID } }) => {
      const from = { version: number, versionId: versionID };
      const list = await groupLists.joinedSince(userID, versionIdOf('groups', userID), from);
      // The order of groups is that in which they were joined, and never changes otherwise.
      return answer({ ...changesOf(list, groupInfo), sortVersion: 0 });
    },
  }),

  route({
    path: '/group/get_full_join_group_ids',
    summary: 'Ids of all groups a user is in, in their order, unless the client has them.',
    access: ofUser,
    body: body({ userID: userId, idHash: exactHash }),
    data: Type.Object({ ...version, groupIDs: idsOrNull }),
    run: async ({ body: { userID, idHash } }) => {
      const { ids, version: number } = await groupLists.joinedIds(userID);
      const { equal, ids: groupIDs } = idsUnlessKnown(ids, idHash);
      const versionID = versionIdOf('groups', userID);
      return answer({ version: number, versionID, equal, groupIDs });
    },
  }),
];

/** The SDK asks for 500 at once. */
const GROUPS_MAX = 1_000;
/** Changes of members in one answer; the group that reaches them is the last of it. */
export const CHANGES_MAX = 500;
/** Groups that are read at the same time, of each of which there are up to 200 changes. */
const AT_ONCE = 4;

type Asked = Readonly<{ groupID: string; version: number; versionID: string }>;
type Since = Static<typeof incrementalMembers>;

type Members = Awaited<ReturnType<GroupLists['membersSince']>>;

const unlessNone = <T>(some: T[]): T[] | null => (some.length === 0 ? null : some);

const sinceOf = (list: Members): Since => {
  const changes = changesOf(list, memberInfo);
  return {
    ...changes,
    insert: unlessNone(changes.insert),
    update: unlessNone(changes.update),
    sortVersion: list.sortVersion,
    group: list.group === undefined ? null : groupInfo(list.group),
  };
};

/**
 * For a group that is not the caller's, or is dismissed: "as you have it". Each group must be answered, for
 * the SDK asks again until every one has been (gateway reference 7.3.5).
 */
const nothingNew = ({ version: known, versionID }: Asked): Since => ({
  version: known,
  versionID,
  full: false,
  delete: [],
  insert: null,
  update: null,
  sortVersion: 0,
  group: null,
});

const changesIn = ({ delete: gone, insert, update }: Since): number =>
  gone.length + (insert?.length ?? 0) + (update?.length ?? 0);

const DISMISSED = 2;

type Sync = Pick<RouteDeps, 'groupLists' | 'versionIdOf'>;

const membersSince = async ({ groupLists, versionIdOf }: Sync, group: GroupId, asked: Asked) => {
  const from = { version: asked.version, versionId: asked.versionID };
  return sinceOf(await groupLists.membersSince(group, versionIdOf('members', group), from));
};

const memberRoutes = ({ groupLists, versionIdOf }: RouteDeps): readonly Route[] => [
  route({
    path: '/group/get_incremental_group_members',
    summary: 'What has changed in the members of a group since a version.',
    access: byMembers,
    body: body({ groupID: groupId, ...since }),
    data: incrementalMembers,
    run: async ({ body: asked }) => {
      const [group] = await groupLists.groups([asked.groupID]);
      if (group === undefined) return refuse('group/unknown', 'groupID: there is no such group');
      if (group.status === DISMISSED) return refuse('group/dismissed', 'groupID: it is dismissed');
      return answer(await membersSince({ groupLists, versionIdOf }, asked.groupID, asked));
    },
  }),

  route({
    path: '/group/get_full_group_member_user_ids',
    summary: 'Ids of all members of a group, in their order, unless the client has them.',
    access: byMembers,
    body: body({ groupID: groupId, idHash: exactHash }),
    data: Type.Object({ ...version, userIDs: idsOrNull }),
    run: async ({ body: { groupID, idHash } }) => {
      const { ids, version: number } = await groupLists.memberIds(groupID);
      const { equal, ids: userIDs } = idsUnlessKnown(ids, idHash);
      const versionID = versionIdOf('members', groupID);
      return answer({ version: number, versionID, equal, userIDs });
    },
  }),
];

const batchRoute = (deps: RouteDeps): Route => {
  const { groups, groupLists } = deps;

  /** Of those that are there, and are not dismissed. */
  const living = async (named: readonly string[]): Promise<ReadonlySet<string>> => {
    const found = await groupLists.groups([...new Set(named)].filter(isGroupId));
    return new Set(found.flatMap(({ group, status }) => (status === DISMISSED ? [] : [group])));
  };

  const isOpenTo = async ({ user, admin }: Caller, group: GroupId): Promise<boolean> =>
    admin || (await groups.roleOf(group, user)) !== undefined;

  return route({
    path: '/group/get_incremental_group_members_batch',
    summary: 'What has changed in the members of groups since a version of each.',
    // Groups of others are answered as if nothing had changed.
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
      const shown = await living(reqList.map(({ groupID }) => groupID));
      const changes = async (asked: Asked): Promise<Since> => {
        const { groupID } = asked;
        if (!isGroupId(groupID) || !shown.has(groupID)) return nothingNew(asked);
        return (await isOpenTo(caller, groupID))
          ? membersSince(deps, groupID, asked)
          : nothingNew(asked);
      };
      const answerOf = async (asked: Asked) => [asked.groupID, await changes(asked)] as const;
      const answered: (readonly [string, Since])[] = [];
      let count = 0;
      for (let from = 0; from < reqList.length && count < CHANGES_MAX; from += AT_ONCE) {
        const portion = reqList.slice(from, from + AT_ONCE);
        const found = await Promise.all(portion.map(answerOf));
        answered.push(...found);
        count += found.reduce((sum, [, each]) => sum + changesIn(each), 0);
      }
      return answer({ respList: Object.fromEntries(answered) });
    },
  });
};
