import { conversationOfStream } from '../../core/conversation/events.ts';
import type { NumberedEvent, Parties } from '../../core/conversation/events.ts';
import { groupSubject } from '../../core/group/events.ts';
import type { Recorded } from '../../core/kernel/fact.ts';
import type { ConversationId, Millis, Position, UserId } from '../../core/kernel/ids.ts';
import type { Passing } from '../../core/sequence/shown.ts';
import type { Log } from '../log.ts';
import { NO_SOCKET_METER, type SocketMeter } from '../meters.ts';
import type { MsgData } from '../openim/msgData.ts';
import { renderEvent, renderPassing } from '../openim/render.ts';
import type { NumbersOf } from '../ports.ts';
import { NO_TRACES, type Traces } from '../traces.ts';
import type { Connection } from './connection.ts';
import { Cursors, cutAt } from './cursors.ts';
import { pushFrames, sendAnswerFrame, type Frames } from './frames.ts';
import type { Wait } from './hold.ts';
import type { Audience, MembershipEvent } from './audience.ts';
import type { Topic } from './interest.ts';
import { Leavers } from './leavers.ts';
import { Unhurried } from './unhurried.ts';

/** That a group has ended is told in some milliseconds, and while Postgres is away when it is back. */
const ENDED_KEPT_MS = 60_000;

/** Frames by connection, so that what a batch has for one connection leaves in one system call. */
type Outbox = Map<Connection, Uint8Array[]>;

type FanOutDeps = Readonly<{
  audience: Audience;
  /** What is not after it is older than the gateway: whoever connects syncs. */
  after: Position;
  numbers: NumbersOf;
  now: () => Millis;
  wait: Wait;
  log: Pick<Log, 'warn'>;
  meter?: SocketMeter;
  /** None: nobody asks what has become of a message. */
  traces?: Traces;
}>;

/**
 * From the log to the sockets here. Every socket gets every message of its user's conversations in the
 * order of their numbers, or it is closed (decisions 5.2). The process's own follower of the log tells all
 * of them, in order; other nodes may tell of what they append earlier than that, and the cursors see to
 * the order then.
 */
export class FanOut {
  readonly #audience: Audience;
  readonly #leavers = new Leavers();
  readonly #unhurried = new Unhurried();
  /** Groups that nobody is in any more, and since when. */
  readonly #ended = new Map<Topic, Millis>();
  readonly #cursors: Cursors;
  readonly #now: () => Millis;
  readonly #meter: SocketMeter;
  readonly #traces: Traces;
  /** When those sends were read whose answers are in the outbox. */
  #answered: number[] = [];
  /** When those messages were committed that are in the outbox, and for how many connections. */
  #delivered: (readonly [committed: Millis, connections: number])[] = [];
  #followed: Position;
  #announced: Position;
  #pushes = 0;

