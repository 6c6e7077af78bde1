import type { Role } from '../../core/group/events.ts';
import type { GroupId, UserId } from '../../core/kernel/ids.ts';
import type {
  Done,
  GroupLists,
  GroupRequestView,
  Groups,
  GroupView,
  MemberView,
  PageRequest,
} from '../../gateways/ports.ts';
import { amy, ann, cat, mia } from './people.ts';

const AT = 1_700_000_000_123;

export const g1 = 'g1' as GroupId;
/** Dismissed, and nobody is in it any more. */
export const gone = 'gone' as GroupId;

export const groupView = (group: GroupId = g1): GroupView => ({
  group,
  name: `${group}!`,
  introduction: 'i',
  faceUrl: 'f',
  ex: 'x',
  announcement: 'a',
  announcedAt: AT,
  announcedBy: amy,
  owner: ann,
  creator: ann,
  memberCount: 3,
  status: 0,
  createdAt: AT,
  verification: 1,
  lookMemberInfo: 0,
  applyMemberFriend: 1,
});

const goneView: GroupView = { ...groupView(gone), owner: '', memberCount: 0, status: 2 };

export const memberView = (user: UserId, role: Role = 20, group: GroupId = g1): MemberView => ({
  group,
  user,
  role,
  nickname: `${user}!`,
  faceUrl: '',
  ex: '',
  joinedAt: AT,
  source: 2,
  operator: ann,
  inviter: ann,
  mutedUntil: 0,
});

const MEMBERS = [memberView(ann, 100), memberView(amy, 60), memberView(mia)];

export const requestView = (user: UserId = cat): GroupRequestView => ({
  group: groupView(),
  user: { user, nickname: `${user}!`, faceUrl: '', ex: '' },
  result: 0,
  message: 'let me in',
  ex: 'x',
  requestedAt: AT,
  source: 3,
  inviter: '',
  handler: '',
  answer: '',
  handledAt: 0,
});

const found = <T>(all: readonly T[], { pageNumber, showNumber }: PageRequest) => ({
  total: all.length,
  items: all.slice((pageNumber - 1) * showNumber, pageNumber * showNumber),
});

type Called = Readonly<{ call: keyof Groups; with: readonly unknown[] }>;

/**
 * In `g1` are ann, who owns it, amy, who is an admin of it, and mia; cat has asked to come in. Commands are
 * noted, and all done.
 */
export class FakeGroups implements Groups {
  readonly called: Called[] = [];

  #done(call: Called['call'], ...given: readonly unknown[]): Promise<Done> {
    this.called.push({ call, with: given });
    return Promise.resolve({ kind: 'done', position: 30 });
  }

  async create(...[request, by, , id]: Parameters<Groups['create']>) {
    const done = await this.#done('create', request, by, ...(id === undefined ? [] : [id]));
    return { ...done, group: request.group ?? g1 };
  }
  change(...[group, change, by]: Parameters<Groups['change']>) {
    return this.#done('change', group, change, by);
  }
  join(...[request]: Parameters<Groups['join']>) {
    return this.#done('join', request);
  }
  answer(...[request, by]: Parameters<Groups['answer']>) {
    return this.#done('answer', request, by);
  }
  invite(...[request, by]: Parameters<Groups['invite']>) {
    return this.#done('invite', request, by);
  }
  kick(...[request, by]: Parameters<Groups['kick']>) {
    return this.#done('kick', request, by);
  }
  quit(...[group, user]: Parameters<Groups['quit']>) {
    return this.#done('quit', group, user);
  }
  transfer(...[request, by]: Parameters<Groups['transfer']>) {
    return this.#done('transfer', request, by);
  }
  dismiss(...[request, by]: Parameters<Groups['dismiss']>) {
    return this.#done('dismiss', request, by);
  }
  muteMember(...[request, by]: Parameters<Groups['muteMember']>) {
    return this.#done('muteMember', request, by);
  }
  mute(...[group, muted, by]: Parameters<Groups['mute']>) {
    return this.#done('mute', group, muted, by);
  }
  changeMembers(...[changes, by]: Parameters<Groups['changeMembers']>) {
    return this.#done('changeMembers', changes, by);
  }
  roleOf(group: GroupId, user: UserId): Promise<Role | undefined> {
    const member = group === g1 ? MEMBERS.find((each) => each.user === user) : undefined;
    return Promise.resolve(member?.role);
  }
  comingIn(...[, users]: Parameters<Groups['comingIn']>) {
    return Promise.resolve(users);
  }
}

