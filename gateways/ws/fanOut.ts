import { conversationOfStream } from '../../core/conversation/events.ts';
import type { NumberedEvent, Parties } from '../../core/conversation/events.ts';
import type { Recorded } from '../../core/kernel/fact.ts';
import type { ConversationId, Millis, Position, UserId } from '../../core/kernel/ids.ts';
import type { Passing } from '../../core/sequence/shown.ts';
import type { Log } from '../log.ts';
import { NO_SOCKET_METER, type SocketMeter } from '../meters.ts';
import type { MsgData } from '../openim/msgData.ts';
import { renderEvent, renderPassing } from '../openim/render.ts';
import type { NumbersOf } from '../ports.ts';
import type { Connection } from './connection.ts';
import type { Connections } from './connections.ts';
import { Cursors, cutAt } from './cursors.ts';
import { pushFrames, sendAnswerFrame, type Frames } from './frames.ts';
import type { Wait } from './hold.ts';

/** Frames by connection, so that what a batch has for one connection leaves in one system call. */
type Outbox = Map<Connection, Uint8Array[]>;

type FanOutDeps = Readonly<{
  connections: Connections;
  /** What is not after it is older than the gateway: whoever connects syncs. */
  after: Position;
  numbers: NumbersOf;
  now: () => Millis;
  wait: Wait;
  log: Pick<Log, 'warn'>;
  meter?: SocketMeter;
}>;

/**
 * From the log to the sockets here. Every socket gets every message of its user's conversations in the
 * order of their numbers, or it is closed (decisions 5.2). The process's own follower of the log tells all
 * of them, in order; other nodes may tell of what they append earlier than that, and the cursors see to
 * the order then.
 */
export class FanOut {
  readonly #connections: Connections;
  readonly #cursors: Cursors;
  readonly #now: () => Millis;
  readonly #meter: SocketMeter;
  /** When those sends were read whose answers are in the outbox. */
  #answered: number[] = [];
  #followed: Position;
  #announced: Position;
  #pushes = 0;

