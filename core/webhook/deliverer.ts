import type { Millis, EventId, Position } from '../kernel/ids.ts';
import type { SeqlineEvent } from '../kernel/catalogue.ts';
import type { Recorded } from '../kernel/fact.ts';
import { Gate } from './gate.ts';
import type { Made, Of } from './events.ts';
import type { Call, Endpoint, Post, Posted } from './ports.ts';

type Event = Recorded<SeqlineEvent>;

/** Deliveries that are not done yet, of one endpoint; past it no more of the log is read. */
export const PENDING_MAX = 2_000;
/** Calls at once: an endpoint that takes 10 ms for each gets 1,600 a second. */
export const CALLS_MAX = 16;
/** Pause before a delivery is tried again; doubles each time. */
const RETRY_MS = 1_000;
const RETRY_MS_MAX = 300_000;
/** More would be no number any more. */
const DOUBLINGS_MAX = 20;
/**
 * Tries of one delivery in vain, made while the endpoint takes others: then it is this one that is wrong.
 * Some 20 minutes.
 */
export const ATTEMPTS_MAX = 12;

/** What an endpoint is told of a fact. */
export type Told = Readonly<{
  callback: string;
  command: string;
  /** Deliveries of one order are made one after the other. */
  order: string;
  /** JSON. */
  body: string;
  timeout: Millis;
  key?: string;
  /** What the delivery log says that it was about, if not the fact. */
  of?: Of;
}>;

export type Delivery = Readonly<{ event: Event; told: Told; id: EventId }>;

export type DelivererDeps = Readonly<{
  endpoint: Endpoint;
  /** A throw: it cannot be told for now, and `take` throws the same. */
  toldOf: (event: Event) => readonly Told[] | Promise<readonly Told[]>;
  /** `part`: of several deliveries of one callback about one fact, from 0. */
  idOf: (event: Event, callback: string, part: number) => EventId;
  post: Post;
  /** Recorded before its place is passed; a throw is a fault of the log, and it is tried again. */
  giveUp: (delivery: Delivery, attempts: number, why: string) => Promise<void>;
  /** Taken or given up. */
  made: (made: Made) => void;
  /** Something has been done: `reached` may have moved. */
  moved: () => void;
  now: () => Millis;
  /** Resolves after that time, or when the deliverer is stopped. */
  pause: (ms: Millis) => Promise<void>;
  /** All is sent as part of this replay. */
  replay?: EventId;
  /** Nothing but these. */
  only?: ReadonlySet<EventId>;
}>;

type Tries = {
  attempts: number;
  /** Those that speak against the delivery. */
  own: number;
  /** What the endpoint had taken at the last of them. */
  taken: number;
  readonly begun: Millis;
};
type Tried = Readonly<{ posted: Posted; status: number; ms: Millis }>;
type Ended = Pick<Tried, 'status' | 'ms'> & Readonly<{ failed?: true }>;

type Pending = { readonly delivery: Delivery; readonly before: Position; done: boolean };

/**
 * Tells an endpoint what has happened: each fact at least once, those of one order one after the other,
 * others meanwhile. What is not taken is tried again, and given up in the end; until then it holds up those
 * of its order alone. An endpoint that is away is asked by one delivery at a time, and loses none.
 */
export class Deliverer {
  readonly #deps: DelivererDeps;
  readonly #gate: Gate;
  readonly #lanes = new Map<string, Pending[]>();
  /** In the order of the log; those at the front that are done have been taken out. */
  readonly #pending: Pending[] = [];
  readonly #roomed: (() => void)[] = [];
  #seen: Position;
  #calls = 0;
  readonly #callers: (() => void)[] = [];
  /** Deliveries the endpoint has taken. */
  #taken = 0;
  #stopped = false;

  constructor(deps: DelivererDeps, after: Position) {
    this.#deps = deps;
    this.#seen = after;
    this.#gate = new Gate(deps.pause);
  }

  /** All that the log has up to here is done. */
  get reached(): Position {
    return this.#pending[0]?.before ?? this.#seen;
  }

  get pending(): number {
    return this.#pending.length;
  }

  /** When the oldest of what is not done happened. */
  get oldest(): Millis | undefined {
    return this.#pending[0]?.delivery.event.created;
  }

  /** Since when nothing gets through, by `now`; undefined while the endpoint is there. */
  get awaySince(): Millis | undefined {
    return this.#gate.closedAt;
  }

