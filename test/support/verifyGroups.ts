import type { Storage } from '../../infra/app/storage.ts';
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
