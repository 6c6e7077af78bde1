import type { EventId } from '../../core/kernel/ids.ts';
import type { Storage } from '../../infra/app/storage/storage.ts';
import { deriveId } from '../../infra/ids.ts';
import { write } from './verifyWorld.ts';

const profile = {
  name: 'Chess \0 club',
  introduction: 'we play',
  faceUrl: 'https://face',
  ex: 'x',
};
const rules = { verification: 1, lookMemberInfo: 1, applyMemberFriend: 0 };
const asked = { source: 3, application: { message: 'please \ud800', ex: 'y' } };
const added = { by: 'ann', inviter: 'ann', source: 2, historyVisible: false };

/** The name of an event and what it says; its group and, where it takes one, its version are added. */
type Told = readonly [type: string, said: object];

const MADE: Told = [
  'GroupCreated',
  {
    ...{ owner: 'ann', admins: ['bob'], members: ['cat', 'dan'], creator: 'ann', by: 'ann' },
    ...{ rules, profile, announcement: { text: 'welcome' } },
  },
];

const HISTORY: readonly Told[] = [
  MADE,
  ['GroupChanged', { by: 'bob', profile: { name: 'Go club', ex: '' } }],
  ['GroupChanged', { by: 'bob', announcement: { text: '' } }],
  ['GroupChanged', { by: 'bob', rules: { verification: 2 } }],
  ['GroupMuted', { by: 'ann' }],
  ['GroupUnmuted', { by: 'ann' }],
  ['JoinRequested', { user: 'eve', ...asked }],
  ['JoinAnswered', { user: 'eve', by: 'bob', agrees: false, answer: { message: 'no' } }],
  ['JoinRequested', { user: 'fay', inviter: 'cat', ...asked }],
  ['JoinAnswered', { user: 'fay', by: 'bob', agrees: true }],
  ['MembersAdded', { users: ['fay'], ...added }],
  ['MembersAdded', { users: ['eve'], by: 'eve', source: 3, historyVisible: true }],
  ['MemberMuted', { user: 'eve', by: 'ann', until: 9_000, seconds: 9 }],
  ['MemberMuted', { user: 'fay', by: 'ann', until: 9_000, seconds: 9 }],
  ['MemberUnmuted', { user: 'fay', by: 'ann' }],
  ['MemberChanged', { user: 'eve', by: 'eve', notes: { nickname: 'E', ex: 'z' } }],
  ['MemberChanged', { user: 'cat', by: 'ann', role: 60 }],
  ['OwnerTransferred', { from: 'ann', to: 'bob', fromRole: 60, by: 'ann' }],
  ['MemberProfileChanged', { user: 'ann' }],
  // One goes for good, one comes back, and one asks again.
  ['MemberLeft', { user: 'dan' }],
  ['MembersKicked', { users: ['cat', 'fay'], by: 'bob' }],
  ['MembersAdded', { users: ['cat'], ...added }],
  ['JoinRequested', { user: 'fay', ...asked }],
  // Somebody is in already, and nobody is there to be told of: a log may have been made elsewhere.
  ['MembersAdded', { users: ['cat'], ...added }],
  ['MemberMuted', { user: 'nobody', by: 'ann', until: 9_000, seconds: 9 }],
  ['JoinAnswered', { user: 'nobody', by: 'bob', agrees: true }],
];

const WITHOUT_VERSION = ['JoinRequested', 'JoinAnswered', 'GroupDisbanded'];

/** Two groups, of which one lives, with all that can be done in them. */
export const gather = async (storage: Storage): Promise<void> => {
  const tell = async (group: string, history: readonly Told[]): Promise<void> => {
    let version = 0;
    for (const [type, said] of history) {
      const isCounted = !WITHOUT_VERSION.includes(type);
      if (isCounted) version += 1;
      const data = { ...said, group, ...(isCounted ? { version } : {}) };
      await write(storage, `group-${group}`, { type, data });
    }
  };
  await tell('g1', HISTORY);
  await tell('g2', [MADE, ['GroupDismissed', { by: 'ann' }], ['GroupDisbanded', {}]]);
};

const text = { createTime: 1, contentType: 101, body: { content: '{}' } };
const numbered = (from: string, seq: number, more: object = {}) => ({
  ...{ from, group: 'g1', clientMsgId: String(seq), sendTime: seq, ...text },
  ...more,
});

/** What is said in a group as its members come and go. */
export const converse = async (storage: Storage): Promise<void> => {
  const chat = 'conversation-sg_g1';
  const kick = deriveId('kick');
  let seq = 0;
  const say = async (type: string, from: string, more: object = {}, cause?: EventId) => {
    seq += 1;
    const data = numbered(from, seq, more);
    const id = deriveId('sg_g1', from, data.clientMsgId);
    await write(storage, chat, { type, data }, id, cause);
  };
  await say('MessageSent', 'ann');
  await say('MessageSent', 'bob', { contentType: 106, atUsers: ['AtAllTag', 'eve', 'bob'] });
  await say('NoticePosted', 'ann', { contentType: 1519 });
  await say('MessageSent', 'eve', { options: { unreadCount: false } });
  const kicked = { users: ['eve'], by: 'bob', group: 'g1', version: 100 };
  await write(storage, 'group-g1', { type: 'MembersKicked', data: kicked }, kick);
  await say('MessageSent', 'ann');
  await say('NoticePosted', 'bob', { contentType: 1508 }, kick);
  await say('MessageSent', 'ann');
  const late = { ...added, users: ['zoe'], group: 'g1', version: 101 };
  await write(storage, 'group-g1', { type: 'MembersAdded', data: late });
  await say('MessageSent', 'bob');
  const own = { user: 'cat', conversation: 'sg_g1' };
  await write(storage, 'inbox-cat', { type: 'ReadMarked', data: { ...own, upTo: 2 } });
  const settings = { groupAtType: 0 };
  const configured = { ...own, kind: 3, peer: { group: 'g1' }, settings };
  await write(storage, 'inbox-cat', { type: 'ConversationConfigured', data: configured });
};
