import { conversationOfStream } from '../../core/conversation/events.ts';
import type { NumberedEvent, Parties } from '../../core/conversation/events.ts';
import type { Recorded } from '../../core/kernel/fact.ts';
import type { ConversationId, Position, UserId } from '../../core/kernel/ids.ts';
import type { Passing } from '../../core/sequence/shown.ts';
import { NO_SOCKET_METER, type SocketMeter } from '../meters.ts';
import type { MsgData } from '../openim/msgData.ts';
import { renderEvent, renderPassing } from '../openim/render.ts';
import type { Connection } from './connection.ts';
import type { Connections } from './connections.ts';
import { pushFrames, sendAnswerFrame, type Frames } from './frames.ts';

/** Frames by connection, so that what a batch has for one connection leaves in one system call. */
type Outbox = Map<Connection, Uint8Array[]>;

/**
 * From the log to the sockets here. Every socket gets every message of its user's conversations in the
 * order of the log, or it is closed (decisions 5.2). One follower feeds the one process that has the
 * sockets, so the position delivered last is all the cursor there needs to be.
 */
export class FanOut {
  readonly #connections: Connections;
  readonly #meter: SocketMeter;
  /** When those sends were read whose answers are in the outbox. */
  #answered: number[] = [];
  #delivered: Position = 0;
  #pushes = 0;

  constructor(connections: Connections, meter = NO_SOCKET_METER) {
    this.#connections = connections;
    this.#meter = meter;
  }

  /** Messages written to sockets so far. */
  get pushes(): number {
    return this.#pushes;
  }

  /** Stored events in the order of the log. What has been delivered before is passed over. */
  deliver(events: readonly Recorded<NumberedEvent>[]): void {
    const outbox: Outbox = new Map();
    for (const event of events) {
      if (event.position <= this.#delivered) continue;
      this.#delivered = event.position;
      const recipients = this.#online(recipientsOf(event));
      if (recipients.length === 0) continue;
      const conversation = conversationOfStream(event.stream);
      const message = renderEvent(event);
      const push = pushFrames(conversation, message, event.meta.operationId);
      this.#put(outbox, recipients, push, sentBy(event), conversation, message);
    }
    this.#flush(outbox);
  }

  /** What takes no number and is not stored. `senderSync`: also to the sender's own devices. */
  pass(passing: Passing, senderSync: boolean): void {
    const { conversation, meta, data } = passing;
    const recipients = this.#online(senderSync ? partiesOf(data) : othersOf(data));
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

const recipientsOf = (event: NumberedEvent): readonly UserId[] => {
  // A number without a message has nothing to show; the next message makes clients fetch the gap.
  if (event.type === 'SeqVoided') return [];
  const { data } = event;
  // What somebody has deleted for itself is told to its other devices and to nobody else.
  if (event.type === 'MessagesDeleted' && event.data.scope === 'self') return [data.from];
  return partiesOf(data);
};

/** Groups are not served: the door refuses what is sent to one, so none of their events come here. */
const partiesOf = (parties: Parties): readonly UserId[] => {
  if ('group' in parties) return [];
  return parties.from === parties.to ? [parties.to] : [parties.to, parties.from];
};

/** Without the sender, unless it is told of something by itself. */
const othersOf = (parties: Parties): readonly UserId[] => ('group' in parties ? [] : [parties.to]);
