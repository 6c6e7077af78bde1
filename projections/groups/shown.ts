import type { GroupRules, Role } from '../../core/group/events.ts';
import type { GroupId, Millis, UserId } from '../../core/kernel/ids.ts';
import { recordOf, type Json } from '../kernel/questions.ts';
import type { ListSince } from '../kernel/since.ts';
import { groupRows, joinRequestRows, memberRows, profileRows, type Group } from './rows.ts';

/** 0 as it should be, 2 dismissed, 3 only owner and admins may speak (OpenIM's group status). */
export type GroupStatus = 0 | 2 | 3;

export type ShownGroup = GroupRules &
  Readonly<{
    group: GroupId;
    name: string;
    introduction: string;
    faceUrl: string;
    ex: string;
    announcement: string;
    /** 0 and empty: there never was one. */
    announcedAt: Millis;
    announcedBy: UserId | '';
    /** Empty once nobody is in it any more. */
    owner: UserId | '';
    creator: UserId;
    memberCount: number;
    status: GroupStatus;
    createdAt: Millis;
  }>;

/** Name and picture are those of the group, or for want of them those of the profile. */
export type ShownMember = Readonly<{
  group: GroupId;
  user: UserId;
  role: Role;
  nickname: string;
  faceUrl: string;
  ex: string;
  joinedAt: Millis;
  source: number;
  /** Who brought the member in, or last changed its place. */
  operator: UserId;
  inviter: UserId | '';
  /** Past or 0: may speak. */
  mutedUntil: Millis;
}>;

/** 0 waits, 1 agreed, -1 refused (OpenIM's handleResult). */
export type ShownGroupRequest = Readonly<{
  group: ShownGroup;
  user: Readonly<{ user: UserId; nickname: string; faceUrl: string; ex: string }>;
  result: 0 | 1 | -1;
  message: string;
  ex: string;
  requestedAt: Millis;
  source: number;
  inviter: UserId | '';
  handler: UserId | '';
  answer: string;
  handledAt: Millis;
}>;

/** Members whose roles or order changed show it by `sortVersion`. */
export type MembersSince = ListSince<ShownMember> &
  Readonly<{
    /** Given when the client fetches all, or when anything of the group has changed. */
    group: ShownGroup | undefined;
  }>;

const statusOf = ({ dismissed, muted }: Group): GroupStatus => {
  if (dismissed) return 2;
  return muted ? 3 : 0;
};

export const readGroup = (row: Json): ShownGroup => {
  const group = groupRows.read(row);
  return {
    group: group.group,
    name: group.name,
    introduction: group.introduction,
    faceUrl: group.faceUrl,
    ex: group.ex,
    announcement: group.announcement,
    announcedAt: group.announcedAt,
    announcedBy: group.announcedBy,
    owner: group.owner,
    creator: group.creator,
    verification: group.verification,
    lookMemberInfo: group.lookMemberInfo,
    applyMemberFriend: group.applyMemberFriend,
    memberCount: group.memberCount,
    status: statusOf(group),
    createdAt: group.createdAt,
  };
};

export const readMember = (row: Json): ShownMember => {
  const member = memberRows.read(row);
  return {
    group: member.group,
    user: member.user,
    role: member.role,
    nickname: String(row['shown_nickname']),
    faceUrl: String(row['shown_face_url']),
    ex: member.ex,
    joinedAt: member.joinedAt,
    source: member.source,
    operator: member.operator,
    inviter: member.inviter,
    mutedUntil: member.mutedUntil,
  };
};

export const readRequest = (row: Json): ShownGroupRequest => {
  const request = joinRequestRows.read(row);
  const { user, nickname, faceUrl, ex } = profileRows.read({
    ...recordOf(row['asker']),
    user_id: request.user,
  });
  return {
    group: readGroup(recordOf(row['of_group'])),
    user: { user, nickname, faceUrl, ex },
    result: request.result,
    message: request.message,
    ex: request.ex,
    requestedAt: request.requestedAt,
    source: request.source,
    inviter: request.inviter,
    handler: request.handler,
    answer: request.answer,
    handledAt: request.handledAt,
  };
};
