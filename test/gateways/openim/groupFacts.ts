import type { GroupEvent } from '../../../core/group/events.ts';
import type { UserId } from '../../../core/kernel/ids.ts';
import { groupInfo, memberInfo } from '../../../gateways/openim/group.ts';
import { g1, groupView, memberView } from '../../support/fakeGroups.ts';
import { versionIdOf } from '../../support/fakes.ts';
import { amy, ann, cat, mia } from '../../support/people.ts';

export const CREATED = 1_700_000_000_500;
export const zed = 'zed' as UserId;

export const version = (of = 7) => ({
  groupMemberVersion: of,
  groupMemberVersionID: versionIdOf('members', 'g1'),
});
export const group = groupInfo(groupView());
export const info = (user: UserId) =>
  memberInfo(memberView(user, user === ann ? 100 : user === amy ? 60 : 20));
/** Who is in none of the lists. */
const stranger = (userID: string) => ({
  ...memberInfo(memberView(userID as UserId)),
  joinTime: 0,
  nickname: `${userID}!`,
  faceURL: `f/${userID}`,
  joinSource: 0,
  operatorUserID: '',
  ex: '',
  inviterUserID: '',
});
export const blank = (userID: string) => ({
  ...stranger(userID),
  nickname: '',
  faceURL: '',
  ex: '',
});
const zero = { operationTime: 0 };

export const base = { group: g1, version: 7 } as const;

type Case = readonly [
  name: string,
  event: GroupEvent,
  contentType: number,
  hasLine: boolean,
  tips: object,
];

/** Facts of a group, and what its members are told of each. */
export const cases: readonly Case[] = [
  [
    'a new group',
    {
      type: 'GroupCreated',
      data: {
        ...base,
        owner: ann,
        admins: [amy],
        members: [mia, cat],
        creator: ann,
        rules: { verification: 0, lookMemberInfo: 0, applyMemberFriend: 0 },
        profile: { name: 'N', introduction: 'I', faceUrl: 'F', ex: 'X' },
        by: ann,
      },
    },
    1501,
    true,
    {
      group,
      opUser: info(ann),
      memberList: [info(ann), info(amy), info(mia), stranger('cat')],
      operationTime: CREATED,
      groupOwnerUser: info(ann),
      ...version(),
    },
  ],
  [
    'what it says of itself',
    { type: 'GroupChanged', data: { ...base, by: ann, rules: { verification: 2 } } },
    1502,
    false,
    { opUser: info(ann), muteTime: 0, group, ...version() },
  ],
  [
    'an announcement',
    { type: 'GroupChanged', data: { ...base, by: ann, announcement: { text: 'hear' } } },
    1519,
    true,
    { opUser: info(ann), group, ...version() },
  ],
  [
    'an announcement that is taken back',
    { type: 'GroupChanged', data: { ...base, by: ann, announcement: { text: '' } } },
    1519,
    false,
    { opUser: info(ann), group, ...version() },
  ],
  [
    'a name',
    { type: 'GroupChanged', data: { ...base, by: ann, profile: { name: 'N' } } },
    1520,
    true,
    { opUser: info(ann), group, ...version() },
  ],
  [
    'who has left',
    { type: 'MemberLeft', data: { ...base, user: zed } },
    1504,
    true,
    { group, quitUser: stranger('zed'), ...zero, ...version() },
  ],
  [
    'who has been kicked',
    { type: 'MembersKicked', data: { ...base, users: [zed], by: ann } },
    1508,
    true,
    { group, opUser: info(ann), kickedUserList: [stranger('zed')], ...zero, ...version() },
  ],
  [
    'who has been invited',
    {
      type: 'MembersAdded',
      data: { ...base, users: [mia], by: ann, inviter: amy, source: 2, historyVisible: true },
    },
    1509,
    true,
    {
      group,
      opUser: info(ann),
      invitedUserList: [info(mia)],
      ...zero,
      ...version(),
      inviterUser: info(amy),
    },
  ],
  [
    'who has come in by itself',
    {
      type: 'MembersAdded',
      data: { ...base, users: [mia], by: ann, source: 3, historyVisible: true },
    },
    1510,
    true,
    { group, entrantUser: info(mia), operationTime: CREATED, ...version() },
  ],
  [
    'a new owner',
    { type: 'OwnerTransferred', data: { ...base, from: amy, to: ann, fromRole: 60, by: ann } },
    1507,
    true,
    {
      group,
      opUser: info(ann),
      newGroupOwner: info(ann),
      oldGroupOwner: '',
      ...zero,
      oldGroupOwnerInfo: info(amy),
      ...version(),
    },
  ],
  [
    'who has to be silent',
    { type: 'MemberMuted', data: { ...base, user: mia, by: ann, until: 9, seconds: 60 } },
    1512,
    true,
    { group, opUser: info(ann), ...zero, mutedUser: info(mia), mutedSeconds: 60, ...version() },
  ],
  [
    'who may speak again',
    { type: 'MemberUnmuted', data: { ...base, user: mia, by: ann } },
    1513,
    true,
    { group, opUser: info(ann), ...zero, mutedUser: info(mia), ...version() },
  ],
  [
    'that all have to be silent',
    { type: 'GroupMuted', data: { ...base, by: ann } },
    1514,
    true,
    { group, opUser: info(ann), ...zero, ...version() },
  ],
  [
    'that all may speak again',
    { type: 'GroupUnmuted', data: { ...base, by: ann } },
    1515,
    true,
    { group, opUser: info(ann), ...zero, ...version() },
  ],
  [
    'how a member shows itself',
    { type: 'MemberChanged', data: { ...base, user: mia, by: ann, notes: { nickname: 'M' } } },
    1516,
    false,
    {
      group,
      opUser: info(ann),
      ...zero,
      changedUser: info(mia),
      ...version(),
      groupSortVersion: 0,
    },
  ],
  [
    'a profile',
    { type: 'MemberProfileChanged', data: { ...base, user: ann } },
    1516,
    false,
    {
      group,
      opUser: info(ann),
      ...zero,
      changedUser: info(ann),
      ...version(),
      groupSortVersion: 0,
    },
  ],
  [
    'a new admin',
    { type: 'MemberChanged', data: { ...base, user: mia, by: ann, role: 60 } },
    1517,
    false,
    {
      group,
      opUser: info(ann),
      ...zero,
      changedUser: info(mia),
      ...version(),
      groupSortVersion: 7,
    },
  ],
  [
    'who is no admin any more',
    { type: 'MemberChanged', data: { ...base, user: mia, by: ann, role: 20 } },
    1518,
    false,
    {
      group,
      opUser: info(ann),
      ...zero,
      changedUser: info(mia),
      ...version(),
      groupSortVersion: 7,
    },
  ],
];