  /** The next events of the log, up to a position. Resolves when there is room for more. */
  async take(events: readonly Event[], upTo: Position): Promise<void> {
    const { toldOf, idOf, only } = this.#deps;
    for (const event of events) {
      if (event.position <= this.#seen) continue;
      const parts = new Map<string, number>();
      const found = toldOf(event);
      for (const told of Array.isArray(found) ? (found as readonly Told[]) : await found) {
        const { callback } = told;
        const part = parts.get(callback) ?? 0;
        parts.set(callback, part + 1);
        const delivery = { event, told, id: idOf(event, callback, part) };
        if (only?.has(delivery.id) === false) continue;
        await this.#room();
        if (this.#stopped) return;
        this.#add({ delivery, before: this.#seen, done: false });
      }
      this.#seen = event.position;
    }
    this.#seen = Math.max(this.#seen, upTo);
    await this.#room();
  }

  /** What is under way is not waited for: it is made again, under the same id. */
  stop(): void {
    this.#stopped = true;
    this.#gate.open();
    for (const wake of [...this.#roomed.splice(0), ...this.#callers.splice(0)]) wake();
  }

  async #room(): Promise<void> {
    while (this.#pending.length >= PENDING_MAX && !this.#stopped) {
      await new Promise<void>((resolve) => this.#roomed.push(resolve));
    }
  }

  #add(pending: Pending): void {
    this.#pending.push(pending);
    const { order } = pending.delivery.told;
    const lane = this.#lanes.get(order);
    if (lane !== undefined) {
      lane.push(pending);
      return;
    }
    const made = [pending];
    this.#lanes.set(order, made);
    void this.#run(order, made);
  }

  async #run(order: string, lane: Pending[]): Promise<void> {
    for (let first = lane[0]; first !== undefined && !this.#stopped; first = lane[0]) {
      await this.#deliver(first);
      if (!first.done) return;
      lane.shift();
    }
    this.#lanes.delete(order);
  }

  /** Until it is taken or given up, or the deliverer is stopped. */
  async #deliver(pending: Pending): Promise<void> {
    const tries = { attempts: 0, own: 0, taken: this.#taken, begun: this.#deps.now() };
    while (!pending.done && !this.#stopped) await this.#try(pending, tries);
  }

  async #try(pending: Pending, tries: Tries): Promise<void> {
    await this.#gate.passed(pending);
    await this.#callable();
    const tried = this.#stopped ? undefined : await this.#call(pending.delivery, tries);
    this.#leave();
    if (tried === undefined) return;
    if (isTaken(tried.status)) {
      this.#taken += 1;
      this.#gate.open();
      this.#end(pending, tries.attempts, tried);
      return;
    }
    // While it takes others it is not away, whatever it looks like from here.
    if (this.#taken > tries.taken) tries.own += 1;
    tries.taken = this.#taken;
    const { now, pause, endpoint } = this.#deps;
    const isHopeless = tries.own >= ATTEMPTS_MAX || now() - tries.begun >= endpoint.giveUpAfter;
    if (isHopeless && (await this.#giveUp(pending, tries.attempts, tried.posted))) {
      this.#gate.open();
      this.#end(pending, tries.attempts, { ...tried, failed: true });
    } else if (isAway(tried.posted)) await this.#gate.close(pending, now());
    else {
      this.#gate.open();
      const doubled = RETRY_MS * 2 ** Math.min(tries.attempts - 1, DOUBLINGS_MAX);
      await pause(Math.min(doubled, RETRY_MS_MAX));
    }
  }

  /** Undefined: it has failed because the deliverer was stopped. */
  async #call(delivery: Delivery, tries: Tries): Promise<Tried | undefined> {
    const { now } = this.#deps;
    tries.attempts += 1;
    const begun = now();
    const posted = await this.#post(delivery, tries.attempts);
    if (this.#stopped && posted.kind === 'failed') return undefined;
    const status = posted.kind === 'answered' ? posted.status : 0;
    return { posted, status, ms: now() - begun };
  }

  #post({ id, told, event }: Delivery, attempt: number): Promise<Posted> {
    const { endpoint, post, replay } = this.#deps;
    const { command, body, timeout, key } = told;
    const call: Call = {
      id,
      command,
      body,
      timeout,
      attempt,
      operationId: event.meta.operationId,
      ...(key === undefined ? {} : { key }),
      ...(replay === undefined ? {} : { replay }),
    };
    return post(endpoint, call);
  }

  /** False: the log does not take it for now, so the delivery is tried on. */
  async #giveUp({ delivery }: Pending, attempts: number, posted: Posted): Promise<boolean> {
    const why =
      posted.kind === 'failed'
        ? `${posted.failure}: ${posted.detail}`
        : `HTTP ${String(posted.status)}`;
    try {
      await this.#deps.giveUp(delivery, attempts, why);
      return true;
    } catch {
      return false;
    }
  }

  #end(pending: Pending, attempts: number, { status, ms, failed }: Ended): void {
    const { event, told, id } = pending.delivery;
    const { now, replay } = this.#deps;
    pending.done = true;
    while (this.#pending[0]?.done === true) this.#pending.shift();
    this.#deps.made({
      delivery: id,
      callback: told.callback,
      stream: (told.of ?? event).stream,
      revision: (told.of ?? event).revision,
      at: now(),
      attempts,
      status,
      ms,
      ...(failed === undefined ? {} : { failed }),
      ...(replay === undefined ? {} : { replay }),
    });
    if (this.#pending.length < PENDING_MAX) for (const wake of this.#roomed.splice(0)) wake();
    this.#deps.moved();
  }

  async #callable(): Promise<void> {
    while (this.#calls >= CALLS_MAX && !this.#stopped) {
      await new Promise<void>((resolve) => this.#callers.push(resolve));
    }
    this.#calls += 1;
  }

  #leave(): void {
    this.#calls -= 1;
    this.#callers.shift()?.();
  }
}

/** Only success is a receipt: whoever answers anything else is told again. */
const isTaken = (status: number): boolean => status >= 200 && status < 300;

/** Too many requests, and what a proxy says whose server is not there. */
const AWAY = [429, 502, 503, 504];

/** Nobody is there to take anything: this says nothing of the delivery. */
const isAway = (posted: Posted): boolean =>
  posted.kind === 'answered'
    ? AWAY.includes(posted.status)
    : posted.failure === 'unreachable' || posted.failure === 'too-slow';
