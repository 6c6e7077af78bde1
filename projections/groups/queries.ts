import type { GroupRules, Role } from '../../core/group/events.ts';
import type { GroupId, Millis, UserId } from '../../core/kernel/ids.ts';
import type { Found, Page } from '../kernel/page.ts';
import type { ListSince, Version } from '../kernel/since.ts';

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

export type GroupQueries = Readonly<{
  /** Those that exist, in the order asked for, dismissed ones too. */
  groups: (groups: readonly GroupId[]) => Promise<readonly ShownGroup[]>;
  /** Of which the user is a member, in the order in which it joined. */
  joined: (user: UserId, page: Page) => Promise<Found<ShownGroup>>;
  joinedIds: (user: UserId) => Promise<Readonly<{ version: number; ids: readonly GroupId[] }>>;
  joinedSince: (
    user: UserId,
    versionId: string,
    since: Version,
  ) => Promise<ListSince<ShownGroup, GroupId>>;
  /** Owner, admins, members; then as they joined. The keyword is part of a shown name, in any case. */
  members: (group: GroupId, page: Page, keyword: string) => Promise<Found<ShownMember>>;
  membersAmong: (group: GroupId, users: readonly UserId[]) => Promise<readonly ShownMember[]>;
  /** Ids of owner and admins, the owner first. */
  managers: (group: GroupId) => Promise<readonly UserId[]>;
  memberIds: (group: GroupId) => Promise<Readonly<{ version: number; ids: readonly UserId[] }>>;
  membersSince: (group: GroupId, versionId: string, since: Version) => Promise<MembersSince>;
  /** By id alone if one is given; else part of the name, dismissed ones left out, newest first. */
  search: (
    wanted: Readonly<{ group: string; name: string }>,
    page: Page,
  ) => Promise<Found<ShownGroup & Readonly<{ ownerName: string }>>>;
  /** Of all groups that the user owns or administers, or of these of them. Newest first. */
  requestsTo: (
    user: UserId,
    groups: readonly GroupId[],
    results: readonly number[],
    page: Page,
  ) => Promise<Found<ShownGroupRequest>>;
  requestsFrom: (
    user: UserId,
    groups: readonly GroupId[],
    results: readonly number[],
    page: Page,
  ) => Promise<Found<ShownGroupRequest>>;
  requestsOf: (group: GroupId, users: readonly UserId[]) => Promise<readonly ShownGroupRequest[]>;
  /** How many wait for an answer in the groups that the user owns or administers, made after that time. */
  waiting: (user: UserId, after: Millis) => Promise<number>;
}>;
