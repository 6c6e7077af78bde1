import type { NumberedEvent } from '../../core/conversation/events.ts';
import type { Recorded } from '../../core/kernel/fact.ts';
import type { GroupId, Millis, Position, TokenId, UserId } from '../../core/kernel/ids.ts';
import type { LoginEvent } from '../../core/login/events.ts';
import type { Passing } from '../../core/sequence/shown.ts';
import { NO_SOCKET_METER, type SocketMeter } from '../meters.ts';
import type { Caller, Chats, Logins, Messages, NumbersOf, Presence } from '../ports.ts';
import { Audience, type MembershipEvent } from './audience.ts';
import { Connection } from './connection.ts';
import { Connections } from './connections.ts';
import { roomFor, type Room } from './crowd.ts';
import { dispatcher, onceReady } from './dispatch.ts';
import { FanOut } from './fanOut.ts';
import { kickFrame } from './frames.ts';
import { handlersFor } from './handlers/table.ts';
import { welcome, type Accepted, type Asked, type Welcome } from './handshake.ts';
import { holding, type Alarm, type Wait } from './hold.ts';
import { keeper } from './keeper.ts';
import type { Interest, Topic } from './interest.ts';
import type { Log } from '../log.ts';
import { PendingHandshakes } from './pendingHandshakes.ts';
import { announcePresence, subscriptionsOf, type WatchedHere } from './presence.ts';
import type { CloseReason, Socket } from './socket.ts';
import { answerToText } from './textFrames.ts';
import { NO_TRACES, type Traces } from '../traces.ts';

/** How long answers to what has been asked are waited for as the gateway closes. */
export const DRAIN_MS = 5000;
/** Sockets are closed in so many portions, so that their clients do not all come back at once. */
const CLOSING_PORTIONS = 20;
const CLOSING_EVERY_MS = 50;
/** A kick may be followed before the socket of a login that was checked just before has opened. */
const KICKS_REMEMBERED_MS = 30_000;
/** Logins that the log did not take are tried again, so many a second. */
const ACTIVATED_AGAIN_MAX = 100;

export type GatewayDeps = Readonly<{
  logins: Pick<Logins, 'check' | 'activate'>;
  messages: Pick<Messages, 'send'>;
  chats: Pick<
    Chats,
    'newestSeqs' | 'readStates' | 'pinned' | 'pullRanges' | 'pullSeqs' | 'lastVisible'
  >;
  /** A user's platforms here are others than before, or others of them are asleep: not pushed to. */
  presenceChanged?: (user: UserId, platforms: readonly number[], asleep: readonly number[]) => void;
  /** On which platforms a user is connected to other gateways; none: there are no others. */
  elsewhere?: Presence;
  /** None: everything that is for the users here comes by itself. */
  interest?: Interest;
  /** Events up to this position are older than the gateway, and nobody is told of them. */
  after: Position;
  numbers: NumbersOf;
  /**
   * The groups that a user is in, with all that has happened up to a position. Throws where that cannot be
   * told for now.
   */
  groupsOf: (user: UserId, asOf: Position) => Promise<readonly GroupId[]>;
  connectionsMax: number;
  /** Of one user. */
  userConnectionsMax: number;
  now: () => Millis;
  wait: Wait;
  alarm: Alarm;
  log: Log;
  /** None: nothing is measured. */
  meter?: SocketMeter;
  /** None: nobody asks what has become of a message. */
  traces?: Traces;
}>;

export type GatewayStats = Readonly<{
  sockets: number;
  users: number;
  opened: number;
  /** Handshakes that were answered with an error, by its code. */
  refused: ReadonlyMap<number, number>;
  /**
   * Connections that have ended, and sockets that were closed for what they sent before they were let in; those
   * that never happened are left out.
   */
  closes: ReadonlyMap<CloseReason, number>;
  pushes: number;
  requests: number;
  /** Conversations with a cursor, how often one lacked something, and how many messages were read for it. */
  cursors: Readonly<{ count: number; repairs: number; repaired: number }>;
}>;

/** The gateway without its sockets: whoever has them tells it what happens to each. */
export class Gateway {
  readonly #deps: GatewayDeps;
  readonly #connections: Connections;
  readonly #audience: Audience;
  readonly #fanOut: FanOut;
  readonly #dispatch: (connection: Connection, frame: Uint8Array) => Promise<void>;
  readonly #handshakes: PendingHandshakes;
  readonly #room: Room;
  readonly #keep: () => void;
  readonly #closes = new Map<CloseReason, number>();
  readonly #refused = new Map<number, number>();
  readonly #kicked = new Map<TokenId, Millis>();
  /** Open, but the log does not say so yet: their tokens would not be cut with the others. */
  readonly #unactivated = new Set<Connection>();
  readonly #underWay = new Set<Promise<void>>();
  #opened = 0;
  #requests = 0;
  #closing = false;

