import { hash } from 'node:crypto';
import { catalogue } from '../../../core/kernel/catalogue.ts';
import { StoreUnavailable } from '../../../core/kernel/eventStore.ts';
import type { Millis, UserId } from '../../../core/kernel/ids.ts';
import type { Presence } from '../../../gateways/ports.ts';
import type { Bus } from '../../bus/bus.ts';
import type { Catalogue } from '../../eventstore/codec.ts';
import { PresenceElsewhere } from './presence.ts';
import { EVERYBODY, read, written, type Member, type ToAll } from './wire.ts';

/** How often a process says that it is there. */
export const BEAT_MS: Millis = 1_000;
/** After so long a silence another does what only one does at a time; it is fenced by the log (core/notice). */
export const SILENT_MS: Millis = 3_000;
/** After so long a silence its users are taken for gone, and nobody waits for what it can read. */
export const LEASE_MS: Millis = 10_000;

/** Who has just come appends nothing for so long: by then all that are there have said what they can read. */
export const LISTEN_MS: Millis = 2 * BEAT_MS;
/** Raised when what is forwarded has another form, though the catalogue be the same. */
const FORWARDED_FORM = 1;

const nameOf = (type: string, version: number): string => `${type}@${String(version)}`;

/** Every event that can be read with it, in each version that it was ever written in. */
const knownBy = (events: Catalogue): readonly string[] =>
  Object.entries(events).flatMap(([type, { version }]) =>
    Array.from({ length: version }, (_, at) => nameOf(type, at + 1)),
  );

/** The same for all that would store the same of what they are handed. */
const formOf = (events: Catalogue): string => {
  const shapes = Object.entries(events).map(([type, { version, personal = {}, each = '' }]) =>
    [nameOf(type, version), each, ...Object.keys(personal)].join(' '),
  );
  return hash('sha1', [FORWARDED_FORM, ...shapes.sort()].join());
};

type MembersDeps = Readonly<{
  bus: Bus;
  /** Unlike any other process's, and another after each start. */
  id: string;
  /** What people call it. */
  name?: string;
  /** Of a clock that only goes forward: one that is set back would keep whoever has gone alive until it is there again. */
  now?: () => Millis;
  /** Whether it takes sends that others forward. */
  takesSends?: boolean;
  /** A user is connected to other gateways than before. */
  presenceMoved: (user: UserId) => void;
  /** What else is told to all. */
  heard: (message: ToAll) => void;
  /** All that it reads and writes. */
  events?: Catalogue;
}>;

type Seen = { readonly member: Member; at: Millis };

/**
 * Who else is there: each process says so every second, and is forgotten when it is silent. While this one is
 * cut off from the bus it cannot tell, and keeps to what it knew.
 */
export class Members {
  readonly id: string;
  readonly #deps: MembersDeps;
  readonly #now: () => Millis;
  readonly #events: Catalogue;
  readonly #knows: readonly string[];
  readonly #form: string;
  readonly #others = new Map<string, Seen>();
  readonly #presence: PresenceElsewhere;
  readonly #leads = new Set<string>();
  readonly #ends: (() => void)[];
  #timer: NodeJS.Timeout | undefined;
  #wholeSince: Millis;
  /** What some process that is there cannot read; looked up at each append. */
  #unknown: ReadonlySet<string> = new Set();
  #sendTakers: readonly string[] | undefined;
  #listening: Promise<void> | undefined;

