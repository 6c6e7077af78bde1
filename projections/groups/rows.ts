import type { GroupRules, Role } from '../../core/group/events.ts';
import type { GroupId, Millis, Position, UserId } from '../../core/kernel/ids.ts';
import { profileRowsIn } from '../kernel/profiles.ts';
import { joinKey, splitKey, type RowsOptions } from '../kernel/rows.ts';
import { flag, int, oneOf, shapeOf, text } from '../kernel/shape.ts';
import { turns, type ListTurns } from '../kernel/since.ts';

/** Raise it and all of this read model is built anew beside the old one. */
export const GROUPS_VERSION = 1;

export const tableName = (name: string): string => `seqline.${name}_v${String(GROUPS_VERSION)}`;

export type Group = GroupRules &
  Readonly<{
    group: GroupId;
    name: string;
    introduction: string;
    faceUrl: string;
    ex: string;
    announcement: string;
    announcedAt: Millis;
    announcedBy: UserId | '';
    owner: UserId | '';
    creator: UserId;
    memberCount: number;
    muted: boolean;
    dismissed: boolean;
    createdAt: Millis;
    createdPos: Position;
    /** When last anything of the above changed: to the lists of its members it is joined at read. */
    infoPos: Position;
    /**
     * Since when nobody is in it any more; 0: somebody is. The rows of its members stay as they were, for
     * there may be 100,000 of them: they are passed over at read.
     */
    disbandedPos: Position;
  }>;

export const groupRows: RowsOptions<Group> = {
  table: tableName('groups'),
  key: ['group_id'],
  partsOf: (key) => [key],
  keyOf: (row) => row.group,
  ...shapeOf<Group>({
    group: text('group_id'),
    name: text('name'),
    introduction: text('introduction'),
    faceUrl: text('face_url'),
    ex: text('ex'),
    announcement: text('announcement'),
    announcedAt: int('announced_at'),
    announcedBy: text('announced_by'),
    owner: text('owner'),
    creator: text('creator'),
    verification: oneOf('verification', [0, 1, 2]),
    lookMemberInfo: oneOf('look_member_info', [0, 1]),
    applyMemberFriend: oneOf('apply_member_friend', [0, 1]),
    memberCount: int('member_count'),
    muted: flag('muted'),
    dismissed: flag('dismissed'),
    createdAt: int('created_at'),
    createdPos: int('created_pos'),
    infoPos: int('info_pos'),
    disbandedPos: int('disbanded_pos'),
  }),
};

export type Member = Readonly<{
  group: GroupId;
  user: UserId;
  role: Role;
  /** Empty: as in the profile. */
  nickname: string;
  faceUrl: string;
  ex: string;
  joinedAt: Millis;
  joinedPos: Position;
  /** Among those who came in with the same event. */
  place: number;
  source: number;
  operator: UserId;
  inviter: UserId | '';
  mutedUntil: Millis;
  createdVersion: number;
  changedVersion: number;
}>;

export const memberRows: RowsOptions<Member> = {
  table: tableName('group_members'),
  key: ['group_id', 'user_id'],
  partsOf: splitKey,
  keyOf: (row) => joinKey(row.group, row.user),
  ...shapeOf<Member>({
    group: text('group_id'),
    user: text('user_id'),
    role: oneOf('role', [20, 60, 100]),
    nickname: text('nickname'),
    faceUrl: text('face_url'),
    ex: text('ex'),
    joinedAt: int('joined_at'),
    joinedPos: int('joined_pos'),
    place: int('place'),
    source: int('source'),
    operator: text('operator'),
    inviter: text('inviter'),
    mutedUntil: int('muted_until'),
    createdVersion: int('created_version'),
    changedVersion: int('changed_version'),
  }),
};

/** Of the list of a group's members: its version, and what is remembered beside who is in it. In versions. */
export type MemberList = ListTurns & Readonly<{ group: GroupId; version: number }>;

export const memberListRows: RowsOptions<MemberList> = {
  table: tableName('group_member_lists'),
  key: ['group_id'],
  partsOf: (key) => [key],
  keyOf: (row) => row.group,
  ...shapeOf<MemberList>({
    group: text('group_id'),
    version: int('version'),
    ...turns('floor_version', 'sort_version'),
  }),
};

/** Of the list of groups that a user is in: what is remembered beside them. */
export type JoinedList = ListTurns<GroupId> & Readonly<{ user: UserId }>;

export const joinedListRows: RowsOptions<JoinedList> = {
  table: tableName('joined_lists'),
  key: ['user_id'],
  partsOf: (key) => [key],
  keyOf: (row) => row.user,
  ...shapeOf<JoinedList>({
    user: text('user_id'),
    ...turns<GroupId>('floor_pos', 'sort_pos'),
  }),
};

/** 0 waits, 1 agreed, -1 refused (OpenIM's handleResult). */
export type JoinResult = 0 | 1 | -1;

/** The newest request for a user to come into a group. */
export type JoinRequest = Readonly<{
  group: GroupId;
  user: UserId;
  result: JoinResult;
  message: string;
  ex: string;
  requestedAt: Millis;
  requestedPos: Position;
  source: number;
  inviter: UserId | '';
  /** Who answered, what and when; empty and 0 as long as nobody has. */
  handler: UserId | '';
  answer: string;
  handledAt: Millis;
}>;

export const joinRequestRows: RowsOptions<JoinRequest> = {
  table: tableName('group_requests'),
  key: ['group_id', 'user_id'],
  partsOf: splitKey,
  keyOf: (row) => joinKey(row.group, row.user),
  ...shapeOf<JoinRequest>({
    group: text('group_id'),
    user: text('user_id'),
    result: oneOf('result', [0, 1, -1]),
    message: text('message'),
    ex: text('ex'),
    requestedAt: int('requested_at'),
    requestedPos: int('requested_pos'),
    source: int('source'),
    inviter: text('inviter'),
    handler: text('handler'),
    answer: text('answer'),
    handledAt: int('handled_at'),
  }),
};

export const profileRows = profileRowsIn(tableName('group_profiles'));

export const ALL_ROWS = [
  groupRows,
  memberRows,
  memberListRows,
  joinedListRows,
  joinRequestRows,
  profileRows,
] as const;
