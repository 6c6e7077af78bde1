import type { Meta } from '../../core/kernel/fact.ts';
import type { UserId } from '../../core/kernel/ids.ts';
import type { FavouriteName } from '../../core/favourite/events.ts';
import type { FavouriteWish } from '../../core/favourite/handler.ts';
import type {
  ClientConfigLists,
  ClientConfigs,
  FavouriteLists,
  Favourites,
  FavouriteView,
  PresenceSubscriptions,
} from '../../gateways/keptPorts.ts';
import type { Done, Refused } from '../../gateways/ports.ts';

const NOW = 1_700_000_000_000;
const done: Done = { kind: 'done', position: 20 };

/** What is kept for users, over a plain map. Ann has one thing, of type 1 and uuid `k`. */
export class FakeFavourites implements Favourites, FavouriteLists {
  readonly all = new Map<string, FavouriteView>();

  constructor() {
    const owner = 'ann' as UserId;
    void this.add({ user: owner, kind: 1, uuid: 'k', content: { value: 'v', ex: 'x' } });
  }

  add({ user: owner, kind, uuid, content }: FavouriteWish): Promise<Done> {
    const { value = '', ex = '' } = content;
    const times = { createdAt: NOW, createdPos: this.all.size + 1 };
    this.all.set(keyOf({ user: owner, kind, uuid }), { owner, kind, uuid, value, ex, ...times });
    return Promise.resolve(done);
  }

  change(wish: FavouriteWish): Promise<Done | Refused> {
    const known = this.all.get(keyOf(wish));
    if (known === undefined) return Promise.resolve(UNKNOWN);
    this.all.set(keyOf(wish), { ...known, ...wish.content });
    return Promise.resolve(done);
  }

  remove(name: FavouriteName): Promise<Done | Refused> {
    return Promise.resolve(this.all.delete(keyOf(name)) ? done : UNKNOWN);
  }

  of(user: UserId, kind?: number): Promise<readonly FavouriteView[]> {
    const mine = [...this.all.values()].filter(({ owner }) => owner === user);
    return Promise.resolve(mine.filter((one) => kind === undefined || one.kind === kind));
  }
}

const keyOf = ({ user, kind, uuid }: FavouriteName): string => `${user} ${String(kind)} ${uuid}`;
const UNKNOWN: Refused = { kind: 'refused', reason: 'favourite/unknown', detail: 'uuid: nothing' };

type Setting = Readonly<{ owner: UserId | ''; key: string; value: string }>;

/** Settings of clients in a plain list. */
export class FakeClientConfigs implements ClientConfigs, ClientConfigLists {
  all: readonly Setting[] = [];

  set(user: UserId | undefined, configs: Readonly<Record<string, string>>): Promise<Done> {
    const owner: Setting['owner'] = user ?? '';
    const kept = this.all.filter((one) => one.owner !== owner || !(one.key in configs));
    const set = Object.entries(configs).map(([key, value]) => ({ owner, key, value }));
    this.all = [...kept, ...set];
    return Promise.resolve(done);
  }

  remove(user: UserId | undefined, keys: readonly string[], _: Meta): Promise<Done> {
    const owner = user ?? '';
    this.all = this.all.filter((one) => one.owner !== owner || !keys.includes(one.key));
    return Promise.resolve(done);
  }

  of(user: UserId | undefined): Promise<ReadonlyMap<string, string>> {
    const of = (owner: string) => this.all.filter((one) => one.owner === owner);
    const found = [...of(''), ...(user === undefined ? [] : of(user))];
    return Promise.resolve(new Map(found.map(({ key, value }) => [key, value])));
  }

  page(
    request: Readonly<{ owner?: UserId; key?: string; pageNumber: number; showNumber: number }>,
  ) {
    const { owner, key, pageNumber, showNumber } = request;
    const found = this.all.filter(
      (one) => (owner ?? one.owner) === one.owner && (key ?? one.key) === one.key,
    );
    const from = (pageNumber - 1) * showNumber;
    return Promise.resolve({ total: found.length, items: found.slice(from, from + showNumber) });
  }
}

/** Everybody has one connection, which watches three users at most. */
export class FakeSubscriptions implements PresenceSubscriptions {
  readonly watched = new Map<UserId, Set<UserId>>();

  watch(user: UserId, users: readonly UserId[]): Promise<boolean> {
    const all = new Set([...(this.watched.get(user) ?? []), ...users]);
    if (all.size > 3) return Promise.resolve(false);
    this.watched.set(user, all);
    return Promise.resolve(true);
  }

  unwatch(user: UserId, users: readonly UserId[]): Promise<void> {
    for (const one of users) this.watched.get(user)?.delete(one);
    return Promise.resolve();
  }

  watchedBy(user: UserId): Promise<readonly UserId[]> {
    return Promise.resolve([...(this.watched.get(user) ?? [])]);
  }
}
