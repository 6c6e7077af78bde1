import type { Standing, StandingIn } from '../../../core/conversation/ports.ts';
import { groupsHandler } from '../../../core/group/handler.ts';
import { hasBeenIn, memberOf, type Group } from '../../../core/group/state.ts';
import type { PartIn } from '../../../core/inbox/ports.ts';
import type { EventId, Millis, UserId } from '../../../core/kernel/ids.ts';
import type { User } from '../../../core/user/decider.ts';
import type { Groups } from '../../../gateways/ports.ts';
import { deriveId } from '../../ids.ts';
import type { Freshness } from './freshness.ts';
import type { Writers } from './writers.ts';

type GroupDeps = Readonly<{
  config: Readonly<{ groupHistory: boolean }>;
  writers: Pick<Writers, 'groups'>;
  users: Readonly<{ state: (user: UserId) => Promise<User> }>;
  newId: () => EventId;
  now: () => Millis;
}>;

const standingOf = (group: Group, user: UserId): Standing => {
  const { status, muted } = group;
  const member = memberOf(group, user);
  return {
    status: status === 'disbanded' ? 'dismissed' : status,
    role: member?.role,
    mutedUntil: member?.mutedUntil ?? 0,
    groupMuted: muted,
  };
};

/** Who is in which group, and who may do what there. */
export const openGroups = ({ config, writers, users, newId, now }: GroupDeps) =>
  groupsHandler({
    writers: writers.groups,
    userOf: users.state,
    historyVisible: config.groupHistory,
    deriveId,
    newId,
    now,
  }) satisfies Groups;

/**
 * What sending and reading must know of a group: most of the time at once, from the state that this process
 * keeps. What it keeps is worth nothing while it does not see what others write; then nobody is let in on it.
 */
export const openStandings = (
  groups: Pick<ReturnType<typeof openGroups>, 'atHand' | 'state'>,
  fresh: Freshness,
): Readonly<{ standing: StandingIn; partIn: PartIn }> => ({
  standing: (group, user) => {
    const kept = groups.atHand(group);
    if (kept !== undefined && fresh.isFresh()) return standingOf(kept, user);
    return (async () =>
      (await fresh.proven()) ? standingOf(await groups.state(group), user) : 'behind')();
  },
  partIn: async (group, user) => {
    const state = groups.atHand(group) ?? (await groups.state(group));
    if (state.status === 'unknown') return 'no-group';
    return hasBeenIn(state, user) ? 'part' : 'none';
  },
});
