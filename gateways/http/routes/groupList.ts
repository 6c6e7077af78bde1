import { createHash } from 'node:crypto';
import { Type } from '@sinclair/typebox';
import { isGroupId } from '../../../core/group/ids.ts';
import { WIRE_ERRORS } from '../../openim/errors.ts';
import { groupInfo, memberInfo } from '../../openim/group.ts';
import type { MemberView } from '../../ports.ts';
import { body, groupId, IDS_MAX, line, pagination, userId } from '../fields.ts';
import { answer, refuse, refusedWith } from '../reply.ts';
import { route, type Route } from '../route.ts';
import type { RouteDeps } from '../routes.ts';
import { exactNumber, groupInfo as groupShape } from '../shapes.ts';

/** Groups whose members are all read for a hash. */
const ABSTRACTS_MAX = 1_000;

export const groupListRoutes = (deps: RouteDeps): readonly Route[] => [
  ...lookUpRoutes(deps),
  abstractRoute(deps),
];

const lookUpRoutes = ({ groupLists }: RouteDeps): readonly Route[] => [
  route({
    path: '/group/get_groups_info',
    summary: 'Some groups; dismissed ones too, and those that are not there are left out.',
    access: { kind: 'user' },
    body: body({
      groupIDs: Type.Array(Type.String(), { minItems: 1, maxItems: IDS_MAX }),
    }),
    data: Type.Object({ groupInfos: Type.Array(groupShape) }),
    run: async ({ body: { groupIDs } }) => {
      const found = await groupLists.groups([...new Set(groupIDs)].filter(isGroupId));
      return answer({ groupInfos: found.map(groupInfo) });
    },
  }),

  route({
    path: '/group/get_groups',
    summary: 'Groups by id, or by a part of their name, newest first.',
    access: { kind: 'admin' },
    body: body({ pagination, groupName: line(), groupID: Type.String({ default: '' }) }),
    data: Type.Object({
      total: Type.Integer(),
      groups: Type.Array(
        Type.Object({
          groupInfo: groupShape,
          groupOwnerUserName: Type.String(),
          groupOwnerUserID: Type.String(),
        }),
      ),
    }),
    run: async ({ body: { pagination: page, groupName, groupID } }) => {
      const { total, items } = await groupLists.search({ group: groupID, name: groupName }, page);
      const groups = items.map((view) => ({
        groupInfo: groupInfo(view),
        groupOwnerUserName: view.ownerName,
        groupOwnerUserID: view.owner,
      }));
      return answer({ total, groups });
    },
  }),

  route({
    path: '/group/get_joined_group_list',
    summary: 'Groups a user is in, by page.',
    access: { kind: 'self', field: 'fromUserID' },
    body: body({ fromUserID: userId, pagination }),
    data: Type.Object({ total: Type.Integer(), groups: Type.Array(groupShape) }),
    run: async ({ body: { fromUserID, pagination: page } }) => {
      const { total, items } = await groupLists.joined(fromUserID, page);
      return answer({ total, groups: items.map(groupInfo) });
    },
  }),
];

const abstractRoute = ({ groupLists }: RouteDeps): Route =>
  route({
    path: '/group/get_group_abstract_info',
    summary: 'How many members groups have, and a hash by which a change of any is seen.',
    access: { kind: 'member', field: 'groupIDs' },
    body: body({
      groupIDs: Type.Array(groupId, { minItems: 1, maxItems: ABSTRACTS_MAX, uniqueItems: true }),
    }),
    data: Type.Object({
      groupAbstractInfos: Type.Array(
        Type.Object({
          groupID: Type.String(),
          groupMemberNumber: Type.Integer(),
          groupMemberListHash: exactNumber,
        }),
      ),
    }),
    refused: refusedWith({ 'group/unknown': WIRE_ERRORS.groupIdNotFound }),
    run: async ({ body: { groupIDs } }) => {
      const found = new Set((await groupLists.groups(groupIDs)).map(({ group }) => group));
      const unknown = groupIDs.find((group) => !found.has(group));
      if (unknown !== undefined) {
        return refuse('group/unknown', `groupIDs: there is no group ${unknown}`);
      }
      const groupAbstractInfos = [];
      // One after the other: each reads all members of a group.
      for (const group of groupIDs) {
        const { ids } = await groupLists.memberIds(group);
        const members = await groupLists.membersAmong(group, ids);
        groupAbstractInfos.push({
          groupID: group as string,
          groupMemberNumber: members.length,
          groupMemberListHash: membersHash(members),
        });
      }
      return answer({ groupAbstractInfos });
    },
  });

const byUser = (one: MemberView, other: MemberView): number => (one.user < other.user ? -1 : 1);

/** As OpenIM has it: of the members as they are answered, in the order of their ids. */
const membersHash = (members: readonly MemberView[]): bigint =>
  createHash('md5')
    .update(JSON.stringify(members.toSorted(byUser).map(memberInfo)))
    .digest()
    .readBigUInt64BE(0);