  constructor(deps: MembersDeps) {
    this.#deps = deps;
    this.id = deps.id;
    this.#events = deps.events ?? catalogue;
    this.#knows = knownBy(this.#events);
    this.#form = formOf(this.#events);
    this.#now = deps.now ?? (() => performance.now());
    this.#wholeSince = this.#now();
    this.#presence = new PresenceElsewhere({
      id: deps.id,
      tell: (message) => deps.bus.publish(EVERYBODY, written(message)),
      moved: deps.presenceMoved,
    });
    this.#ends = [
      deps.bus.subscribe(EVERYBODY, (payload) => this.#hear(read<ToAll>(payload))),
      deps.bus.onChange({
        cut: () => undefined,
        whole: () => {
          this.#wholeSince = this.#now();
          this.beat();
        },
      }),
    ];
  }

  /** From now on, until it is closed. */
  start(): void {
    this.beat();
    this.#timer = setInterval(() => {
      this.beat();
    }, BEAT_MS);
    this.#timer.unref();
    if (!this.#deps.bus.isShared()) return;
    this.#listening = new Promise((resolve) => {
      const end = (): void => {
        this.#listening = undefined;
        resolve();
      };
      setTimeout(end, LISTEN_MS).unref();
    });
  }

  /** Until then it is not known who else is there; undefined: it is. */
  get listening(): Promise<void> | undefined {
    return this.#listening;
  }

  /** Says that this process is there, and forgets those that have been silent. */
  beat(): void {
    const { bus, id, name, takesSends = false } = this.#deps;
    const member = {
      ...{ id, ...(takesSends && { appends: this.#form }) },
      ...(name !== undefined && { name }),
      leads: [...this.#leads],
      knows: this.#knows,
      index: this.#presence.index,
    };
    bus.publish(EVERYBODY, written({ kind: 'member', ...member }));
    for (const [other, seen] of this.#others) {
      if (this.#silence(seen) > LEASE_MS) this.#forget(other);
    }
  }

  readonly elsewhere: Presence = (user) => this.#presence.platformsOf(user);

  /** Whether a user is connected to another gateway at all. */
  readonly isElsewhere = (user: UserId): boolean => this.#presence.isThere(user);

  readonly gatewaysOf = (user: UserId): number => this.#presence.gatewaysOf(user);

  /** Of these, where something is pushed to the user. */
  readonly awakeElsewhere: Presence = (user) => this.#presence.awakeOf(user);

  /** A user's platforms here have changed, or which of them are asleep. */
  presenceChanged(
    user: UserId,
    platforms: readonly number[],
    asleep: readonly number[] = [],
  ): void {
    this.#presence.changed(user, platforms, asleep);
  }

  /**
   * Whether this process may begin with what only one does at a time: no other says that it does. Who has just
   * started, or come back to the bus, listens first.
   */
  isFree(name: string): boolean {
    const { bus } = this.#deps;
    if (!bus.isShared()) return true;
    if (!bus.isConnected() || this.#now() - this.#wholeSince < SILENT_MS) return false;
    for (const seen of this.#others.values()) {
      if (seen.member.leads.includes(name) && this.#silence(seen) < SILENT_MS) return false;
    }
    return true;
  }

  leads(name: string, does: boolean): void {
    if (does) this.#leads.add(name);
    else this.#leads.delete(name);
    this.beat();
  }

  /** Throws, such that it is tried again, where a process is there that cannot read events of this type. */
  assertKnown(type: string): void {
    if (this.#unknown.size === 0) return;
    const name = nameOf(type, this.#events[type]?.version ?? 1);
    if (!this.#unknown.has(name)) return;
    throw new StoreUnavailable(
      `a process of an older version is running that cannot read ${name}: end the upgrade first`,
    );
  }

  /** Those that are there beside this one. */
  get others(): number {
    return this.#others.size;
  }

  /**
   * The ids of those that take sends and store the same of them, this one among them if it does: the same list until
   * somebody comes or goes.
   */
  get sendTakers(): readonly string[] {
    return (this.#sendTakers ??= this.#takingSends());
  }

  #takingSends(): readonly string[] {
    const { id, takesSends = false } = this.#deps;
    const others = [...this.#others.values()].filter(({ member }) => member.appends === this.#form);
    return [...(takesSends ? [id] : []), ...others.map(({ member }) => member.id)];
  }

  /** Their ids, and what people call them. */
  get named(): ReadonlyMap<string, string> {
    return new Map(
      [...this.#others].map(([id, { member }]) => [id, member.name ?? id.slice(0, 8)] as const),
    );
  }

  close(): void {
    clearInterval(this.#timer);
    const { bus, id } = this.#deps;
    bus.publish(EVERYBODY, written({ kind: 'gone', id }));
    for (const end of this.#ends) end();
  }

  #hear(message: ToAll): void {
    switch (message.kind) {
      case 'member':
        if (!this.#others.has(message.id)) this.#sendTakers = undefined;
        this.#others.set(message.id, { member: message, at: this.#now() });
        this.#presence.heard(message);
        this.#learn();
        break;
      case 'gone':
        this.#forget(message.id);
        break;
      case 'presence':
      case 'whole':
      case 'ask':
        this.#presence.hear(message);
        break;
      default:
        this.#deps.heard(message);
    }
  }

  #forget(id: string): void {
    this.#sendTakers = undefined;
    this.#others.delete(id);
    this.#presence.forget(id);
    this.#learn();
  }

  /** Nobody is silent while this process is cut off, or has just come back. */
  #silence({ at }: Seen): Millis {
    const { bus } = this.#deps;
    return bus.isConnected() ? this.#now() - Math.max(at, this.#wholeSince) : 0;
  }

  #learn(): void {
    const unknown = new Set<string>();
    for (const { member } of this.#others.values()) {
      const knows = new Set(member.knows);
      for (const name of this.#knows) if (!knows.has(name)) unknown.add(name);
    }
    this.#unknown = unknown;
  }
}
