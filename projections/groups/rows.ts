import type { GroupRules, Role, Verification } from '../../core/group/events.ts';
import type { GroupId, Millis, Position, UserId } from '../../core/kernel/ids.ts';
import { profileRowsIn } from '../kernel/profiles.ts';
import { joinKey, splitKey, type RowsOptions } from '../kernel/rows.ts';
import { goneOf, goneText, type ListTurns } from '../kernel/since.ts';

/** Raise it and all of this read model is built anew beside the old one. */
export const GROUPS_VERSION = 1;

export const tableName = (name: string): string => `seqline.${name}_v${String(GROUPS_VERSION)}`;

type AnyRow = Readonly<Record<string, unknown>>;
const user = (value: unknown): UserId => String(value) as UserId;
const group = (value: unknown): GroupId => String(value) as GroupId;
const allowed = (value: unknown): 0 | 1 => (Number(value) === 1 ? 1 : 0);

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
  columns: {
    group_id: { type: 'text', of: (row) => row.group },
    name: { type: 'text', of: (row) => row.name },
    introduction: { type: 'text', of: (row) => row.introduction },
    face_url: { type: 'text', of: (row) => row.faceUrl },
    ex: { type: 'text', of: (row) => row.ex },
    announcement: { type: 'text', of: (row) => row.announcement },
    announced_at: { type: 'int8', of: (row) => row.announcedAt },
    announced_by: { type: 'text', of: (row) => row.announcedBy },
    owner: { type: 'text', of: (row) => row.owner },
    creator: { type: 'text', of: (row) => row.creator },
    verification: { type: 'int8', of: (row) => row.verification },
    look_member_info: { type: 'int8', of: (row) => row.lookMemberInfo },
    apply_member_friend: { type: 'int8', of: (row) => row.applyMemberFriend },
    member_count: { type: 'int8', of: (row) => row.memberCount },
    muted: { type: 'bool', of: (row) => row.muted },
    dismissed: { type: 'bool', of: (row) => row.dismissed },
    created_at: { type: 'int8', of: (row) => row.createdAt },
    created_pos: { type: 'int8', of: (row) => row.createdPos },
    info_pos: { type: 'int8', of: (row) => row.infoPos },
    disbanded_pos: { type: 'int8', of: (row) => row.disbandedPos },
  },
  read: (row: AnyRow): Group => ({
    group: group(row['group_id']),
    name: String(row['name']),
    introduction: String(row['introduction']),
    faceUrl: String(row['face_url']),
    ex: String(row['ex']),
    announcement: String(row['announcement']),
    announcedAt: Number(row['announced_at']),
    announcedBy: user(row['announced_by']),
    owner: user(row['owner']),
    creator: user(row['creator']),
    verification: verificationOf(Number(row['verification'])),
    lookMemberInfo: allowed(row['look_member_info']),
    applyMemberFriend: allowed(row['apply_member_friend']),
    memberCount: Number(row['member_count']),
    muted: row['muted'] === true,
    dismissed: row['dismissed'] === true,
    createdAt: Number(row['created_at']),
    createdPos: Number(row['created_pos']),
    infoPos: Number(row['info_pos']),
    disbandedPos: Number(row['disbanded_pos']),
  }),
};

const verificationOf = (value: number): Verification => (value === 1 || value === 2 ? value : 0);

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
  columns: {
    group_id: { type: 'text', of: (row) => row.group },
    user_id: { type: 'text', of: (row) => row.user },
    role: { type: 'int8', of: (row) => row.role },
    nickname: { type: 'text', of: (row) => row.nickname },
    face_url: { type: 'text', of: (row) => row.faceUrl },
    ex: { type: 'text', of: (row) => row.ex },
    joined_at: { type: 'int8', of: (row) => row.joinedAt },
    joined_pos: { type: 'int8', of: (row) => row.joinedPos },
    place: { type: 'int8', of: (row) => row.place },
    source: { type: 'int8', of: (row) => row.source },
    operator: { type: 'text', of: (row) => row.operator },
    inviter: { type: 'text', of: (row) => row.inviter },
    muted_until: { type: 'int8', of: (row) => row.mutedUntil },
    created_version: { type: 'int8', of: (row) => row.createdVersion },
    changed_version: { type: 'int8', of: (row) => row.changedVersion },
  },
  read: (row: AnyRow): Member => ({
    group: group(row['group_id']),
    user: user(row['user_id']),
    role: roleOf(Number(row['role'])),
    nickname: String(row['nickname']),
    faceUrl: String(row['face_url']),
    ex: String(row['ex']),
    joinedAt: Number(row['joined_at']),
    joinedPos: Number(row['joined_pos']),
    place: Number(row['place']),
    source: Number(row['source']),
    operator: user(row['operator']),
    inviter: user(row['inviter']),
    mutedUntil: Number(row['muted_until']),
    createdVersion: Number(row['created_version']),
    changedVersion: Number(row['changed_version']),
  }),
};

