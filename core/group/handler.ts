import { isRefused, done, type Result } from '../kernel/call.ts';
import type { DeriveId, EventId, GroupId, Millis, UserId } from '../kernel/ids.ts';
import type { Meta } from '../kernel/fact.ts';
import type { StreamWriters } from '../kernel/writer.ts';
import type { FollowUpCommand } from '../notice/reactor.ts';
import { changeFault, joinFault, messageFault, secondsFault, usersFault } from './check.ts';
import type { GroupActor, GroupChange, GroupCommand, GroupRefusal } from './commands.ts';
import { comingIn } from './coming.ts';
import { createHandler } from './create.ts';
import { groupStream, type GroupEvent, type Role } from './events.ts';
import { changeMembersHandler, inviteHandler } from './many.ts';
import type { UserOf } from './ports.ts';
import { memberOf, membersOf, type Group } from './state.ts';
import { unregistered } from './users.ts';

export type GroupWriters = StreamWriters<GroupCommand, GroupEvent, Group, GroupRefusal>;

export type GroupsRefusal = GroupRefusal | 'user/unknown' | 'service/unavailable';

export type GroupDeps = Readonly<{
  writers: GroupWriters;
  userOf: UserOf;
  /** Whether newcomers may see what was said before they came. */
  historyVisible: boolean;
  deriveId: DeriveId;
  newId: () => EventId;
  now: () => Millis;
}>;

const handlerOf =
  ({ writers }: GroupDeps) =>
  async (command: GroupCommand): Result<GroupRefusal> => {
    const handled = await writers.handle(command);
    return isRefused(handled) ? handled : done({}, handled.position);
  };

const callOf =
  ({ newId, now }: GroupDeps) =>
  (meta: Meta) => ({ id: newId(), at: now(), meta });

/** Who comes and goes. */
const peopleCalls = (deps: GroupDeps) => {
  const { userOf, historyVisible } = deps;
  const [handle, call] = [handlerOf(deps), callOf(deps)];
  return {
    join: async (
      request: Readonly<{
        group: GroupId;
        user: UserId;
        message: string;
        ex: string;
        source: number;
      }>,
      meta: Meta,
    ): Result<GroupsRefusal> => {
      const { user, message, ex, source } = request;
      const fault =
        joinFault(source, message, ex) ?? (await unregistered(userOf, 'inviterUserID', [user]));
      if (fault !== undefined) return fault;
      return handle({ ...call(meta), type: 'JoinGroup', data: { ...request, historyVisible } });
    },

    answer: async (
      request: Readonly<{ group: GroupId; user: UserId; agrees: boolean; message: string }>,
      by: GroupActor,
      meta: Meta,
    ): Result<GroupsRefusal> => {
      const fault = messageFault('handledMsg', request.message);
      if (fault !== undefined) return fault;
      const data = { ...request, by, historyVisible };
      return handle({ ...call(meta), type: 'AnswerJoin', data });
    },

    kick: async (
      request: Readonly<{
        group: GroupId;
        users: readonly UserId[];
        reason?: string;
        line?: boolean;
      }>,
      by: GroupActor,
      meta: Meta,
    ): Result<GroupsRefusal> => {
      const fault =
        usersFault('kickedUserIDs', request.users) ?? messageFault('reason', request.reason ?? '');
      if (fault !== undefined) return fault;
      return handle({ ...call(meta), type: 'KickMembers', data: { ...request, by } });
    },

    quit: (group: GroupId, user: UserId, meta: Meta): Result<GroupsRefusal> =>
      handle({ ...call(meta), type: 'LeaveGroup', data: { group, user } }),
  };
};

/** What it says of itself, and who may do what. */
const standingCalls = (deps: GroupDeps) => {
  const [handle, call] = [handlerOf(deps), callOf(deps)];
  return {
    change: async (
      group: GroupId,
      { announcement, ...change }: GroupChange,
      by: GroupActor,
      meta: Meta,
    ): Result<GroupsRefusal> => {
      const wish =
        announcement === undefined ? change : { ...change, announcement: announcement.trim() };
      const fault = changeFault(wish);
      if (fault !== undefined) return fault;
      return handle({ ...call(meta), type: 'ChangeGroup', data: { group, ...wish, by } });
    },

    transfer: (
      request: Readonly<{ group: GroupId; from: UserId; to: UserId }>,
      by: GroupActor,
      meta: Meta,
    ): Result<GroupsRefusal> =>
      handle({ ...call(meta), type: 'TransferGroup', data: { ...request, by } }),

    dismiss: (
      request: Readonly<{ group: GroupId; disband: boolean; line?: boolean }>,
      by: GroupActor,
      meta: Meta,
    ): Result<GroupsRefusal> =>
      handle({ ...call(meta), type: 'DismissGroup', data: { ...request, by } }),

    muteMember: async (
      request: Readonly<{ group: GroupId; user: UserId; seconds: number }>,
      by: GroupActor,
      meta: Meta,
    ): Result<GroupsRefusal> => {
      const fault = secondsFault(request.seconds);
      if (fault !== undefined) return fault;
      return handle({ ...call(meta), type: 'MuteMember', data: { ...request, by } });
    },

    mute: (group: GroupId, muted: boolean, by: GroupActor, meta: Meta): Result<GroupsRefusal> =>
      handle({ ...call(meta), type: 'MuteGroup', data: { group, muted, by } }),
  };
};

/** Streams of groups, and no other way to them. Checked whole before anything is appended. */
export const groupsHandler = (deps: GroupDeps) => {
  const { writers } = deps;
  const handle = handlerOf(deps);
  return {
    ...peopleCalls(deps),
    ...standingCalls(deps),
    create: createHandler(deps),
    invite: inviteHandler(deps),
    changeMembers: changeMembersHandler(deps),

    /** What follows from a fact. None of it is ever refused: where there is nothing to do, nothing is done. */
    follow: async (command: FollowUpCommand): Promise<void> => {
      await handle(command);
    },

    roleOf: async (group: GroupId, user: UserId): Promise<Role | undefined> =>
      memberOf(await writers.state(groupStream(group)), user)?.role,
    comingIn: async (
      group: GroupId,
      users: readonly UserId[],
      inviter?: GroupActor,
    ): Promise<readonly UserId[]> =>
      comingIn(await writers.state(groupStream(group)), users, inviter),
    /** Empty where there is no such group, or nobody is in it any more. */
    membersOf: async (
      group: GroupId,
    ): Promise<Readonly<{ count: number; users: () => readonly UserId[] }>> => {
      const state = await writers.state(groupStream(group));
      return { count: state.memberCount, users: () => membersOf(state) };
    },
    state: (group: GroupId): Promise<Group> => writers.state(groupStream(group)),
    atHand: (group: GroupId): Group | undefined => writers.kept(groupStream(group)),
  };
};