  constructor({ connections, after, numbers, now, wait, log, meter }: FanOutDeps) {
    this.#connections = connections;
    this.#followed = after;
    this.#announced = after;
    this.#now = now;
    this.#meter = meter ?? NO_SOCKET_METER;
    this.#cursors = new Cursors({
      numbers,
      push: (events) => this.#pushLate(events),
      lost: (parties) => this.#cut(parties),
      wait,
      log,
    });
  }

  /** Messages written to sockets so far. */
  get pushes(): number {
    return this.#pushes;
  }

  /** Conversations with a cursor, how often something was missing, and how much was. */
  get cursors(): Readonly<{ count: number; repairs: number; repaired: number }> {
    const { count, repairs } = this.#cursors;
    return { count, repairs: repairs.count, repaired: repairs.messages };
  }

  /** Up to where the process's own follower has come with numbered events: so far reads reach. */
  get followed(): Position {
    return this.#followed;
  }

  /** The newest that anybody has told of. */
  get announced(): Position {
    return this.#announced;
  }

  /**
   * Stored events from the process's own follower: in the order of the log, and none left out. What has
   * been delivered before is passed over.
   */
  deliver(events: readonly Recorded<NumberedEvent>[]): void {
    const outbox: Outbox = new Map();
    for (const event of events) {
      if (event.position <= this.#followed) continue;
      this.#followed = event.position;
      this.#take(outbox, event, undefined);
    }
    this.#announced = Math.max(this.#announced, this.#followed);
    this.#flush(outbox);
  }

  /**
   * Stored events as those tell of them who have appended them: in any order, more than once, or never,
   * and mostly before the follower has come so far.
   */
  announce(events: readonly Recorded<NumberedEvent>[]): void {
    const outbox: Outbox = new Map();
    for (const event of events) {
      if (event.position <= this.#followed) continue;
      this.#announced = Math.max(this.#announced, event.position);
      this.#take(outbox, event, this.#followed);
    }
    this.#flush(outbox);
  }

  /** No connection of this user is left. */
  left(user: UserId): void {
    this.#cursors.left(user, (other) => this.#connections.of(other).size > 0);
  }

  /** What takes no number and is not stored. `senderSync`: also to the sender's own devices. */
  pass(passing: Passing, senderSync: boolean, openedBefore?: Millis): void {
    this.passTo(recipientsOfPassing(passing, senderSync), passing, openedBefore);
  }

  /** To those of its recipients that these are, and only to connections that were there before some time. */
  passTo(users: readonly UserId[], passing: Passing, openedBefore: Millis = Infinity): void {
    const { conversation, meta, data, notTo } = passing;
    const online = this.#online(users).filter(({ openedAt }) => openedAt < openedBefore);
    const recipients =
      notTo === undefined ? online : online.filter(({ caller }) => caller.token !== notTo);
    if (recipients.length === 0) return;
    const outbox: Outbox = new Map();
    const message = renderPassing(passing);
    const push = pushFrames(conversation, message, meta.operationId);
    this.#put(outbox, recipients, push, data.from, conversation, message);
    this.#flush(outbox);
  }

  /** To one connection alone: its own message once more, because it may never have seen the first. */
  repeat(
    connection: Connection,
    conversation: ConversationId,
    message: MsgData,
    operationId: string,
  ): void {
    if (!connection.takesPushes) return;
    this.#pushes += 1;
    connection.send(pushFrames(conversation, message, operationId)(connection.form));
  }

  #take(outbox: Outbox, event: Recorded<NumberedEvent>, unseen: Position | undefined): void {
    const parties = partiesOf(event.data);
    const online = this.#online(parties);
    if (online.length === 0) return;
    if (this.#cursors.isNext(event, parties, unseen)) this.#push(outbox, event, online);
  }

  #pushLate(events: readonly Recorded<NumberedEvent>[]): void {
    const outbox: Outbox = new Map();
    for (const event of events) this.#push(outbox, event, this.#online(partiesOf(event.data)));
    this.#flush(outbox);
  }

  #push(outbox: Outbox, event: Recorded<NumberedEvent>, online: readonly Connection[]): void {
    const recipients = recipientsOf(event, online);
    if (recipients.length === 0) return;
    const conversation = conversationOfStream(event.stream);
    const message = renderEvent(event);
    const push = pushFrames(conversation, message, event.meta.operationId);
    this.#put(outbox, recipients, push, sentBy(event), conversation, message);
  }

  #cut(users: readonly UserId[]): void {
    const at = this.#now();
    for (const connection of this.#online(users)) connection.cut(cutAt(connection, at));
  }

  #flush(outbox: Outbox): void {
    for (const [connection, frames] of outbox) connection.send(...frames);
    for (const readAt of this.#answered) this.#meter.acknowledged(readAt);
    this.#answered = [];
  }

  /** Connections of these users. Nothing is encoded for nobody. */
  #online(users: readonly UserId[]): readonly Connection[] {
    const online: Connection[] = [];
    for (const user of users) for (const one of this.#connections.of(user)) online.push(one);
    return online;
  }

  /**
   * Where the sender still waits for the answer to this very message, the answer goes out before it
   * (decisions 5.5): the log may come round before the send returns.
   */
  #put(
    outbox: Outbox,
    recipients: readonly Connection[],
    push: Frames,
    sender: UserId | undefined,
    conversation: ConversationId,
    message: MsgData,
  ): void {
    for (const connection of recipients) {
      const frames = outbox.get(connection) ?? [];
      if (connection.caller.user === sender) {
        for (const send of connection.sends.take(conversation, message.clientMsgID)) {
          frames.push(sendAnswerFrame(send, message, connection.form));
          this.#answered.push(send.readAt);
        }
      }
      if (connection.takesPushes) {
        frames.push(push(connection.form));
        this.#pushes += 1;
      }
      if (frames.length > 0) outbox.set(connection, frames);
    }
  }
}

/** Only what came by 1003 has an answer that may be waited for. */
const sentBy = (event: NumberedEvent): UserId | undefined =>
  event.type === 'MessageSent' ? event.data.from : undefined;

/** Of the connections of both sides those that are told. */
const recipientsOf = (
  event: NumberedEvent,
  online: readonly Connection[],
): readonly Connection[] => {
  // A number without a message has nothing to show; the next message makes clients fetch the gap.
  if (event.type === 'SeqVoided') return [];
  // What somebody has deleted for itself is told to its other devices and to nobody else.
  if (event.type === 'MessagesDeleted' && event.data.scope === 'self') {
    return online.filter(({ caller }) => caller.user === event.data.from);
  }
  return online;
};

/** Whom something is for that is not stored. `senderSync`: the sender's own devices too. */
export const recipientsOfPassing = ({ data }: Passing, senderSync: boolean): readonly UserId[] =>
  senderSync ? partiesOf(data) : othersOf(data);

/** Groups are not served: the door refuses what is sent to one, so none of their events come here. */
export const partiesOf = (parties: Parties): readonly UserId[] => {
  if ('group' in parties) return [];
  return parties.from === parties.to ? [parties.to] : [parties.to, parties.from];
};

/** Without the sender, unless it is told of something by itself. */
const othersOf = (parties: Parties): readonly UserId[] => ('group' in parties ? [] : [parties.to]);
