import type { UserId } from '../../core/kernel/ids.ts';
import type {
  BlackView,
  Blocks,
  Done,
  FriendLists,
  FriendRequestView,
  Friends,
  FriendView,
  PageRequest,
} from '../../gateways/ports.ts';
import { ann, bob, cat } from './people.ts';

const AT = 1_700_000_000_123;

const profileOf = (user: UserId) => ({
  user,
  nickname: `${user}!`,
  faceUrl: '',
  ex: '',
  changedPos: 1,
});

export const friendView = (owner: UserId, friend: UserId): FriendView => ({
  owner,
  friend,
  remark: 'R',
  ex: 'x',
  pinned: true,
  source: 2,
  operator: owner,
  createdAt: AT,
  createdPos: 5,
  changedPos: 6,
  profile: profileOf(friend),
});

const blackView = (owner: UserId, blocked: UserId): BlackView => ({
  owner,
  blocked,
  ex: 'b',
  operator: owner,
  createdAt: AT,
  createdPos: 7,
  changedPos: 7,
  profile: profileOf(blocked),
});

const requestView = (from: UserId, to: UserId): FriendRequestView => ({
  from,
  to,
  result: 0,
  greeting: 'hi',
  ex: '',
  createdAt: AT,
  createdPos: 8,
  handler: '',
  answer: '',
  handledAt: 0,
  asker: profileOf(from),
  asked: profileOf(to),
});

const found = <T>(all: readonly T[], { pageNumber, showNumber }: PageRequest) => ({
  total: all.length,
  items: all.slice((pageNumber - 1) * showNumber, pageNumber * showNumber),
});

type Called = Readonly<{ call: keyof Friends | keyof Blocks; with: readonly unknown[] }>;

/** Ann and bob are friends, cat has asked ann and is blocked by her. Commands are noted, and all done. */
export class FakeFriends implements Friends, Blocks {
  readonly called: Called[] = [];

  #done(call: Called['call'], ...given: readonly unknown[]): Promise<Done> {
    this.called.push({ call, with: given });
    return Promise.resolve({ kind: 'done', position: 20 });
  }

  request(...[request]: Parameters<Friends['request']>) {
    return this.#done('request', request);
  }
  answer(...[answer]: Parameters<Friends['answer']>) {
    return this.#done('answer', answer);
  }
  remove(...[owner, friend]: Parameters<Friends['remove']>) {
    return this.#done('remove', owner, friend);
  }
  configure(...[owner, friends, change]: Parameters<Friends['configure']>) {
    return this.#done('configure', owner, friends, change);
  }
  import(...[owner, friends]: Parameters<Friends['import']>) {
    return this.#done('import', owner, friends);
  }
  block(...[request]: Parameters<Blocks['block']>) {
    return this.#done('block', request);
  }
  unblock(...[owner, blocked]: Parameters<Blocks['unblock']>) {
    return this.#done('unblock', owner, blocked);
  }
}

const friendsOf = (owner: UserId): readonly FriendView[] => {
  if (owner === ann) return [friendView(ann, bob)];
  return owner === bob ? [friendView(bob, ann)] : [];
};
const blacksOf = (owner: UserId) => (owner === ann ? [blackView(ann, cat)] : []);
const requests = [requestView(cat, ann)];

const since = <T>(all: readonly T[], version: number, versionId: string) => ({
  version: 8,
  versionId,
  full: version === 0,
  delete: [],
  insert: [],
  update: version === 0 || version === 8 ? [] : all,
  sortVersion: version === 0 || version === 8 ? 0 : 6,
});

export const fakeFriendLists: FriendLists = {
  friends: (owner, page) => Promise.resolve(found(friendsOf(owner), page)),
  friendsAmong: (owner, ids) =>
    Promise.resolve(friendsOf(owner).filter(({ friend }) => ids.includes(friend))),
  friendIds: (owner) =>
    Promise.resolve({ version: 8, ids: friendsOf(owner).map(({ friend }) => friend) }),
  friendsSince: (owner, versionId, { version }) =>
    Promise.resolve(since(friendsOf(owner), version, versionId)),
  listing: (user) => Promise.resolve(friendsOf(user).map(({ friend }) => friend)),
  requestsTo: (user, page, results) =>
    Promise.resolve(
      found(
        requests.filter(
          ({ to, result }) => to === user && (results.length === 0 || results.includes(result)),
        ),
        page,
      ),
    ),
  requestsFrom: (user, page) =>
    Promise.resolve(
      found(
        requests.filter(({ from }) => from === user),
        page,
      ),
    ),
  requestsBetween: (one, other) =>
    Promise.resolve(
      requests.filter(({ from, to }) => [one, other].includes(from) && [one, other].includes(to)),
    ),
  waiting: (user, after) =>
    Promise.resolve(
      requests.filter(({ to, createdAt }) => to === user && createdAt > after).length,
    ),
  blacks: (owner, page) => Promise.resolve(found(blacksOf(owner), page)),
  blacksAmong: (owner, ids) =>
    Promise.resolve(blacksOf(owner).filter(({ blocked }) => ids.includes(blocked))),
  blacksSince: (owner, versionId, { version }) =>
    Promise.resolve(since(blacksOf(owner), version, versionId)),
};