const membersOf = (group: GroupId) => (group === g1 ? MEMBERS : []);
const groupsOf = (user: UserId) =>
  MEMBERS.some((member) => member.user === user) ? [groupView()] : [];
const requests = [requestView()];
const VERSION = 8;
/** Since when the newest change is known. */
const isChanged = (version: number): boolean => version !== 0 && version !== VERSION;

const since = <T>(all: readonly T[], version: number, versionId: string) => ({
  version: VERSION,
  versionId,
  full: version === 0,
  delete: [],
  insert: [],
  update: isChanged(version) ? all : [],
  sortVersion: isChanged(version) ? 6 : 0,
});

const manages = (user: UserId): boolean =>
  MEMBERS.some((member) => member.user === user && member.role >= 60);

const withResult = (results: readonly number[]) =>
  requests.filter(({ result }) => results.length === 0 || results.includes(result));

export const fakeGroupLists: GroupLists = {
  groups: (ids) =>
    Promise.resolve(
      ids.flatMap((id) => (id === g1 ? [groupView()] : id === gone ? [goneView] : [])),
    ),
  joined: (user, page) => Promise.resolve(found(groupsOf(user), page)),
  joinedIds: (user) =>
    Promise.resolve({ version: VERSION, ids: groupsOf(user).map(({ group }) => group) }),
  joinedUpTo: (user) => Promise.resolve(groupsOf(user).map(({ group }) => group)),
  joinedSince: (user, versionId, { version }) =>
    Promise.resolve(since(groupsOf(user), version, versionId)),
  members: (group, page, keyword) =>
    Promise.resolve(
      found(
        membersOf(group).filter(({ nickname }) => nickname.includes(keyword)),
        page,
      ),
    ),
  membersAmong: (group, users) =>
    Promise.resolve(membersOf(group).filter(({ user }) => users.includes(user))),
  managers: (group) =>
    Promise.resolve(membersOf(group).flatMap(({ user, role }) => (role >= 60 ? [user] : []))),
  memberIds: (group) =>
    Promise.resolve({ version: VERSION, ids: membersOf(group).map(({ user }) => user) }),
  membersSince: (group, versionId, { version }) => {
    const list = since(membersOf(group), version, versionId);
    const isShown = list.full || list.update.length > 0;
    return Promise.resolve({ ...list, group: isShown ? groupView(group) : undefined });
  },
  search: ({ group, name }, page) => {
    const isWanted = group === '' ? groupView().name.includes(name) : group === g1;
    return Promise.resolve(found(isWanted ? [{ ...groupView(), ownerName: 'ann!' }] : [], page));
  },
  requestsTo: (user, _groups, results, page) =>
    Promise.resolve(found(manages(user) ? withResult(results) : [], page)),
  requestsFrom: (user, _groups, results, page) =>
    Promise.resolve(
      found(
        withResult(results).filter((request) => request.user.user === user),
        page,
      ),
    ),
  requestsOf: (group, users) =>
    Promise.resolve(
      requests.filter((request) => group === g1 && users.includes(request.user.user)),
    ),
  waiting: (user, after) =>
    Promise.resolve(
      manages(user) ? requests.filter(({ requestedAt }) => requestedAt > after).length : 0,
    ),
};
