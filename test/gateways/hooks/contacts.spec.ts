import { describe, expect, test } from 'vitest';
import type { UserId } from '../../../core/kernel/ids.ts';
import type { Before, Call, Endpoint } from '../../../core/webhook/ports.ts';
import { openQuestions } from '../../../gateways/hooks/ask.ts';
import { blocksAskedFirst, friendsAskedFirst } from '../../../gateways/hooks/contacts.ts';
import { usersAskedFirst } from '../../../gateways/hooks/users.ts';
import type { BeforeName } from '../../../gateways/openim/callbacks.ts';
import type { Blocks, Friends, Users } from '../../../gateways/ports.ts';
import { ann, bob, by, cat } from '../../support/people.ts';
import { FakeLog } from '../../support/wsFakes.ts';

const settings: Before = {
  timeout: 1_000,
  failedContinue: false,
  filter: { allowedTypes: [], deniedTypes: [], attentionIds: new Set() },
};

/** Whatever is done is noted with the arguments it was done with. */
const noted = <T extends object>(names: readonly (keyof T & string)[]) => {
  const done: unknown[][] = [];
  const commands = Object.fromEntries(
    names.map((name) => [
      name,
      (...args: unknown[]) => {
        done.push([name, ...args]);
        return Promise.resolve({ kind: 'done' });
      },
    ]),
  ) as unknown as T;
  return { done, commands };
};

type Answer = Readonly<Record<string, unknown>>;

const app = (name: BeforeName, answer: Answer | ((body: string) => Answer)) => {
  const calls: unknown[] = [];
  const endpoint: Endpoint = {
    name: 'crm',
    url: 'http://app.example.com/',
    keys: [],
    allowPrivate: false,
    convention: 'v3',
    giveUpAfter: 1,
    before: new Map([[name, settings]]),
    after: new Map(),
  };
  const questionOf = openQuestions({
    endpoints: [endpoint],
    post: async (_, { body }: Call) => {
      calls.push(JSON.parse(body));
      const said = typeof answer === 'function' ? answer(body) : answer;
      return { kind: 'answered', status: 200, body: JSON.stringify(said) };
    },
    log: new FakeLog(),
  });
  const friends = noted<Friends>(['request', 'answer', 'remove', 'configure', 'import']);
  const blocks = noted<Blocks>(['block', 'unblock']);
  const users = noted<Users>(['register', 'change', 'find']);
  return {
    calls,
    done: () => [...friends.done, ...blocks.done, ...users.done],
    friends: friendsAskedFirst(friends.commands, questionOf),
    blocks: blocksAskedFirst(blocks.commands, questionOf),
    users: usersAskedFirst(users.commands, questionOf),
  };
};

const META = by('ann');
const CHANGED = { ...META, modifiedBy: 'crm' };
/** OpenIM's two calls that change a user. */
const PLAIN = { ...META, call: 'info' } as const;
const EX = { ...META, call: 'infoEx' } as const;
const NO = { actionCode: 0, nextCode: 1, errCode: 5001, errMsg: 'no' };
const REFUSED = { kind: 'refused', reason: 'callback/refused', own: { code: 5001, message: 'no' } };
const asking = { from: ann, to: bob, greeting: 'hey', ex: '' };
const agreeing = { from: ann, to: bob, agrees: true, message: 'ok' };
const newUser = (user: UserId, nickname: string) =>
  ({
    user,
    level: 1,
    globalReceive: 0,
    profile: { nickname, faceUrl: '', ex: '' },
  }) as const;

type App = ReturnType<typeof app>;

