import type { Command } from '../kernel/fact.ts';
import type { EventId, GroupId, UserId } from '../kernel/ids.ts';
import type { FollowUp } from '../notice/reaction.ts';
import type { GroupProfile, GroupRules, MemberNotes, Role } from './events.ts';

/** Who acts on a group: what it may do follows from its role there, unless it is an app admin. */
export type GroupActor = Readonly<{ user: UserId; admin: boolean }>;

export type NewGroup = Readonly<{
  /** Absent: one is made up (a decimal number of up to 10 digits). */
  group?: GroupId;
  owner: UserId;
  admins: readonly UserId[];
  members: readonly UserId[];
  creator: UserId;
  rules: GroupRules;
  profile: GroupProfile;
  /** Empty: none. */
  announcement: string;
  line?: boolean;
}>;

/** Absent: as it is. An empty text clears, but a name cannot be empty. */
export type GroupChange = Readonly<{
  profile?: Partial<GroupProfile>;
  announcement?: string;
  rules?: Partial<GroupRules>;
}>;

export type MemberChange = Readonly<{
  group: GroupId;
  user: UserId;
  role?: Role;
  notes?: MemberNotes;
}>;

type By = { by: GroupActor };
type Line = { line?: boolean };
/** Whether newcomers may see what was said before: as configured, and kept in the event. */
type History = { historyVisible: boolean };

/** With as many as one event names; the others are brought in by `FillGroup`. */
export type CreateGroup = Command<'CreateGroup', Omit<NewGroup, 'group'> & { group: GroupId } & By>;
/** More of those that a group is made with: who has ever been in it is not brought in again. */
export type FillGroup = Command<
  'FillGroup',
  { group: GroupId; creation: EventId; users: readonly UserId[] } & By & History
>;
export type ChangeGroup = Command<'ChangeGroup', { group: GroupId } & GroupChange & By>;
export type JoinGroup = Command<
  'JoinGroup',
  { group: GroupId; user: UserId; message: string; ex: string; source: number } & History
>;
export type AnswerJoin = Command<
  'AnswerJoin',
  { group: GroupId; user: UserId; agrees: boolean; message: string } & By & History
>;
export type InviteMembers = Command<
  'InviteMembers',
  { group: GroupId; users: readonly UserId[]; message: string } & By & Line & History
>;
export type KickMembers = Command<
  'KickMembers',
  { group: GroupId; users: readonly UserId[]; reason?: string } & By & Line
>;
export type LeaveGroup = Command<'LeaveGroup', { group: GroupId; user: UserId }>;
export type TransferGroup = Command<
  'TransferGroup',
  { group: GroupId; from: UserId; to: UserId } & By
>;
/** `disband`: the members go too, and nobody is told. */
export type DismissGroup = Command<
  'DismissGroup',
  { group: GroupId; disband: boolean } & By & Line
>;
/** 0 seconds: not any more. */
export type MuteMember = Command<
  'MuteMember',
  { group: GroupId; user: UserId; seconds: number } & By
>;
export type MuteGroup = Command<'MuteGroup', { group: GroupId; muted: boolean } & By>;
/** All of them or none. */
export type ChangeMembers = Command<
  'ChangeMembers',
  { group: GroupId; changes: readonly Omit<MemberChange, 'group'>[] } & By
>;

type DataOf<Type extends FollowUp['type']> = Extract<FollowUp, { type: Type }>['data'];
/** What follows from facts (followUps.ts); nobody asks for these. */
export type DisbandGroup = Command<'DisbandGroup', DataOf<'DisbandGroup'>>;
export type ShowProfile = Command<'ShowProfile', DataOf<'ShowProfile'>>;

export type GroupCommand =
  | CreateGroup
  | FillGroup
  | ChangeGroup
  | JoinGroup
  | AnswerJoin
  | InviteMembers
  | KickMembers
  | LeaveGroup
  | TransferGroup
  | DismissGroup
  | MuteMember
  | MuteGroup
  | ChangeMembers
  | DisbandGroup
  | ShowProfile;

export type GroupRefusal =
  | 'args/invalid'
  | 'group/unknown'
  | 'group/exists'
  | 'group/dismissed'
  | 'group/not-member'
  | 'group/not-allowed'
  | 'group/owner-stays'
  | 'group/member-already'
  | 'group/too-many'
  | 'group/no-request'
  | 'group/request-handled';