const roleOf = (value: number): Role => (value === 100 || value === 60 ? value : 20);

/** Of the list of a group's members: its version, and what is remembered beside who is in it. In versions. */
export type MemberList = ListTurns & Readonly<{ group: GroupId; version: number }>;

export const memberListRows: RowsOptions<MemberList> = {
  table: tableName('group_member_lists'),
  key: ['group_id'],
  partsOf: (key) => [key],
  keyOf: (row) => row.group,
  columns: {
    group_id: { type: 'text', of: (row) => row.group },
    version: { type: 'int8', of: (row) => row.version },
    gone: { type: 'text', of: goneText },
    floor_version: { type: 'int8', of: (row) => row.floorPos },
    sort_version: { type: 'int8', of: (row) => row.sortPos },
  },
  read: (row: AnyRow): MemberList => ({
    group: group(row['group_id']),
    version: Number(row['version']),
    gone: goneOf<UserId>(row['gone']),
    floorPos: Number(row['floor_version']),
    sortPos: Number(row['sort_version']),
  }),
};

/** Of the list of groups that a user is in: what is remembered beside them. */
export type JoinedList = ListTurns<GroupId> & Readonly<{ user: UserId }>;

export const joinedListRows: RowsOptions<JoinedList> = {
  table: tableName('joined_lists'),
  key: ['user_id'],
  partsOf: (key) => [key],
  keyOf: (row) => row.user,
  columns: {
    user_id: { type: 'text', of: (row) => row.user },
    gone: { type: 'text', of: goneText },
    floor_pos: { type: 'int8', of: (row) => row.floorPos },
    sort_pos: { type: 'int8', of: (row) => row.sortPos },
  },
  read: (row: AnyRow): JoinedList => ({
    user: user(row['user_id']),
    gone: goneOf<GroupId>(row['gone']),
    floorPos: Number(row['floor_pos']),
    sortPos: Number(row['sort_pos']),
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
  columns: {
    group_id: { type: 'text', of: (row) => row.group },
    user_id: { type: 'text', of: (row) => row.user },
    result: { type: 'int8', of: (row) => row.result },
    message: { type: 'text', of: (row) => row.message },
    ex: { type: 'text', of: (row) => row.ex },
    requested_at: { type: 'int8', of: (row) => row.requestedAt },
    requested_pos: { type: 'int8', of: (row) => row.requestedPos },
    source: { type: 'int8', of: (row) => row.source },
    inviter: { type: 'text', of: (row) => row.inviter },
    handler: { type: 'text', of: (row) => row.handler },
    answer: { type: 'text', of: (row) => row.answer },
    handled_at: { type: 'int8', of: (row) => row.handledAt },
  },
  read: (row: AnyRow): JoinRequest => ({
    group: group(row['group_id']),
    user: user(row['user_id']),
    result: resultOf(Number(row['result'])),
    message: String(row['message']),
    ex: String(row['ex']),
    requestedAt: Number(row['requested_at']),
    requestedPos: Number(row['requested_pos']),
    source: Number(row['source']),
    inviter: user(row['inviter']),
    handler: user(row['handler']),
    answer: String(row['answer']),
    handledAt: Number(row['handled_at']),
  }),
};

const resultOf = (value: number): JoinResult => (value === 1 || value === -1 ? value : 0);

export const profileRows = profileRowsIn(tableName('group_profiles'));

export const ALL_ROWS = [
  groupRows,
  memberRows,
  memberListRows,
  joinedListRows,
  joinRequestRows,
  profileRows,
] as const;
