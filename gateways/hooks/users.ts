import type { Meta } from '../../core/kernel/fact.ts';
import type { GlobalReceive, Profile } from '../../core/user/events.ts';
import type { Fields } from '../openim/callbackAnswer.ts';
import { isUserId } from '../openim/user.ts';
import type { NewUser, UserChange, Users } from '../ports.ts';
import { questionByCall, type Question, type QuestionFor, type QuestionOf } from './ask.ts';

/** As long as the calls of app servers take them. */
const NICKNAME_LENGTH_MAX = 255;
const FACE_URL_LENGTH_MAX = 2_048;
const EX_LENGTH_MAX = 16_384;
const USERS_MAX = 1_000;
const LEVEL_MAX = 4;
const RECEIVE_MAX = 2;

/** Commands about users, each after the app server has been asked. */
export const usersAskedFirst = (users: Users, questionOf: QuestionOf): Users => {
  const registering = questionOf('beforeUserRegister');
  const changing = questionByCall(questionOf, {
    info: 'beforeUpdateUserInfo',
    infoEx: 'beforeUpdateUserInfoEx',
  });
  return {
    find: (user) => users.find(user),
    register: (...asked) => users.register(...asked),
    change: (...asked) => users.change(...asked),
    ...(registering && { register: registerAskedFirst(users, registering) }),
    ...(changing && { change: changeAskedFirst(users, changing) }),
  };
};

const infoOf = ({ user, profile, level, globalReceive }: NewUser) => ({
  userID: user,
  nickname: profile.nickname,
  faceURL: profile.faceUrl,
  ex: profile.ex,
  createTime: 0,
  appMangerLevel: level,
  globalRecvMsgOpt: globalReceive,
});

const registerAskedFirst =
  (users: Users, question: Question): Users['register'] =>
  async (asked, meta) => {
    const answer = await question.ask({ users: asked.map(infoOf) }, meta);
    if (answer.kind === 'refused') return answer;
    const wanted = answer.fields['users'] ?? [];
    if (Array.isArray(wanted) && wanted.length === 0) return users.register(asked, meta);
    const read = newUsersIn(wanted);
    if (read === undefined) {
      const unusable = question.unusable('users: must be a list of users', meta);
      return unusable.kind === 'refused' ? unusable : users.register(asked, meta);
    }
    const isSame = JSON.stringify(read.map(infoOf)) === JSON.stringify(asked.map(infoOf));
    return users.register(read, isSame ? meta : modified(meta, answer.by));
  };

const modified = (meta: Meta, by: string): Meta => ({ ...meta, modifiedBy: by });

const isText = (value: unknown, most: number): value is string =>
  typeof value === 'string' && value.length <= most;

const isNumber = (value: unknown, most: number): value is number =>
  typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= most;

/** Undefined: what is there is no list of users, or names one twice. */
const newUsersIn = (value: unknown): readonly NewUser[] | undefined => {
  if (!Array.isArray(value) || value.length > USERS_MAX) return undefined;
  const read: NewUser[] = [];
  for (const entry of value) {
    const user = newUserIn(entry);
    if (user === undefined) return undefined;
    read.push(user);
  }
  return new Set(read.map(({ user }) => user)).size === read.length ? read : undefined;
};

const newUserIn = (entry: unknown): NewUser | undefined => {
  if (typeof entry !== 'object' || entry === null) return undefined;
  const given: Fields = { faceURL: '', ex: '', appMangerLevel: 0, globalRecvMsgOpt: 0, ...entry };
  const { userID, nickname, faceURL, ex, appMangerLevel, globalRecvMsgOpt } = given;
  const isUser =
    typeof userID === 'string' &&
    isUserId(userID) &&
    nickname !== '' &&
    isProfile({ nickname, faceURL, ex }) &&
    isNumber(appMangerLevel, LEVEL_MAX) &&
    isNumber(globalRecvMsgOpt, RECEIVE_MAX);
  if (!isUser) return undefined;
  return {
    user: userID,
    level: appMangerLevel,
    globalReceive: globalRecvMsgOpt as GlobalReceive,
    profile: { nickname, faceUrl: faceURL, ex } as Profile,
  };
};

const isProfile = ({ nickname, faceURL, ex }: Fields): boolean =>
  isText(nickname, NICKNAME_LENGTH_MAX) &&
  isText(faceURL, FACE_URL_LENGTH_MAX) &&
  isText(ex, EX_LENGTH_MAX);

const changeAskedFirst =
  (users: Users, questionFor: QuestionFor): Users['change'] =>
  async (user, change, meta) => {
    const question = questionFor(meta);
    if (question === undefined) return users.change(user, change, meta);
    const { nickname = null, faceUrl = null, ex = null } = change.profile ?? {};
    const body = { userID: user, nickName: nickname, faceURL: faceUrl, ex };
    const answer = await question.ask(body, meta);
    if (answer.kind === 'refused') return answer;
    const profile = profileIn(answer.fields);
    if (profile === undefined) {
      const unusable = question.unusable('nickName, faceURL and ex: must be text', meta);
      return unusable.kind === 'refused' ? unusable : users.change(user, change, meta);
    }
    const next: UserChange = { ...change, profile: { ...change.profile, ...profile } };
    const isSame = Object.entries(profile).every(
      ([key, value]) => change.profile?.[key as keyof Profile] === value,
    );
    return isSame
      ? users.change(user, change, meta)
      : users.change(user, next, modified(meta, answer.by));
  };

const profileIn = (fields: Fields): Partial<Profile> | undefined => {
  const [nickname, faceUrl, ex] = ['nickName', 'faceURL', 'ex'].map((key) => fields[key] ?? null);
  const isRight = (value: unknown, most: number) => value === null || isText(value, most);
  if (!isRight(nickname, NICKNAME_LENGTH_MAX)) return undefined;
  if (!isRight(faceUrl, FACE_URL_LENGTH_MAX) || !isRight(ex, EX_LENGTH_MAX)) return undefined;
  return Object.fromEntries(
    Object.entries({ nickname, faceUrl, ex }).filter(([, value]) => value !== null),
  );
};
