import type { UserId } from '../../core/kernel/ids.ts';
import type { Meta } from '../../core/kernel/fact.ts';
import { isUserId } from '../openim/user.ts';
import type { Blocks, Friends } from '../ports.ts';
import type { Question, QuestionOf } from './ask.ts';

/** OpenIM's number for agreeing to a request. */
const AGREE = 1;
const FRIENDS_MAX = 1_000;
const REMARK_LENGTH_MAX = 2_048;

/** Commands about friends, each after the app server has been asked. Those that are not configured cost nothing. */
export const friendsAskedFirst = (friends: Friends, questionOf: QuestionOf): Friends => {
  const adding = questionOf('beforeAddFriend');
  const agreeing = questionOf('beforeAddFriendAgree');
  const remarking = questionOf('beforeSetFriendRemark');
  const importing = questionOf('beforeImportFriends');

  const request: Friends['request'] = async (asked, meta) => {
    const { from, to, greeting, ex } = asked;
    const body = { fromUserID: from, toUserID: to, reqMsg: greeting, ex };
    const answer = await adding?.ask(body, meta);
    return answer?.kind === 'refused' ? answer : friends.request(asked, meta);
  };

  const answerTo: Friends['answer'] = async (given, meta) => {
    if (!given.agrees) return friends.answer(given, meta);
    const { from, to, message } = given;
    const body = { fromUserID: from, blackUserID: to, HandleResult: AGREE, HandleMsg: message };
    const answer = await agreeing?.ask(body, meta);
    return answer?.kind === 'refused' ? answer : friends.answer(given, meta);
  };

  const importAll: Friends['import'] = async (owner, users, meta) => {
    if (importing === undefined) return friends.import(owner, users, meta);
    const body = { ownerUserID: owner, friendUserIDs: users };
    const answer = await importing.ask(body, meta);
    if (answer.kind === 'refused') return answer;
    const wanted = answer.fields['friendUserIDs'] ?? [];
    if (Array.isArray(wanted) && wanted.length === 0) return friends.import(owner, users, meta);
    if (!isUserList(wanted)) {
      const unusable = importing.unusable('friendUserIDs: must be a list of user ids', meta);
      return unusable.kind === 'refused' ? unusable : friends.import(owner, users, meta);
    }
    const isSame = wanted.length === users.length && wanted.every((id, at) => id === users[at]);
    const by = isSame ? meta : { ...meta, modifiedBy: answer.by };
    return friends.import(owner, [...new Set(wanted)], by);
  };

  return {
    request,
    answer: answerTo,
    remove: (...asked) => friends.remove(...asked),
    configure:
      remarking === undefined
        ? (...asked) => friends.configure(...asked)
        : remarkAskedFirst(friends, remarking),
    import: importAll,
  };
};

const isUserList = (value: unknown): value is UserId[] =>
  Array.isArray(value) &&
  value.length <= FRIENDS_MAX &&
  value.every((id) => typeof id === 'string' && isUserId(id));

/** Each friend is asked about; what is not changed goes on as one command. */
const remarkAskedFirst =
  (friends: Friends, question: Question): Friends['configure'] =>
  async (owner, users, change, meta) => {
    const { remark } = change;
    if (remark === undefined) return friends.configure(owner, users, change, meta);
    const asked = await Promise.all(
      users.map(async (friend) => ({
        friend,
        said: await remarkFor(question, { owner, friend, remark }, meta),
      })),
    );
    const changed: { friend: UserId; remark: string; by: string }[] = [];
    for (const { friend, said } of asked) {
      if (said.kind === 'refused') return said;
      if (said.remark !== remark) changed.push({ friend, ...said });
    }
    const others = users.filter((user) => !changed.some(({ friend }) => friend === user));
    let last = await friends.configure(owner, others, change, meta);
    for (const { friend, remark: other, by } of changed) {
      if (last.kind === 'refused') return last;
      const modified = { ...meta, modifiedBy: by };
      last = await friends.configure(owner, [friend], { ...change, remark: other }, modified);
    }
    return last;
  };

const remarkFor = async (
  question: Question,
  { owner, friend, remark }: Readonly<{ owner: UserId; friend: UserId; remark: string }>,
  meta: Meta,
) => {
  const body = { ownerUserID: owner, friendUserID: friend, remark };
  const answer = await question.ask(body, meta);
  if (answer.kind === 'refused') return answer;
  const { by } = answer;
  const wanted = answer.fields['remark'] ?? '';
  if (wanted === '') return { kind: 'remark', remark, by } as const;
  if (typeof wanted === 'string' && wanted.length <= REMARK_LENGTH_MAX) {
    return { kind: 'remark', remark: wanted, by } as const;
  }
  const unusable = question.unusable('remark: must be text', meta);
  return unusable.kind === 'refused' ? unusable : ({ kind: 'remark', remark, by } as const);
};

export const blocksAskedFirst = (blocks: Blocks, questionOf: QuestionOf): Blocks => {
  const question = questionOf('beforeAddBlack');
  if (question === undefined) return blocks;
  return {
    block: async (asked, meta) => {
      const body = { ownerUserID: asked.owner, blackUserID: asked.blocked };
      const answer = await question.ask(body, meta);
      return answer.kind === 'refused' ? answer : blocks.block(asked, meta);
    },
    unblock: (...asked) => blocks.unblock(...asked),
  };
};
