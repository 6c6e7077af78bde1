import type { GroupProfile, GroupRules, MemberNotes } from '../../core/group/events.ts';
import { isGroupId } from '../../core/group/ids.ts';
import type { Meta } from '../../core/kernel/fact.ts';
import type { GroupId, Millis, UserId } from '../../core/kernel/ids.ts';
import type { Fields } from '../openim/callbackAnswer.ts';
import { orNull } from '../openim/callbackFields.ts';
import { GROUP_TYPE_CHARACTER, newGroupFields } from '../openim/callbackGroup.ts';
import type { GroupActor, GroupChange, Groups, MemberChange, NewGroup } from '../ports.ts';
import { questionByCall, type Question, type QuestionOf } from './ask.ts';
import { present, roleIn, textIn, Wrong } from './fields.ts';
import { askAboutNewcomers, settleNewcomers } from './newcomers.ts';

const CHOICE_MAX = { needVerification: 2, lookMemberInfo: 1, applyMemberFriend: 1 } as const;

/** Commands by which users come into groups. */
const comingAskedFirst = (groups: Groups, questionOf: QuestionOf, now: () => Millis) => {
  const applying = questionOf('beforeApplyJoinGroup');
  const inviting = questionOf('beforeInviteUserToGroup');
  const entering = questionOf('beforeMemberJoinGroup');

  const settle = settleNewcomers({ groups, question: entering, now });
  const newcomers = (group: string, users: readonly UserId[], meta: Meta) =>
    askAboutNewcomers(entering, { group, users }, meta);
  /** Who would only ask to come in is asked about when the request is agreed to. */
  const comingIn = async (group: GroupId, users: readonly UserId[], inviter?: GroupActor) =>
    entering === undefined ? [] : groups.comingIn(group, users, inviter);

  const join: Groups['join'] = async (asked, meta) => {
    const { group, user, message, ex } = asked;
    const body = { groupID: group, groupType: GROUP_TYPE_CHARACTER, applyID: user };
    const said = await applying?.ask({ ...body, reqMessage: message, ex }, meta);
    if (said?.kind === 'refused') return said;
    const asWished = await newcomers(group, await comingIn(group, [user]), meta);
    if ('kind' in asWished) return asWished;
    return settle(await groups.join(asked, meta), asWished, { group, by: user, meta });
  };

  const answer: Groups['answer'] = async (given, by, meta) => {
    const { group, user, agrees } = given;
    const asWished = await newcomers(group, agrees ? [user] : [], meta);
    if ('kind' in asWished) return asWished;
    return settle(await groups.answer(given, by, meta), asWished, { group, by: by.user, meta });
  };

  const invite: Groups['invite'] = async (asked, by, meta) => {
    const { group, users, message: reason } = asked;
    const body = { groupID: group, reason, invitedUserIDs: users };
    const said = await inviting?.ask(body, meta);
    if (said?.kind === 'refused') return said;
    const asWished = await newcomers(group, await comingIn(group, users, by), meta);
    if ('kind' in asWished) return asWished;
    return settle(await groups.invite(asked, by, meta), asWished, { group, by: by.user, meta });
  };

  return { join, answer, invite, newcomers, settle };
};

/** Commands about groups, each after the app server has been asked. Those that are not configured cost nothing. */
export const groupsAskedFirst = (
  groups: Groups,
  questionOf: QuestionOf,
  now: () => Millis,
): Groups => {
  const creating = questionOf('beforeCreateGroup');
  const changing = questionByCall(questionOf, {
    info: 'beforeSetGroupInfo',
    infoEx: 'beforeSetGroupInfoEx',
  });
  const members = questionOf('beforeSetGroupMemberInfo');
  const coming = comingAskedFirst(groups, questionOf, now);

  const create: Groups['create'] = async (asked, by, meta, id) => {
    const wanted = await createdAs(asked, creating, meta);
    if ('kind' in wanted) return wanted;
    const { owner, admins, members: others, group = '' } = wanted.request;
    const asWished = await coming.newcomers(group, [owner, ...admins, ...others], meta);
    if ('kind' in asWished) return asWished;
    const made = await groups.create(wanted.request, by, wanted.meta, id);
    if (made.kind === 'refused') return made;
    return coming.settle(made, asWished, { group: made.group, by: by.user, meta });
  };

  const change: Groups['change'] = async (group, asked, by, meta) => {
    const question = changing?.(meta);
    if (question === undefined) return groups.change(group, asked, by, meta);
    const wanted = await changedAs(group, asked, question, meta);
    return 'kind' in wanted ? wanted : groups.change(group, wanted.request, by, wanted.meta);
  };

  const changeMembers: Groups['changeMembers'] = async (asked, by, meta) => {
    if (members === undefined) return groups.changeMembers(asked, by, meta);
    const wanted = await membersAs(asked, members, meta);
    return 'kind' in wanted ? wanted : groups.changeMembers(wanted.request, by, wanted.meta);
  };

  return {
    create,
    change,
    join: coming.join,
    answer: coming.answer,
    invite: coming.invite,
    kick: (...asked) => groups.kick(...asked),
    quit: (...asked) => groups.quit(...asked),
    transfer: (...asked) => groups.transfer(...asked),
    dismiss: (...asked) => groups.dismiss(...asked),
    muteMember: (...asked) => groups.muteMember(...asked),
    mute: (...asked) => groups.mute(...asked),
    changeMembers,
    roleOf: (...asked) => groups.roleOf(...asked),
    comingIn: (...asked) => groups.comingIn(...asked),
  };
};

