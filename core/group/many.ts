import { done, isRefused, newestOf, type Result } from '../kernel/call.ts';
import type { Meta } from '../kernel/fact.ts';
import type { GroupId, UserId } from '../kernel/ids.ts';
import { membersFault, messageFault, usersFault } from './check.ts';
import { invite } from './coming.ts';
import type { ChangeMembers, GroupActor, InviteMembers, MemberChange } from './commands.ts';
import { groupStream } from './events.ts';
import type { GroupDeps, GroupsRefusal } from './handler.ts';
import { changeMembers } from './standing.ts';
import { unregistered } from './users.ts';

/**
 * Calls that may lead to more events than one append takes. All of it is decided on what is known first, and
 * only then some at a time; so only a race or a crash leaves a part, which the same call completes.
 */
const AT_ONCE_MAX = 200;
/** Half of what an append takes: a unit of text is 3 bytes of UTF-8 at most, and sealed a third more. */
const BYTES_MAX = 256 * 1024;
const BYTES_PER_UNIT = 4;
const EVENT_BYTES = 700;

const inParts = <T>(items: readonly T[], unitsOf: (item: T) => number): readonly T[][] => {
  const parts: T[][] = [];
  let bytes = 0;
  for (const item of items) {
    const own = EVENT_BYTES + unitsOf(item) * BYTES_PER_UNIT;
    const part = parts.at(-1);
    if (part === undefined || part.length === AT_ONCE_MAX || bytes + own > BYTES_MAX) {
      parts.push([item]);
      bytes = own;
    } else {
      part.push(item);
      bytes += own;
    }
  }
  return parts;
};

const inTurn = async (
  { writers }: Pick<GroupDeps, 'writers'>,
  commands: readonly (InviteMembers | ChangeMembers)[],
): Result<GroupsRefusal> => {
  const handled = [];
  for (const command of commands) {
    const one = await writers.handle(command);
    if (isRefused(one)) return one;
    handled.push(one);
  }
  return done({}, newestOf(handled));
};

export const inviteHandler =
  (deps: GroupDeps) =>
  async (
    request: Readonly<{
      group: GroupId;
      users: readonly UserId[];
      message: string;
      line?: boolean;
    }>,
    by: GroupActor,
    meta: Meta,
  ): Result<GroupsRefusal> => {
    const { group, users, message } = request;
    const { writers, userOf, historyVisible, newId, now } = deps;
    const fault =
      usersFault('invitedUserIDs', users) ??
      messageFault('reason', message) ??
      (await unregistered(userOf, 'invitedUserIDs', users));
    if (fault !== undefined) return fault;
    const commandFor = (some: readonly UserId[]): InviteMembers => ({
      type: 'InviteMembers',
      id: newId(),
      at: now(),
      meta,
      data: { ...request, users: some, by, historyVisible },
    });
    const whole = invite(commandFor(users), await writers.state(groupStream(group)));
    if (isRefused(whole)) return whole;
    return inTurn(deps, inParts(users, () => message.length).map(commandFor));
  };

const textOf = ({ notes = {} }: Pick<MemberChange, 'notes'>): number =>
  Object.values(notes).reduce((units, text) => units + text.length, 0);

export const changeMembersHandler =
  (deps: GroupDeps) =>
  async (changes: readonly MemberChange[], by: GroupActor, meta: Meta): Result<GroupsRefusal> => {
    const { writers, newId, now } = deps;
    const fault = membersFault(changes);
    if (fault !== undefined) return fault;
    const commandFor = (group: GroupId, some: ChangeMembers['data']['changes']): ChangeMembers => ({
      type: 'ChangeMembers',
      id: newId(),
      at: now(),
      meta,
      data: { group, changes: some, by },
    });
    const byGroup = new Map<GroupId, MemberChange[]>();
    // One's own last: who lowers oneself may do no more to others.
    const [others, own] = [
      changes.filter(({ user }) => user !== by.user),
      changes.filter(({ user }) => user === by.user),
    ];
    for (const change of [...others, ...own]) {
      const of = byGroup.get(change.group);
      if (of === undefined) byGroup.set(change.group, [change]);
      else of.push(change);
    }
    const commands: ChangeMembers[] = [];
    for (const [group, of] of byGroup) {
      const whole = changeMembers(commandFor(group, of), await writers.state(groupStream(group)));
      if (isRefused(whole)) return whole;
      commands.push(...inParts(of, textOf).map((some) => commandFor(group, some)));
    }
    return inTurn(deps, commands);
  };
