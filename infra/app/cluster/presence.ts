import type { UserId } from '../../../core/kernel/ids.ts';
import type { Online, ToAll } from './wire.ts';

/** Users in one message, of some 100 bytes at most each. */
const PART_USERS_MAX = 4_000;

/** What a gateway has said of a user. */
type Known = Readonly<{ platforms: readonly number[]; asleep: readonly number[] }>;
type Users = ReadonlyMap<string, Known>;
type Whole = Extract<ToAll, { kind: 'whole' }>;
type Told = Extract<ToAll, { kind: 'presence' | 'whole' | 'ask' }>;

type Gateway = {
  /** Of the newest change that is known here; undefined: all of it is being asked for. */
  index: number | undefined;
  users: Map<string, Known>;
  parts: Whole[];
};

type PresenceDeps = Readonly<{
  id: string;
  tell: (message: ToAll) => void;
  /** A user is connected to other gateways than before. */
  moved: (user: UserId) => void;
}>;

/**
 * Who is connected to other gateways. Each numbers its changes; whoever misses one asks for all of it. What
 * a gateway has said goes with it.
 */
export class PresenceElsewhere {
  readonly #deps: PresenceDeps;
  readonly #own = new Map<string, Online>();
  readonly #gateways = new Map<string, Gateway>();
  #index = 0;

  constructor(deps: PresenceDeps) {
    this.#deps = deps;
  }

  /** Of the newest change here. */
  get index(): number {
    return this.#index;
  }

  /** Without repetitions, in no order. */
  platformsOf(user: UserId): readonly number[] {
    const platforms = new Set<number>();
    for (const { users } of this.#gateways.values()) {
      for (const platform of users.get(user)?.platforms ?? []) platforms.add(platform);
    }
    return [...platforms];
  }

  isThere(user: UserId): boolean {
    for (const { users } of this.#gateways.values()) if (users.has(user)) return true;
    return false;
  }

  /** At how many other gateways a user is connected. */
  gatewaysOf(user: UserId): number {
    return [...this.#gateways.values()].filter(({ users }) => users.has(user)).length;
  }

  /** Of these, where something is pushed. */
  awakeOf(user: UserId): readonly number[] {
    const awake: number[] = [];
    for (const { users } of this.#gateways.values()) {
      const { platforms = [], asleep = [] } = users.get(user) ?? {};
      awake.push(...platforms.filter((platform) => !asleep.includes(platform)));
    }
    return [...new Set(awake)];
  }

  changed(user: UserId, platforms: readonly number[], asleep: readonly number[] = []): void {
    const online: Online = asleep.length === 0 ? [user, platforms] : [user, platforms, asleep];
    if (platforms.length === 0) this.#own.delete(user);
    else this.#own.set(user, online);
    this.#index += 1;
    const { id, tell } = this.#deps;
    tell({ kind: 'presence', id, index: this.#index, changes: [online] });
  }

  /** A process is there, and its newest change has this number. */
  heard({ id, index }: Readonly<{ id: string; index: number }>): void {
    const gateway = this.#gateways.get(id);
    if (gateway === undefined && index === 0) return;
    if (gateway?.index !== index) this.#ask(id);
  }

  hear(message: Told): void {
    switch (message.kind) {
      case 'ask':
        if (message.id === this.#deps.id) this.#tellAll();
        break;
      case 'whole':
        this.#take(message);
        break;
      case 'presence':
        this.#change(message);
        break;
    }
  }

  /** It has gone, and its users with it. */
  forget(id: string): void {
    const gateway = this.#gateways.get(id);
    this.#gateways.delete(id);
    for (const user of gateway?.users.keys() ?? []) this.#deps.moved(user as UserId);
  }

  #change({ id, index, changes }: Extract<ToAll, { kind: 'presence' }>): void {
    const gateway = this.#gateways.get(id) ?? this.#open(id, index === 1 ? 0 : undefined);
    // All of it is on the way, and has what comes before it.
    if (gateway.index === undefined) {
      if (gateway.parts.length === 0) this.#ask(id);
      return;
    }
    if (index <= gateway.index) return;
    if (index !== gateway.index + 1) {
      this.#ask(id);
      return;
    }
    gateway.index = index;
    for (const online of changes) {
      const [user] = online;
      const before = gateway.users.get(user);
      put(gateway.users, online);
      this.#compare(user, before, gateway.users.get(user));
    }
  }

  #take(message: Whole): void {
    const gateway = this.#gateways.get(message.id) ?? this.#open(message.id, undefined);
    if (gateway.index !== undefined && message.index <= gateway.index) return;
    if (message.part === 0) gateway.parts = [];
    if (gateway.parts.length !== message.part) return;
    gateway.parts.push(message);
    if (gateway.parts.length < message.parts) return;
    const before: Users = gateway.users;
    gateway.users = new Map();
    for (const online of gateway.parts.flatMap((part) => part.online)) put(gateway.users, online);
    gateway.parts = [];
    gateway.index = message.index;
    for (const user of new Set([...before.keys(), ...gateway.users.keys()])) {
      this.#compare(user, before.get(user), gateway.users.get(user));
    }
  }

  /** Who watches is told of other platforms only. */
  #compare(user: string, before: Known | undefined, after: Known | undefined): void {
    if (before?.platforms.join() !== after?.platforms.join()) this.#deps.moved(user as UserId);
  }

  #open(id: string, index: number | undefined): Gateway {
    const gateway: Gateway = { index, users: new Map(), parts: [] };
    this.#gateways.set(id, gateway);
    return gateway;
  }

  #ask(id: string): void {
    const gateway = this.#gateways.get(id) ?? this.#open(id, undefined);
    gateway.index = undefined;
    gateway.parts = [];
    this.#deps.tell({ kind: 'ask', id });
  }

  #tellAll(): void {
    const online: readonly Online[] = [...this.#own.values()];
    const parts = Math.max(1, Math.ceil(online.length / PART_USERS_MAX));
    for (let part = 0; part < parts; part += 1) {
      this.#deps.tell({
        kind: 'whole',
        id: this.#deps.id,
        index: this.#index,
        part,
        parts,
        online: online.slice(part * PART_USERS_MAX, (part + 1) * PART_USERS_MAX),
      });
    }
  }
}

const put = (users: Map<string, Known>, [user, platforms, asleep = []]: Online): void => {
  if (platforms.length === 0) users.delete(user);
  else users.set(user, { platforms, asleep });
};