  constructor({ audience, after, numbers, now, wait, log, meter, traces }: FanOutDeps) {
    this.#audience = audience;
    this.#followed = after;
    this.#announced = after;
    this.#now = now;
    this.#meter = meter ?? NO_SOCKET_METER;
    this.#traces = traces ?? NO_TRACES;
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
   * and mostly before the follower has come so far. Of a group only the follower tells, for who is in it as
   * something is said there only the log knows (ADR 15).
   */
  announce(events: readonly Recorded<NumberedEvent>[]): void {
    const outbox: Outbox = new Map();
    for (const event of events) {
      if (event.position <= this.#followed || 'group' in event.data) continue;
      this.#announced = Math.max(this.#announced, event.position);
      this.#take(outbox, event, this.#followed);
    }
    this.#flush(outbox);
  }

  /**
   * Somebody comes into a group or goes, in the order of the log with what is delivered: who goes hears of it
   * no more, but for the line and the notice that say so.
   */
  moved(event: Recorded<MembershipEvent>): void {
    const { group } = event.data;
    if (event.type === 'GroupDisbanded') {
      // That is told to those who were in it, and nobody can say anything there any more.
      this.#ended.set(groupSubject(group), this.#now());
      return;
    }
    const gone = this.#audience.going(event, event.position);
    this.#leavers.keep(event.id, gone);
    this.#audience.coming(event, event.position);
  }

  /** The user is not here any more. */
  left(user: UserId): void {
    this.#cursors.left(user, (other) => this.#audience.of(other).size > 0);
  }

  /** To be called once a second. */
  tick(): void {
    this.#unhurried.tick();
    const at = this.#now();
    for (const [topic, since] of this.#ended) {
      if (at - since < ENDED_KEPT_MS) break;
      this.#ended.delete(topic);
      this.#audience.end(topic);
    }
  }

  /** What takes no number and is not stored. `senderSync`: also to the sender's own devices. */
  pass(passing: Passing, senderSync: boolean, openedBefore?: Millis): void {
    this.passTo(
      recipientsOfPassing(passing, senderSync),
      asPassed(passing, senderSync),
      openedBefore,
    );
  }

  /** To those of its recipients that these are, and only to connections that were there before some time. */
  passTo(topics: readonly Topic[], passing: Passing, openedBefore: Millis = Infinity): void {
    const { conversation, meta, data, notTo, notToSender } = passing;
    const recipients = [...new Set(this.#online(topics))].filter(
      ({ openedAt, caller }) =>
        openedAt < openedBefore &&
        caller.token !== notTo &&
        !(notToSender === true && caller.user === data.from),
    );
    if (recipients.length === 0) return;
    const outbox: Outbox = new Map();
    const message = renderPassing(passing);
    const push = pushFrames(conversation, message, meta.operationId);
    if (passing.unhurried === true) {
      this.#unhurried.tell(conversation, recipients, push);
      return;
    }
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
    const members = this.#online(parties);
    const leavers =
      'group' in event.data ? this.#leavers.of(event.meta.causationId, this.#now()) : [];
    const online = leavers.length === 0 ? members : [...new Set([...members, ...leavers])];
    if (online.length === 0) return;
    // Of a group the follower alone tells, in order and once.
    if ('group' in event.data || this.#cursors.isNext(event, parties, unseen))
      this.#push(outbox, event, online);
  }

  #pushLate(events: readonly Recorded<NumberedEvent>[]): void {
    const outbox: Outbox = new Map();
    for (const event of events) {
      this.#push(outbox, event, this.#online(partiesOf(event.data)));
    }
    this.#flush(outbox);
  }

  #push(outbox: Outbox, event: Recorded<NumberedEvent>, online: readonly Connection[]): void {
    const recipients = recipientsOf(event, online);
    if (recipients.length === 0) return;
    const conversation = conversationOfStream(event.stream);
    const message = renderEvent(event);
    const push = pushFrames(conversation, message, event.meta.operationId);
    const before = this.#pushes;
    this.#put(outbox, recipients, push, sentBy(event), conversation, message);
    this.#traces.pushed(event.id, this.#pushes - before, recipients);
    const receivers = receiversOf(event, recipients);
    if (receivers > 0) this.#delivered.push([event.created, receivers]);
  }

  #cut(topics: readonly Topic[]): void {
    const at = this.#now();
    const { size } = this.#audience;
    for (const connection of this.#online(topics)) connection.cut(cutAt(connection, at, size));
  }

  #flush(outbox: Outbox): void {
    for (const [connection, frames] of outbox) connection.send(...frames);
    for (const readAt of this.#answered) this.#meter.acknowledged(readAt);
    this.#answered = [];
    for (const [committed, connections] of this.#delivered)
      this.#meter.delivered(committed, connections);
    this.#delivered = [];
  }

  /** Connections of these users or groups. Nothing is encoded for nobody. */
  #online(topics: readonly Topic[]): readonly Connection[] {
    const online: Connection[] = [];
    for (const topic of topics) for (const one of this.#audience.of(topic)) online.push(one);
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

/** Connections that a message is pushed to, but for those of its sender. */
const receiversOf = (event: NumberedEvent, recipients: readonly Connection[]): number => {
  if (event.type !== 'MessageSent') return 0;
  let count = 0;
  for (const { takesPushes, caller } of recipients)
    if (takesPushes && caller.user !== event.data.from) count += 1;
  return count;
};

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
export const recipientsOfPassing = (
  { data, also = [] }: Passing,
  senderSync: boolean,
): readonly Topic[] => {
  if ('group' in data) return [groupSubject(data.group), ...also];
  return senderSync ? partiesOf(data) : [data.to];
};

/** A sender is a member as well: what is not for it has to say so. */
export const asPassed = (passing: Passing, senderSync: boolean): Passing =>
  senderSync || !('group' in passing.data) ? passing : { ...passing, notToSender: true };

/** Who is told of a conversation: its users, or its group. */
export const partiesOf = (parties: Parties): readonly Topic[] => {
  if ('group' in parties) return [groupSubject(parties.group)];
  return parties.from === parties.to ? [parties.to] : [parties.to, parties.from];
};