describe('[HOK-11] the app server is asked before', () => {
  test.each<[BeforeName, (a: App) => Promise<unknown>, object]>([
    [
      'beforeAddFriend',
      ({ friends }) => friends.request(asking, META),
      { fromUserID: 'ann', toUserID: 'bob', reqMsg: 'hey', ex: '' },
    ],
    [
      'beforeAddFriendAgree',
      ({ friends }) => friends.answer(agreeing, META),
      { fromUserID: 'ann', blackUserID: 'bob', HandleResult: 1, HandleMsg: 'ok' },
    ],
    [
      'beforeSetFriendRemark',
      ({ friends }) => friends.configure(ann, [bob], { remark: 'B' }, META),
      { ownerUserID: 'ann', friendUserID: 'bob', remark: 'B' },
    ],
    [
      'beforeImportFriends',
      ({ friends }) => friends.import(ann, [bob], META),
      { ownerUserID: 'ann', friendUserIDs: ['bob'] },
    ],
    [
      'beforeAddBlack',
      ({ blocks }) => blocks.block({ owner: ann, blocked: bob, ex: '' }, META),
      { ownerUserID: 'ann', blackUserID: 'bob' },
    ],
    [
      'beforeUserRegister',
      ({ users }) => users.register([newUser(ann, 'Ann')], META),
      { users: [{ userID: 'ann', nickname: 'Ann', faceURL: '', ex: '', appMangerLevel: 1 }] },
    ],
    [
      'beforeUpdateUserInfo',
      ({ users }) => users.change(ann, { profile: { nickname: 'An' } }, PLAIN),
      { userID: 'ann', nickName: 'An', faceURL: null, ex: null },
    ],
    [
      'beforeUpdateUserInfoEx',
      ({ users }) => users.change(ann, { profile: { nickname: 'An' } }, EX),
      { userID: 'ann', nickName: 'An', faceURL: null, ex: null },
    ],
  ])('%s: it may refuse, and nothing is done', async (name, command, body) => {
    const no = app(name, NO);
    expect(await command(no)).toMatchObject(REFUSED);
    expect(no.calls).toMatchObject([body]);
    expect(no.done()).toEqual([]);
    // [HOK-3] And what it lets pass is done as it was asked for.
    const yes = app(name, {});
    expect(await command(yes)).toEqual({ kind: 'done' });
    expect(yes.done()).toHaveLength(1);
    expect(yes.done()[0]!.at(-1)).toMatchObject(META);
  });

  test('about a request that is declined, a deletion and an unblocking nobody is asked', async () => {
    const { calls, done, friends, blocks } = app('beforeAddFriendAgree', NO);
    await friends.answer({ ...agreeing, agrees: false }, META);
    await friends.remove(ann, bob, META);
    await friends.configure(ann, [bob], { pinned: true }, META);
    await blocks.unblock(ann, bob, META);
    expect(calls).toEqual([]);
    expect(done()).toHaveLength(4);
  });
});

test.each(['beforeUpdateUserInfo', 'beforeUpdateUserInfoEx'] as const)(
  '[HOK-40] %s is asked about its own call, and about no other change',
  async (name) => {
    const { calls, done, users } = app(name, {});
    for (const meta of [PLAIN, EX, META]) await users.change(ann, { globalReceive: 1 }, meta);
    expect(calls).toHaveLength(1);
    expect(done()).toHaveLength(3);
  },
);

describe('[HOK-11] what the app server changes is what is done', () => {
  test('a remark, of each friend its own', async () => {
    const { done, friends } = app('beforeSetFriendRemark', (body) =>
      body.includes('"bob"') ? { remark: '***' } : {},
    );
    await friends.configure(ann, [bob, cat], { remark: 'bad' }, META);
    expect(done()).toEqual([
      ['configure', ann, [cat], { remark: 'bad' }, META],
      ['configure', ann, [bob], { remark: '***' }, CHANGED],
    ]);
  });

  test.each([
    [['cat', 'cat'], ['cat'], CHANGED],
    [['bob'], ['bob'], META],
    [[], ['bob'], META],
  ])('the friends of an import: %j', async (friendUserIDs, wanted, meta) => {
    const { done, friends } = app('beforeImportFriends', { friendUserIDs });
    await friends.import(ann, [bob], META);
    expect(done()).toEqual([['import', ann, wanted, meta]]);
  });

  test('the users of a registration', async () => {
    const users = [{ userID: 'cat', nickname: 'Cat', appMangerLevel: 1 }];
    const { done, users: commands } = app('beforeUserRegister', { users });
    await commands.register([newUser(ann, 'Ann')], META);
    expect(done()).toEqual([['register', [newUser(cat, 'Cat')], CHANGED]]);
  });

  test('what a user shows of itself', async () => {
    const { done, users } = app('beforeUpdateUserInfoEx', { nickName: '***', ex: 'x' });
    await users.change(ann, { profile: { nickname: 'bad', faceUrl: 'f' } }, EX);
    expect(done()).toEqual([
      [
        'change',
        ann,
        { profile: { nickname: '***', faceUrl: 'f', ex: 'x' } },
        { ...EX, ...CHANGED },
      ],
    ]);
  });

  test.each<[BeforeName, Answer, (a: App) => Promise<unknown>]>([
    [
      'beforeImportFriends',
      { friendUserIDs: ['a-b'] },
      ({ friends }) => friends.import(ann, [bob], META),
    ],
    [
      'beforeImportFriends',
      { friendUserIDs: 'cat' },
      ({ friends }) => friends.import(ann, [bob], META),
    ],
    [
      'beforeSetFriendRemark',
      { remark: 7 },
      ({ friends }) => friends.configure(ann, [bob], { remark: 'B' }, META),
    ],
    [
      'beforeUserRegister',
      { users: [{ userID: 'cat' }] },
      ({ users }) => users.register([newUser(ann, 'A')], META),
    ],
    [
      'beforeUserRegister',
      { users: [null] },
      ({ users }) => users.register([newUser(ann, 'A')], META),
    ],
    ['beforeUpdateUserInfo', { nickName: 7 }, ({ users }) => users.change(ann, {}, PLAIN)],
  ])('[HOK-4] but not what cannot be: %s %j', async (name, answer, command) => {
    const wrong = app(name, answer);
    expect(await command(wrong)).toMatchObject({ kind: 'refused', reason: 'callback/bad-answer' });
    expect(wrong.done()).toEqual([]);
  });
});