  constructor(deps: GatewayDeps) {
    const { now, wait, alarm, log, meter = NO_SOCKET_METER, traces = NO_TRACES } = deps;
    this.#deps = deps;
    const tell = (user: UserId): void => {
      const [here, asleep] = [
        this.#connections.platformsHere(user),
        this.#connections.asleepHere(user),
      ];
      deps.presenceChanged?.(user, here, asleep);
    };
    this.#connections = new Connections(
      (user) => {
        this.presenceMoved(user);
        tell(user);
      },
      tell,
      deps.elsewhere,
    );
    this.#audience = new Audience(this.#connections, deps.after, deps.interest);
    this.#fanOut = new FanOut({ ...deps, audience: this.#audience });
    const handlers = handlersFor({
      messages: deps.messages,
      chats: deps.chats,
      connections: this.#connections,
      fanOut: this.#fanOut,
      hold: holding(wait, alarm, this.#fanOut),
      log,
      meter,
      traces,
    });
    this.#dispatch = onceReady(dispatcher(handlers, log, meter));
    this.#room = roomFor(this.#connections, deps.userConnectionsMax, now);
    this.#keep = keeper(this.#connections, now);
    this.#handshakes = new PendingHandshakes({
      welcome: welcome({
        logins: deps.logins,
        groups: async (user) => {
          const asOf = this.#audience.newest;
          return { groups: await deps.groupsOf(user, asOf), asOf };
        },
        full: () => this.#connections.count + this.#handshakes.count >= deps.connectionsMax,
        crowded: (caller) => this.#room.isFullFor(caller),
        closing: () => this.#closing,
        failed: (error, operationId) =>
          log.error({ err: error, operationId }, 'who wants to connect could not be let in'),
      }),
      alarm,
      late: (asked) => log.warn(traceOf(asked), 'who wants to connect could not be let in in time'),
    });
  }

  /** Whether a client may connect. Never throws, and answers within a bounded time. */
  async greet(asked: Asked): Promise<Welcome> {
    const answer = await this.#handshakes.answer(asked);
    if (answer.kind === 'refused') count(this.#refused, answer.error.errCode);
    return answer;
  }

  /** A socket has sent too much before it was let in, and is closed for it. */
  overrun(): void {
    count(this.#closes, 'too-many-requests');
  }

  /** An accepted socket is open. From here on it gets pushes; nothing of it has been read yet. */
  open(socket: Socket, { caller, introduction, groups }: Accepted): Connection {
    const { operationId, form, background } = introduction;
    this.#opened += 1;
    const connection = new Connection(socket, {
      number: this.#opened,
      openedAt: this.#deps.now(),
      caller,
      form,
      operationId,
      background,
    });
    const isOneTooMany = !this.#room.makeFor(caller);
    this.#connections.add(connection);
    // Nobody knows any more in which groups it is: it syncs once more, with all of them.
    if (!this.#audience.arrived(connection, groups)) connection.cut(this.#deps.now());
    this.#listen(connection);
    // Let in before the end began, and here only after all others were closed: nobody else would close it.
    if (this.#closing) connection.close('shutdown');
    else if (isOneTooMany) connection.close('too-many-connections');
    else if (this.#kicked.has(caller.token)) this.#kick(connection);
    else void this.#activate(connection);
    return connection;
  }

  /** A message has come in on a socket. `bytes` are the gateway's to keep. */
  receive(connection: Connection, bytes: Uint8Array, isText: boolean): void {
    if (connection.closed !== undefined || this.#closing) return;
    if (isText) {
      const answer = answerToText(bytes);
      if (answer.kind === 'pong') return connection.sendText(answer.text);
      if (answer.kind === 'nothing') return;
      // What else is text was meant as an envelope; those of Go are never text (GW 2.6).
      if (connection.form.kind === 'gob') return connection.close('malformed-frame');
    }
    this.#requests += 1;
    const answered = this.#dispatch(connection, bytes);
    this.#underWay.add(answered);
    void answered.finally(() => this.#underWay.delete(answered));
  }

  /** A socket is gone; `reason` holds unless the gateway itself has closed it. */
  gone(connection: Connection, reason: CloseReason): void {
    count(this.#closes, connection.gone(reason));
    this.#connections.remove(connection);
    this.#unactivated.delete(connection);
    const { user, platform } = connection.caller;
    this.#deps.traces?.gone(connection.number, user, platform);
    this.#audience.departed(connection);
    if (this.#connections.of(user).size === 0) this.#fanOut.left(user);
  }

  /** To be called every `TICK_MS`. */
  tick(): void {
    this.#keep();
    this.#fanOut.tick();
    for (const connection of [...this.#unactivated].slice(0, ACTIVATED_AGAIN_MAX)) {
      this.#unactivated.delete(connection);
      void this.#activate(connection);
    }
    const at = this.#deps.now();
    for (const [token, since] of this.#kicked) {
      if (at - since < KICKS_REMEMBERED_MS) break;
      this.#kicked.delete(token);
    }
  }

  /** Stored events, in the order of the log, none left out. */
  deliver(events: readonly Recorded<NumberedEvent>[]): void {
    this.#fanOut.deliver(events);
  }

  /** Somebody has come into a group or gone, in the order of the log with what is delivered. */
  memberMoved(event: Recorded<MembershipEvent>): void {
    this.#fanOut.moved(event);
  }

  /** Stored events as others tell of them: in any order, more than once, or never. */
  announce(events: readonly Recorded<NumberedEvent>[]): void {
    this.#fanOut.announce(events);
  }

  /** What is not stored. `senderSync`: to the sender's own devices as well. */
  pass(passing: Passing, senderSync: boolean, openedBefore?: Millis): void {
    this.#fanOut.pass(passing, senderSync, openedBefore);
  }

  /** To these users of those whom it is for; it has come from another process. */
  passTo(topics: readonly Topic[], passing: Passing, openedBefore?: Millis): void {
    this.#fanOut.passTo(topics, passing, openedBefore);
  }

  /** A user has come or gone, here or at another gateway: whoever watches is told. */
  presenceMoved(user: UserId): void {
    announcePresence(this.#connections, user, this.#connections.platformsOf(user));
  }

  /** A login stream has a new event: what it kicks is told so and closed. */
  loginChanged(event: LoginEvent): void {
    if (event.type === 'TokenIssued') return;
    const { user, kicks } = event.data;
    for (const token of kicks) this.#kicked.set(token, this.#deps.now());
    for (const connection of this.#connections.withTokens(user, kicks)) this.#kick(connection);
  }

  /** Whether a user is connected to this gateway. */
  isHere(user: UserId): boolean {
    return this.#connections.of(user).size > 0;
  }

  /** Whose connections these are, of those that are open. */
  ownersOf(numbers: ReadonlySet<number>): ReadonlyMap<number, Pick<Caller, 'user' | 'platform'>> {
    const owners = new Map<number, Caller>();
    if (numbers.size === 0) return owners;
    for (const { number, caller } of this.#connections) {
      if (numbers.has(number)) owners.set(number, caller);
    }
    return owners;
  }

  readonly presenceOf: Presence = (user) => this.#connections.platformsOf(user);

  /** Platforms on which something is pushed to the user by this gateway. */
  awakeHere(user: UserId): readonly number[] {
    const asleep = this.#connections.asleepHere(user);
    return this.#connections.platformsHere(user).filter((platform) => !asleep.includes(platform));
  }

  get presenceSubscriptions(): WatchedHere {
    return subscriptionsOf(this.#connections);
  }

  stats(): GatewayStats {
    return {
      sockets: this.#connections.count,
      users: this.#connections.users,
      opened: this.#opened,
      refused: new Map(this.#refused),
      closes: new Map(this.#closes),
      pushes: this.#fanOut.pushes,
      requests: this.#requests,
      cursors: this.#fanOut.cursors,
    };
  }

  /** Takes nothing more, lets what has been asked be answered, closes all; bounded. */
  async drain(): Promise<void> {
    const { wait } = this.#deps;
    this.#closing = true;
    this.#handshakes.end();
    await Promise.race([Promise.allSettled(this.#underWay), wait(DRAIN_MS)]);
    const left = [...this.#connections];
    const portion = Math.ceil(left.length / CLOSING_PORTIONS);
    for (let from = 0; from < left.length; from += portion) {
      if (from > 0) await wait(CLOSING_EVERY_MS);
      for (const connection of left.slice(from, from + portion)) connection.close('shutdown');
    }
  }

  /** Nothing of it is read before all is heard that is for its user and groups (decisions 5.3). */
  #listen(connection: Connection): void {
    const settled = this.#deps.interest?.settled();
    connection.ready = settled?.then(() => {
      connection.ready = undefined;
    });
  }

  async #activate(connection: Connection): Promise<void> {
    const { caller, operationId } = connection;
    try {
      const activated = await this.#deps.logins.activate(caller, {
        actor: caller.user,
        operationId,
      });
      if (activated.kind === 'refused') this.#kick(connection);
    } catch (error) {
      // The socket stays, and its login is told to the log as soon as that can be had.
      if (connection.closed === undefined) this.#unactivated.add(connection);
      const { user } = caller;
      this.#deps.log.error({ err: error, operationId, user }, 'a login could not be activated');
    }
  }

  #kick(connection: Connection): void {
    connection.close('kicked', kickFrame(connection.form));
  }
}

const traceOf = ({ introduction }: Asked): Readonly<{ operationId?: string }> =>
  'wrong' in introduction ? {} : { operationId: introduction.operationId };

const count = <Key>(counts: Map<Key, number>, key: Key): void => {
  counts.set(key, (counts.get(key) ?? 0) + 1);
};