const choiceIn = (fields: Fields, key: keyof typeof CHOICE_MAX): number | undefined => {
  const value = fields[key] ?? undefined;
  if (value === undefined) return undefined;
  const isChoice = typeof value === 'number' && Number.isInteger(value) && value >= 0;
  if (isChoice && value <= CHOICE_MAX[key]) return value;
  throw new Wrong(`${key}: must be 0 to ${String(CHOICE_MAX[key])}`);
};

const profileIn = (fields: Fields): Partial<GroupProfile> =>
  present({
    name: textIn(fields, 'groupName'),
    introduction: textIn(fields, 'introduction'),
    faceUrl: textIn(fields, 'faceURL'),
    ex: textIn(fields, 'ex'),
  });

const rulesIn = (fields: Fields): Partial<GroupRules> =>
  present({
    verification: choiceIn(fields, 'needVerification'),
    lookMemberInfo: choiceIn(fields, 'lookMemberInfo'),
    applyMemberFriend: choiceIn(fields, 'applyMemberFriend'),
  });

/** None, as an empty one, is for the server to give. */
const groupIdIn = (fields: Fields): GroupId | undefined => {
  const group = textIn(fields, 'groupID') ?? '';
  if (group === '') return undefined;
  if (isGroupId(group)) return group;
  throw new Wrong('groupID: must be letters, digits and -, 64 at most');
};

/** The request as the answer has it, with who has changed it if anything is different. */
const asAnswered = async <R>(
  request: R,
  { question, body, meta }: Readonly<{ question: Question; body: Fields; meta: Meta }>,
  read: (fields: Fields) => R,
) => {
  const answer = await question.ask(body, meta);
  if (answer.kind === 'refused') return answer;
  try {
    const wanted = read(answer.fields);
    // Compared with what an answer without changes leads to.
    const isSame = JSON.stringify(wanted) === JSON.stringify(read({}));
    return { request: wanted, meta: isSame ? meta : { ...meta, modifiedBy: answer.by } };
  } catch (error) {
    if (!(error instanceof Wrong)) throw error;
    const unusable = question.unusable(error.message, meta);
    return unusable.kind === 'refused' ? unusable : { request, meta };
  }
};

const createdAs = async (request: NewGroup, question: Question | undefined, meta: Meta) => {
  if (question === undefined) return { request, meta };
  const { group = '', rules, profile, announcement } = request;
  const body = { groupID: group, ...newGroupFields({ ...request, ...profile }) };
  return asAnswered(request, { question, body, meta }, (fields) => {
    const named = groupIdIn(fields) ?? request.group;
    return {
      ...request,
      ...(named !== undefined && { group: named }),
      rules: { ...rules, ...rulesIn(fields) },
      profile: { ...profile, ...profileIn(fields) },
      announcement: textIn(fields, 'notification') ?? announcement,
    };
  });
};

const changedAs = async (group: string, request: GroupChange, question: Question, meta: Meta) => {
  const { profile = {}, announcement, rules = {} } = request;
  const body = {
    groupID: group,
    ...orNull({
      groupName: profile.name,
      notification: announcement,
      introduction: profile.introduction,
      faceURL: profile.faceUrl,
      ex: profile.ex,
      needVerification: rules.verification,
      lookMemberInfo: rules.lookMemberInfo,
      applyMemberFriend: rules.applyMemberFriend,
    }),
  };
  return asAnswered(request, { question, body, meta }, (fields) => {
    const said = textIn(fields, 'notification') ?? announcement;
    const next = { ...profile, ...profileIn(fields) };
    const nextRules = { ...rules, ...rulesIn(fields) };
    return {
      ...(Object.keys(next).length > 0 && { profile: next }),
      ...(said !== undefined && { announcement: said }),
      ...(Object.keys(nextRules).length > 0 && { rules: nextRules }),
    };
  });
};

/** Each member is asked about. */
const membersAs = async (changes: readonly MemberChange[], question: Question, meta: Meta) => {
  const wanted = await Promise.all(
    changes.map(async (change) => {
      const { group, user, role, notes = {} } = change;
      const { nickname, faceUrl, ex } = notes;
      const shown = orNull({ nickName: nickname, faceURL: faceUrl, roleLevel: role, ex });
      const body = { groupID: group, userID: user, ...shown };
      return asAnswered(change, { question, body, meta }, (fields) => {
        const said: MemberNotes = present({
          nickname: textIn(fields, 'nickName'),
          faceUrl: textIn(fields, 'faceURL'),
          ex: textIn(fields, 'ex'),
        });
        const next = { ...notes, ...said };
        const level = roleIn(fields) ?? role;
        return {
          ...change,
          ...(level !== undefined && { role: level }),
          ...(Object.keys(next).length > 0 && { notes: next }),
        };
      });
    }),
  );
  const request: MemberChange[] = [];
  let changedMeta = meta;
  for (const each of wanted) {
    if ('kind' in each) return each;
    request.push(each.request);
    if (each.meta !== meta) changedMeta = each.meta;
  }
  return { request, meta: changedMeta };
};
