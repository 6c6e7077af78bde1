import type { GroupActor, GroupCommand, NewGroup } from '../../core/group/commands.ts';
import { groupDecider } from '../../core/group/decider.ts';
import type { GroupEvent } from '../../core/group/events.ts';
import { groupsHandler, type GroupWriters } from '../../core/group/handler.ts';
import type { Decided } from '../../core/kernel/decider.ts';
import type { EventLog } from '../../core/kernel/eventLog.ts';
import type { EventId, GroupId, UserId } from '../../core/kernel/ids.ts';
import type { User } from '../../core/user/decider.ts';
import { openGroupWriters } from '../../infra/app/capabilities/groupWriters.ts';
import { deriveId } from '../../infra/ids.ts';
import { ann, by } from './people.ts';

export const decider = groupDecider(deriveId);

export const team = 'team' as GroupId;
export const NOW = 1_000_000;

export const member = (user: UserId): GroupActor => ({ user, admin: false });
/** An app admin, who need not be in the group. */
export const root: GroupActor = { user: 'root' as UserId, admin: true };

export const named = (count: number, prefix = 'u'): readonly UserId[] =>
  Array.from({ length: count }, (_, index) => `${prefix}${String(index)}` as UserId);

/** Open to who asks, unless said otherwise. */
export const newGroup = (wish: Partial<NewGroup> = {}): NewGroup => ({
  owner: ann,
  admins: [],
  members: [],
  creator: ann,
  rules: { verification: 0, lookMemberInfo: 0, applyMemberFriend: 0 },
  profile: { name: 'Team', introduction: '', faceUrl: '', ex: '' },
  announcement: '',
  ...wish,
});

type DataOf<Type extends GroupCommand['type']> = Extract<GroupCommand, { type: Type }>['data'];

export const commandOf = <Type extends GroupCommand['type']>(
  type: Type,
  data: Omit<DataOf<Type>, 'group'>,
  id = 'id-now',
): GroupCommand =>
  // The two are of one command: that is what the parameters say.
  ({
    type,
    id: id as EventId,
    at: NOW,
    meta: by(ann),
    data: { group: team, ...data },
  }) as unknown as GroupCommand;

type FactOf<Type extends GroupEvent['type']> = Extract<GroupEvent, { type: Type }>['data'];

/** Ids count from the command's own: the first event has it. */
export const factOf = <Type extends GroupEvent['type']>(
  type: Type,
  data: Omit<FactOf<Type>, 'group'>,
  index = 0,
): Decided<GroupEvent> =>
  ({
    type,
    id: index === 0 ? 'id-now' : deriveId('id-now', String(index)),
    data: { group: team, ...data },
  }) as unknown as Decided<GroupEvent>;

export const created = (wish: Partial<FactOf<'GroupCreated'>> = {}): Decided<GroupEvent> => {
  const { announcement: _, ...made } = newGroup();
  return factOf('GroupCreated', { ...made, version: 1, by: ann, ...wish });
};

/** A process over a log: all users are registered but those named `nobody…`. */
export const groupsOver = (
  log: EventLog,
  more: Partial<Readonly<{ historyVisible: boolean; now: () => number }>> = {},
) => {
  const writers: GroupWriters = openGroupWriters(log, {
    clock: () => 0,
    pause: () => Promise.resolve(),
  });
  const registered: User = {
    status: 'registered',
    registration: 'id-registered' as EventId,
    level: 1,
    globalReceive: 0,
    profile: { nickname: '', faceUrl: '', ex: '' },
  };
  let made = 0;
  const groups = groupsHandler({
    writers,
    userOf: (user) =>
      Promise.resolve(user.startsWith('nobody') ? { status: 'unknown' } : registered),
    historyVisible: true,
    deriveId,
    newId: () => deriveId('test', String((made += 1))),
    now: () => NOW,
    ...more,
  });
  return { writers, ...groups };
};
