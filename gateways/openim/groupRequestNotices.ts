import { notificationOf, single } from '../../core/conversation/ids.ts';
import { applicantOf, type JoinAnswered, type JoinRequested } from '../../core/group/events.ts';
import { isErased, type Recorded } from '../../core/kernel/fact.ts';
import type { GroupId, UserId } from '../../core/kernel/ids.ts';
import type { Reaction } from '../../core/notice/reaction.ts';
import { groupRequest } from './group.ts';
import { castOfNotice } from './groupCast.ts';
import type { GroupNoticeDeps } from './groupTelling.ts';
import { joinAnsweredTips, joinApplicationTips, type TipsRequest } from './groupTips.ts';
import { CONTENT_TYPES } from './numbers.ts';
import { notificationOptions } from './options.ts';

type Said = NonNullable<Reaction['line']>;

/** The request as the lists have it; if they do not, what is known without them. In tips without its group. */
const requestOf = async (
  { lists, profileOf }: GroupNoticeDeps,
  group: GroupId,
  user: UserId,
): Promise<TipsRequest> => {
  const [found] = await lists.requestsOf(group, [user]);
  if (found !== undefined) return { ...groupRequest(found), groupInfo: null };
  const { nickname, faceUrl: faceURL, ex } = await profileOf(user);
  return {
    userInfo: { userID: user, nickname, faceURL, ex },
    groupInfo: null,
    handleResult: 0,
    reqMsg: '',
    handleMsg: '',
    reqTime: 0,
    handleUserID: '',
    handleTime: 0,
    ex: '',
    joinSource: 0,
    inviterUserID: '',
  };
};

/** From one to each of them, who may be oneself, once; a phone may be woken. */
const toEach = (
  from: UserId,
  users: readonly UserId[],
  contentType: number,
  contentFor: (user: UserId) => string,
): readonly Said[] =>
  [...new Set(users)].map((to) => ({
    conversation: notificationOf(single(from, to)),
    receiverOnly: true,
    data: {
      from,
      to,
      contentType,
      system: true,
      options: notificationOptions({ offlinePush: true }),
      body: { content: contentFor(to) },
    },
  }));

export const joinRequested = (
  deps: GroupNoticeDeps,
  { id, data, created: at, meta }: Recorded<JoinRequested>,
): Reaction => ({
  order: data.group,
  look: async () => {
    const { group, user, source, application } = data;
    const asker = applicantOf(data);
    const { message, ex } = isErased(application) ? { message: '', ex: '' } : application;
    const [managers, cast, profile, known] = await Promise.all([
      deps.lists.managers(group),
      castOfNotice(deps, { group, by: asker, named: [] }),
      deps.profileOf(asker),
      requestOf(deps, group, user),
    ]);
    // The lists may know a later request by now; this tells of the one that was made.
    const request: TipsRequest = {
      ...known,
      handleResult: 0,
      reqMsg: message,
      handleMsg: '',
      reqTime: at,
      handleUserID: '',
      handleTime: 0,
      ex,
      joinSource: source,
      inviterUserID: data.inviter ?? '',
    };
    const applicant = {
      userID: asker,
      nickname: profile.nickname,
      faceURL: profile.faceUrl,
      ex: profile.ex,
    };
    const content = joinApplicationTips(cast.group, applicant, {
      reqMsg: message,
      uuid: id,
      request,
    });
    const to = [...managers, asker, meta.actor as UserId];
    return toEach(asker, to, CONTENT_TYPES.joinGroupApplication, () => content);
  },
});

export const joinAnswered = (
  deps: GroupNoticeDeps,
  { id, data, created: at }: Recorded<JoinAnswered>,
): Reaction => ({
  order: data.group,
  look: async () => {
    const { group, user, by, agrees, answer } = data;
    const [managers, cast, known] = await Promise.all([
      deps.lists.managers(group),
      castOfNotice(deps, { group, by, named: [] }),
      requestOf(deps, group, user),
    ]);
    const handleMsg = answer === undefined || isErased(answer) ? '' : answer.message;
    const request = {
      ...known,
      handleResult: agrees ? 1 : -1,
      handleMsg,
      handleUserID: by,
      handleTime: at,
    };
    const contentType = agrees
      ? CONTENT_TYPES.groupApplicationAccepted
      : CONTENT_TYPES.groupApplicationRejected;
    return toEach(by, [...managers, user], contentType, (to) =>
      joinAnsweredTips(cast, {
        handleMsg,
        receiverAs: to === user ? 0 : 1,
        uuid: id,
        request,
      }),
    );
  },
});
