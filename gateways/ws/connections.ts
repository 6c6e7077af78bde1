import type { TokenId, UserId } from '../../core/kernel/ids.ts';
import type { Presence } from '../ports.ts';
import type { Connection } from './connection.ts';

const NONE: ReadonlySet<Connection> = new Set();

/** Who is connected to this process. Kept by user; one user has a handful of sockets. */
export class Connections {
  readonly #byUser = new Map<UserId, Set<Connection>>();
  /** Who wants to hear of a user's coming and going. */
  readonly #watchers = new Map<UserId, Set<Connection>>();
  readonly #presenceChanged: (user: UserId) => void;
  readonly #reachChanged: (user: UserId) => void;
  readonly #elsewhere: Presence;
  #count = 0;

  /**
   * `presenceChanged` is called when the list of a user's platforms here is another than before, and
   * `reachChanged` when only the list of those that are asleep is. `elsewhere`: those on which the user is
   * connected to other gateways.
   */
  constructor(
    presenceChanged: (user: UserId) => void,
    reachChanged: (user: UserId) => void,
    elsewhere: Presence = () => [],
  ) {
    this.#presenceChanged = presenceChanged;
    this.#reachChanged = reachChanged;
    this.#elsewhere = elsewhere;
  }

  get count(): number {
    return this.#count;
  }

  get users(): number {
    return this.#byUser.size;
  }

  add(connection: Connection): void {
    const { user, platform } = connection.caller;
    const mine = this.#byUser.get(user) ?? new Set();
    const known = hasPlatform(mine, platform);
    const asleep = this.asleepHere(user);
    mine.add(connection);
    this.#byUser.set(user, mine);
    this.#count += 1;
    if (!known) this.#presenceChanged(user);
    else this.#compare(user, asleep);
  }

  /** Also ends its subscriptions. Once is enough; again changes nothing. */
  remove(connection: Connection): void {
    const { user, platform } = connection.caller;
    const mine = this.#byUser.get(user);
    const asleep = this.asleepHere(user);
    if (mine?.delete(connection) !== true) return;
    this.#count -= 1;
    if (mine.size === 0) this.#byUser.delete(user);
    for (const watched of connection.watched) this.#forget(watched, connection);
    connection.watched.clear();
    if (!hasPlatform(mine, platform)) this.#presenceChanged(user);
    else this.#compare(user, asleep);
  }

  /** Its app has gone to the background, or come back. */
  setBackground(connection: Connection, isBackground: boolean): void {
    const { user } = connection.caller;
    const asleep = this.asleepHere(user);
    connection.background = isBackground;
    this.#compare(user, asleep);
  }

  of(user: UserId): ReadonlySet<Connection> {
    return this.#byUser.get(user) ?? NONE;
  }

  withTokens(user: UserId, tokens: readonly TokenId[]): readonly Connection[] {
    return [...this.of(user)].filter(({ caller }) => tokens.includes(caller.token));
  }

  /** Without repetitions, ascending; empty: not connected to any gateway. */
  platformsOf(user: UserId): readonly number[] {
    return this.#ascending(user, this.#elsewhere(user));
  }

  /** Of this gateway's own connections. */
  platformsHere(user: UserId): readonly number[] {
    return this.#ascending(user, []);
  }

  /** Of these, where every connection is asleep: nothing is pushed there. */
  asleepHere(user: UserId): readonly number[] {
    const mine = [...this.of(user)];
    const awake = mine.filter(({ asleep }) => !asleep).map(({ caller }) => caller.platform);
    const asleep = mine.filter((connection) => connection.asleep);
    const platforms = new Set(asleep.map(({ caller }) => caller.platform));
    return [...platforms].filter((platform) => !awake.includes(platform));
  }

  #compare(user: UserId, asleep: readonly number[]): void {
    if (asleep.join() !== this.asleepHere(user).join()) this.#reachChanged(user);
  }

  #ascending(user: UserId, others: readonly number[]): readonly number[] {
    const platforms = new Set<number>(others);
    for (const { caller } of this.of(user)) platforms.add(caller.platform);
    return [...platforms].sort((one, other) => one - other);
  }

  watch(connection: Connection, user: UserId): void {
    connection.watched.add(user);
    const watchers = this.#watchers.get(user) ?? new Set();
    this.#watchers.set(user, watchers.add(connection));
  }

  unwatch(connection: Connection, user: UserId): void {
    if (connection.watched.delete(user)) this.#forget(user, connection);
  }

  watchersOf(user: UserId): ReadonlySet<Connection> {
    return this.#watchers.get(user) ?? NONE;
  }

  *[Symbol.iterator](): Generator<Connection, void, undefined> {
    for (const mine of this.#byUser.values()) yield* mine;
  }

  #forget(watched: UserId, connection: Connection): void {
    const watchers = this.#watchers.get(watched);
    watchers?.delete(connection);
    if (watchers?.size === 0) this.#watchers.delete(watched);
  }
}

const hasPlatform = (connections: ReadonlySet<Connection>, platform: number): boolean => {
  for (const { caller } of connections) if (caller.platform === platform) return true;
  return false;
};
