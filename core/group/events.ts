import type { Fact, Personal } from '../kernel/fact.ts';
import type { GroupId, Millis, UserId } from '../kernel/ids.ts';

/** 100 owner, 60 admin, 20 member (OpenIM's roleLevel). */
export type Role = 100 | 60 | 20;

/**
 * Who has to be asked before somebody joins: 0 who applies, not who is invited; 1 everybody but whom an
 * owner or admin invites; 2 nobody (OpenIM's needVerification).
 */
export type Verification = 0 | 1 | 2;

/** What a group says of itself; sealed with a key of the group's own (`groupSubject`). */
export type GroupProfile = { name: string; introduction: string; faceUrl: string; ex: string };

/** What the members may see and do of each other: 0 allowed, 1 forbidden. Clients act on it, nobody else. */
export type GroupRules = {
  verification: Verification;
  lookMemberInfo: 0 | 1;
  applyMemberFriend: 0 | 1;
};

/** How a member shows itself in this group; absent: as it was, and at first as in its profile. */
export type MemberNotes = { nickname?: string; faceUrl?: string; ex?: string };

/**
 * Every change that members see takes the next version of the group's list of members: 1, 2, 3, … Clients
 * apply a notice by themselves only if its version is the one after theirs, so one notice is one version.
 * Where an event leads to several notices (`NAMED_MAX` members in each), it takes as many: `version` is
 * the last of them.
 */
export type Versioned = { version: number };

/** Members that one notice names at most: its content has to fit a message (decisions 6.2). */
export const NAMED_MAX = 50;
/** Members that one event names at most. */
export const MEMBERS_PER_EVENT_MAX = 1_000;
export const MEMBERS_MAX = 100_000;

/** Whether the members are told by a line in the chat; absent: as it is by default for that notice. */
export type Told = { line?: boolean };

/** `members` are all others; those beyond `MEMBERS_PER_EVENT_MAX` follow in `MembersAdded`. */
export type GroupCreated = Fact<
  'GroupCreated',
  Versioned &
    Told & {
      group: GroupId;
      owner: UserId;
      admins: readonly UserId[];
      members: readonly UserId[];
      /** Whom the app names as its creator; the one who acted is in the metadata. */
      creator: UserId;
      rules: Readonly<GroupRules>;
      profile: Personal<GroupProfile>;
      /** Said by `by`. */
      announcement?: Personal<{ text: string }>;
      by: UserId;
    }
>;

/** Only what has changed, and of one kind: the announcement, the name, or anything else. */
export type GroupChanged = Fact<
  'GroupChanged',
  Versioned & {
    group: GroupId;
    by: UserId;
    profile?: Personal<Partial<GroupProfile>>;
    /** Empty: there is none any more. */
    announcement?: Personal<{ text: string }>;
    rules?: Readonly<Partial<GroupRules>>;
  }
>;

/** They have come in: invited or brought in by `by`, or by themselves (`by` is then the only one of them). */
export type MembersAdded = Fact<
  'MembersAdded',
  Versioned &
    Told & {
      group: GroupId;
      users: readonly UserId[];
      by: UserId;
      /** Who has invited them; absent: they came by themselves. */
      inviter?: UserId;
      /** 0 by itself, 1 by an app admin, 2 by invitation, 3 by search, 4 by QR code (OpenIM's joinSource). */
      source: number;
      /** Whether they may see what was said before. As configured then: it never changes afterwards. */
      historyVisible: boolean;
    }
>;

export type MemberLeft = Fact<'MemberLeft', Versioned & { group: GroupId; user: UserId }>;

export type MembersKicked = Fact<
  'MembersKicked',
  Versioned &
    Told & {
      group: GroupId;
      users: readonly UserId[];
      by: UserId;
      /** Said by `by`. */
      reason?: Personal<{ text: string }>;
    }
>;

/** `user` asks to come in, or `inviter` asks for it. Asked anew, it waits again. */
export type JoinRequested = Fact<
  'JoinRequested',
  {
    group: GroupId;
    user: UserId;
    inviter?: UserId;
    source: number;
    /** Said by the inviter if there is one, by the user else (`applicantOf`). */
    application: Personal<{ message: string; ex: string }>;
  }
>;

/** Who is agreed to and is not in yet comes in by a `MembersAdded` of the same append. */
export type JoinAnswered = Fact<
  'JoinAnswered',
  {
    group: GroupId;
    user: UserId;
    by: UserId;
    agrees: boolean;
    answer?: Personal<{ message: string }>;
  }
>;

/** The two change roles. */
export type OwnerTransferred = Fact<
  'OwnerTransferred',
  Versioned & {
    group: GroupId;
    from: UserId;
    to: UserId;
    /** What the former owner is from now on: what the new one was. A reader of one member knows no other. */
    fromRole: Role;
    by: UserId;
  }
>;

export type MemberMuted = Fact<
  'MemberMuted',
  Versioned & { group: GroupId; user: UserId; by: UserId; until: Millis; seconds: number }
>;
export type MemberUnmuted = Fact<
  'MemberUnmuted',
  Versioned & { group: GroupId; user: UserId; by: UserId }
>;
export type GroupMuted = Fact<'GroupMuted', Versioned & { group: GroupId; by: UserId }>;
export type GroupUnmuted = Fact<'GroupUnmuted', Versioned & { group: GroupId; by: UserId }>;

/** Either a role or notes, not both: each is a notice of its own. */
export type MemberChanged = Fact<
  'MemberChanged',
  Versioned & {
    group: GroupId;
    user: UserId;
    by: UserId;
    role?: Role;
    notes?: Personal<MemberNotes>;
  }
>;

/** The profile that the member is shown with, for want of notes of its own, is another one. */
export type MemberProfileChanged = Fact<
  'MemberProfileChanged',
  Versioned & { group: GroupId; user: UserId }
>;

/** Nobody may say or change anything any more; the members are still there, for the line that says so. */
export type GroupDismissed = Fact<
  'GroupDismissed',
  Versioned & Told & { group: GroupId; by: UserId }
>;
/** Nobody is in it any more, which those who were are told. */
export type GroupDisbanded = Fact<'GroupDisbanded', { group: GroupId }>;

export type GroupEvent =
  | GroupCreated
  | GroupChanged
  | MembersAdded
  | MemberLeft
  | MembersKicked
  | JoinRequested
  | JoinAnswered
  | OwnerTransferred
  | MemberMuted
  | MemberUnmuted
  | GroupMuted
  | GroupUnmuted
  | MemberChanged
  | MemberProfileChanged
  | GroupDismissed
  | GroupDisbanded;

export const GROUP_PREFIX = 'group-';
export const groupStream = (group: GroupId): string => `${GROUP_PREFIX}${group}`;

/** The owner of the key that a group's texts are sealed with. No user id has an `@`. */
export const groupSubject = (group: GroupId): UserId => `@${group}` as UserId;

/** Whose words a request's application is. */
export const applicantOf = ({ user, inviter }: JoinRequested['data']): UserId => inviter ?? user;
