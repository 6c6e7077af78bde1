import type { GroupActor, MemberChange } from '../../core/group/commands.ts';
import type { MemberNotes, Role } from '../../core/group/events.ts';
import type { Meta } from '../../core/kernel/fact.ts';
import type { GroupId, Millis, UserId } from '../../core/kernel/ids.ts';
import type { CallbackRefusal } from '../../core/conversation/ports.ts';
import type { Refused } from '../../core/kernel/decider.ts';
import type { Fields } from '../openim/callbackAnswer.ts';
import type { Done, Groups, Refused as RefusedCall } from '../ports.ts';
import type { Question } from './ask.ts';
import { present, roleIn, textIn, Wrong } from './fields.ts';

const MEMBERS_MAX = 1_000;
const SECOND: Millis = 1_000;
/** OpenIM's uint32. */
const SECONDS_MAX = 2 ** 32 - 1;

/** How one who comes in is to be, as the app server wants it. */
type Wish = Readonly<{ user: UserId; notes: MemberNotes; role?: Role; mutedUntil: Millis }>;

/** `by`: the endpoint's name. */
export type Newcomers = Readonly<{ wishes: readonly Wish[]; by: string }>;

const NOBODY: Newcomers = { wishes: [], by: '' };

const muteEndIn = (fields: Fields): Millis => {
  const end = fields['muteEndTime'] ?? 0;
  if (typeof end === 'number' && Number.isSafeInteger(end) && end >= 0) return end;
  throw new Wrong('memberCallbackList.muteEndTime: must be a time in milliseconds');
};

const wishIn = (entry: unknown, among: readonly string[]): Wish | undefined => {
  if (typeof entry !== 'object' || entry === null) {
    throw new Wrong('memberCallbackList: must be a list of objects');
  }
  const fields = entry as Fields;
  const user = textIn(fields, 'userID');
  // Others are none of this call's, and are passed over.
  if (user === undefined || !among.includes(user)) return undefined;
  const role = roleIn(fields, 'memberCallbackList.');
  const notes: MemberNotes = present({
    nickname: textIn(fields, 'nickname'),
    faceUrl: textIn(fields, 'faceURL'),
    ex: textIn(fields, 'ex'),
  });
  return {
    user: user as UserId,
    notes,
    ...(role !== undefined && { role }),
    mutedUntil: muteEndIn(fields),
  };
};

const wishesIn = (fields: Fields, among: readonly UserId[]): readonly Wish[] => {
  const list = fields['memberCallbackList'] ?? [];
  if (!Array.isArray(list) || list.length > MEMBERS_MAX) {
    throw new Wrong(`memberCallbackList: must be a list of at most ${String(MEMBERS_MAX)}`);
  }
  const wishes = new Map<UserId, Wish>();
  for (const entry of list) {
    const wish = wishIn(entry, among);
    if (wish !== undefined) wishes.set(wish.user, wish);
  }
  return [...wishes.values()];
};

/** Asks about those who are about to come into a group. */
export const askAboutNewcomers = async (
  question: Question | undefined,
  { group, users }: Readonly<{ group: string; users: readonly UserId[] }>,
  meta: Meta,
): Promise<Newcomers | Refused<CallbackRefusal>> => {
  if (question === undefined || users.length === 0) return NOBODY;
  const memberList = users.map((userID) => ({ userID, ex: '' }));
  const answer = await question.ask({ groupID: group, memberList, groupEx: '' }, meta);
  if (answer.kind === 'refused') return answer;
  try {
    return { wishes: wishesIn(answer.fields, users), by: answer.by };
  } catch (error) {
    if (!(error instanceof Wrong)) throw error;
    const unusable = question.unusable(error.message, meta);
    return unusable.kind === 'refused' ? unusable : NOBODY;
  }
};

/** Those that change nothing are left out. */
const changesFor = (group: GroupId, wishes: readonly Wish[]): readonly MemberChange[] =>
  wishes
    .filter(({ notes, role }) => role !== undefined || Object.keys(notes).length > 0)
    .map(({ user, notes, role }) => ({
      group,
      user,
      ...(role !== undefined && { role }),
      ...(Object.keys(notes).length > 0 && { notes }),
    }));

type Settling = Readonly<{
  groups: Pick<Groups, 'changeMembers' | 'muteMember'>;
  question: Question | undefined;
  now: () => Millis;
}>;

/**
 * They are in, and are now made as the app server wants them. What cannot be done of that is logged and leaves
 * them as they are: nobody is thrown out again for it.
 */
export const settleNewcomers =
  ({ groups, question, now }: Settling) =>
  async <D extends Done>(
    done: D | RefusedCall,
    { wishes, by: endpoint }: Newcomers,
    { group, by, meta }: Readonly<{ group: GroupId; by: UserId; meta: Meta }>,
  ): Promise<D | RefusedCall> => {
    if (done.kind === 'refused' || wishes.length === 0) return done;
    const modified: Meta = { ...meta, modifiedBy: endpoint };
    const actor: GroupActor = { user: by, admin: true };
    const changes = changesFor(group, wishes);
    const at = now();
    const muted = wishes.filter(({ mutedUntil }) => mutedUntil > at);
    const steps = [
      ...(changes.length > 0 ? [() => groups.changeMembers(changes, actor, modified)] : []),
      ...muted.map(({ user, mutedUntil }) => () => {
        const seconds = Math.min(Math.ceil((mutedUntil - at) / SECOND), SECONDS_MAX);
        return groups.muteMember({ group, user, seconds }, actor, modified);
      }),
    ];
    let { position } = done;
    for (const step of steps) {
      const did = await step();
      if (did.kind === 'refused') question?.unusable(`memberCallbackList: ${did.detail}`, meta);
      else position = did.position ?? position;
    }
    return position === undefined ? done : { ...done, position };
  };
