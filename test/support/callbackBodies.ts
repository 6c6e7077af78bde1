import { readdirSync, readFileSync } from 'node:fs';
import type { SendMessage } from '../../core/conversation/handler.ts';
import type { SeqlineEvent } from '../../core/kernel/catalogue.ts';
import type { Recorded } from '../../core/kernel/fact.ts';
import type { GroupId } from '../../core/kernel/ids.ts';
import type { Question } from '../../gateways/hooks/ask.ts';
import { blocksAskedFirst, friendsAskedFirst } from '../../gateways/hooks/contacts.ts';
import { groupsAskedFirst } from '../../gateways/hooks/groups.ts';
import { askAboutMessages } from '../../gateways/hooks/messages.ts';
import { toldTo } from '../../gateways/hooks/tell.ts';
import { usersAskedFirst } from '../../gateways/hooks/users.ts';
import { AFTER } from '../../gateways/openim/callbacks.ts';
import type { Blocks, Friends, Groups, Users } from '../../gateways/ports.ts';
import { ann, annAndBob, bob, by, cat, eventId } from './people.ts';

const SAMPLES = new URL('../infra/eventstore/samples/', import.meta.url);
const ALL = { allowedTypes: [], deniedTypes: [], attentionIds: new Set<string>() };
const g1 = 'g1' as GroupId;

type Sample = Readonly<{ type: string; stream: string; data: object }>;
const samples = (): readonly Sample[] =>
  readdirSync(SAMPLES).map(
    (name) => JSON.parse(readFileSync(new URL(name, SAMPLES), 'utf8')) as Sample,
  );

const recorded = ({ type, stream, data }: Sample) =>
  ({
    ...{ type, stream, data },
    id: eventId(type),
    meta: by('ann'),
    revision: 0,
    position: 1,
    created: 1,
  }) as unknown as Recorded<SeqlineEvent>;

type Bodies = Map<string, ReadonlySet<string>>;
const add = (bodies: Bodies, name: string, body: object): void => {
  bodies.set(name, new Set([...(bodies.get(name) ?? []), ...Object.keys(body)]));
};

/** The keys of what is told, by callback, of every kind of fact that the log has. */
export const toldKeys = async (): Promise<Bodies> => {
  const settings = { timeout: 1, filter: ALL };
  const after = new Map(Object.keys(AFTER).map((name) => [name, settings]));
  const said = {
    ...{ clientMsgId: 'c', contentType: 101, createTime: 1, sendTime: 1 },
    body: { content: '{}', push: { title: 'T' } },
  };
  const single = { from: ann, to: bob, ...said };
  const group = { from: ann, group: g1, ...said };
  const token = { id: 't', platform: 5, connected: true };
  const login = { user: ann, token: 'u', platform: 5, kicks: ['t'], tokens: [token] };
  const extra: readonly Sample[] = [
    { type: 'MessageSent', stream: 'conversation-si_ann_bob', data: single },
    { type: 'MessageSent', stream: 'conversation-sg_g1', data: group },
    { type: 'LoginActivated', stream: 'login-ann', data: login },
    {
      type: 'ReadMarked',
      stream: 'inbox-ann',
      data: { user: ann, conversation: 'sg_g1', upTo: 1 },
    },
    {
      type: 'MembersAdded',
      stream: 'group-g1',
      data: { group: g1, users: [cat], by: cat, source: 3, historyVisible: true, version: 2 },
    },
    {
      type: 'PresenceChanged',
      stream: 'webhook-presence-changes',
      data: {
        changes: [true, false].map((online) => ({ user: ann, platform: 5, online, at: 1 })),
      },
    },
  ];
  const message = recorded({ type: 'MessageSent', stream: 'conversation-sg_g1', data: group });
  const tell = toldTo({ after }, () => Promise.resolve(message as Recorded<never>));
  const bodies: Bodies = new Map();
  for (const sample of [...samples(), ...extra]) {
    for (const { callback, body } of await tell(recorded(sample))) {
      add(bodies, callback, JSON.parse(body) as object);
    }
  }
  return bodies;
};

/** The keys of what is asked, by callback. */
export const askedKeys = async (): Promise<Bodies> => {
  const bodies: Bodies = new Map();
  const questionOf = (name: string): Question => ({
    settings: { timeout: 1, failedContinue: true, filter: ALL },
    ask: (body) => {
      add(bodies, name, { callbackCommand: '', operationID: '', ...body });
      return Promise.resolve({ kind: 'go-on', fields: {}, by: 'app' });
    },
    unusable: () => ({ kind: 'go-on', fields: {}, by: 'app' }),
  });
  const anything = <T extends object>() =>
    new Proxy({} as T, {
      get: (_, name) => () => Promise.resolve(name === 'comingIn' ? [cat] : { kind: 'done' }),
    });
  const [meta, at] = [by('ann'), 1];
  const users = usersAskedFirst(anything<Users>(), questionOf);
  const profile = { nickname: 'A', faceUrl: '', ex: '' };
  await users.register([{ user: ann, profile, level: 1, globalReceive: 0 }], meta);
  const friends = friendsAskedFirst(anything<Friends>(), questionOf);
  await friends.request({ from: ann, to: bob, greeting: '', ex: '' }, meta);
  await friends.answer({ from: ann, to: bob, agrees: true, message: '' }, meta);
  await friends.configure(ann, [bob], { remark: 'B' }, meta);
  await friends.import(ann, [bob], meta);
  const blocks = blocksAskedFirst(anything<Blocks>(), questionOf);
  await blocks.block({ owner: ann, blocked: bob, ex: '' }, meta);
  const groups = groupsAskedFirst(anything<Groups>(), questionOf, () => at);
  const actor = { user: ann, admin: true };
  const rules = { verification: 0, lookMemberInfo: 0, applyMemberFriend: 0 } as const;
  const shown = { name: 'G', introduction: '', faceUrl: '', ex: '' };
  await groups.create(
    {
      owner: ann,
      admins: [],
      members: [bob],
      creator: ann,
      rules,
      profile: shown,
      announcement: '',
    },
    actor,
    meta,
  );
  await groups.join({ group: g1, user: cat, message: '', ex: '', source: 3 }, meta);
  await groups.invite({ group: g1, users: [cat], message: '' }, actor, meta);
  await groups.changeMembers([{ group: g1, user: bob, role: 60 }], actor, meta);
  for (const call of ['info', 'infoEx'] as const) {
    await users.change(ann, {}, { ...meta, call });
    await groups.change(g1, {}, actor, { ...meta, call });
  }
  const beforeSend = askAboutMessages(questionOf);
  const message = {
    ...{ clientMsgId: 'c', contentType: 101, createTime: 1 },
    body: { content: '{}' },
  };
  const sends: readonly SendMessage[] = [
    {
      conversation: annAndBob,
      message: { from: ann, to: bob, ...message },
      ...{ stored: true, senderSync: true, privileged: false },
    },
    {
      conversation: 'sg_g1' as SendMessage['conversation'],
      message: { from: ann, group: g1, ...message },
      ...{ stored: true, senderSync: true, privileged: false },
    },
  ];
  for (const send of sends) await beforeSend?.(send, { id: eventId(1), at, meta })?.();
  return bodies;
};
