import {
  conversationOfStream,
  conversationStream,
  type NumberedEvent,
} from '../../core/conversation/events.ts';
import type { Recorded } from '../../core/kernel/fact.ts';
import type {
  ConversationId,
  EventId,
  GroupId,
  Millis,
  Seq,
  TokenId,
  UserId,
} from '../../core/kernel/ids.ts';
import type { Shown } from '../../core/sequence/shown.ts';
import type { Connection } from '../../gateways/ws/connection.ts';
import { Gateway, type GatewayDeps } from '../../gateways/ws/gateway.ts';
import { readQuery, type Welcome } from '../../gateways/ws/handshake.ts';
import type { Log } from '../../gateways/log.ts';
import type { Socket } from '../../gateways/ws/socket.ts';
import {
  NotAnswerable,
  type Caller,
  type Done,
  type Refused,
  type SendMessage,
  type Sent,
} from '../../gateways/ports.ts';
import { decodeReply, encodeRequest, JSON_FORM, type Form, type RawReply } from './rawWire.ts';
import { until } from './until.ts';

/** Lets everything run that waits for nothing but a turn. */
export const settled = (): Promise<void> =>
  new Promise((resolve) => {
    setImmediate(resolve);
  });

/** Time passes when a test says so. */
export class FakeClock {
  at: Millis = 1_700_000_000_000;
  #waiting: Readonly<{ due: Millis; wake: () => void }>[] = [];

  readonly now = (): Millis => this.at;

  /** Who waits for a time to come. */
  get waiting(): number {
    return this.#waiting.length;
  }

  readonly wait = (milliseconds: number): Promise<void> =>
    new Promise((wake) => {
      this.#waiting.push({ due: this.at + milliseconds, wake });
    });

  readonly alarm = (milliseconds: number, ring: () => void): (() => void) => {
    const entry = { due: this.at + milliseconds, wake: ring };
    this.#waiting.push(entry);
    return () => {
      this.#waiting = this.#waiting.filter((other) => other !== entry);
    };
  };

  async advance(milliseconds: number): Promise<void> {
    const end = this.at + milliseconds;
    for (;;) {
      await settled();
      const [next] = this.#waiting
        .filter(({ due }) => due <= end)
        .sort((one, other) => one.due - other.due);
      if (next === undefined) break;
      this.at = next.due;
      this.#waiting = this.#waiting.filter((other) => other !== next);
      next.wake();
    }
    this.at = end;
    await settled();
  }
}

/** What has been written to a socket, in its order. */
export class FakeSocket implements Socket {
  readonly frames: Uint8Array[] = [];
  readonly texts: string[] = [];
  /** Of both kinds, as they were written. */
  readonly order: ('binary' | 'text')[] = [];
  pings = 0;
  /** How many frames left together, for each time something was written. */
  readonly corks: number[] = [];
  endedWith: number | undefined;
  closed: () => void = () => undefined;
  #corked: number | undefined;

  send(frame: Uint8Array): void {
    if (this.endedWith !== undefined) throw new Error('written to after the end');
    this.frames.push(frame);
    this.order.push('binary');
    if (this.#corked === undefined) this.corks.push(1);
    else this.#corked += 1;
  }

  sendText(text: string): void {
    if (this.endedWith !== undefined) throw new Error('written to after the end');
    this.texts.push(text);
    this.order.push('text');
  }

  ping(): void {
    this.pings += 1;
  }

  cork(write: () => void): void {
    this.#corked = 0;
    write();
    this.corks.push(this.#corked);
    this.#corked = undefined;
  }

  end(code: number): void {
    this.endedWith = code;
    this.closed();
  }
}

/** One open connection as its client sees it. */
export class FakeClient {
  readonly socket: FakeSocket;
  readonly connection: Connection;
  readonly #gateway: Gateway;
  readonly #user: string;
  readonly #form: Form;
  #asked = 0;

  constructor(
    gateway: Gateway,
    user: string,
    form: Form,
    answer: Extract<Welcome, { kind: 'accepted' }>,
  ) {
    this.socket = new FakeSocket();
    this.#gateway = gateway;
    this.#user = user;
    this.#form = form;
    this.connection = gateway.open(this.socket, answer);
    // A socket that was closed as it opened has not been told to whom it belongs.
    if (this.socket.endedWith !== undefined) gateway.gone(this.connection, 'client');
    this.socket.closed = () => gateway.gone(this.connection, 'client');
  }

  get frames(): readonly RawReply[] {
    return this.socket.frames.map((frame) => decodeReply(this.#form, frame));
  }

  numbers(): readonly number[] {
    return this.frames.map(({ reqIdentifier }) => reqIdentifier);
  }

  /** Sends a request and returns its msgIncr without waiting for the answer. */
  tell(reqIdentifier: number, data: Uint8Array, operationID = 'op', sendID = this.#user): string {
    this.#asked += 1;
    const msgIncr = `${this.#user}-${String(this.#asked)}`;
    const request = { reqIdentifier, sendID, operationID, msgIncr, data };
    this.receive(encodeRequest(this.#form, request));
    return msgIncr;
  }

  receive(bytes: Uint8Array, isText = false): void {
    this.#gateway.receive(this.connection, bytes, isText);
  }

  async ask(reqIdentifier: number, data: Uint8Array, operationID = 'op'): Promise<RawReply> {
    const msgIncr = this.tell(reqIdentifier, data, operationID);
    return until(`an answer to ${String(reqIdentifier)}`, async () => {
      await settled();
      return this.frames.find((frame) => frame.msgIncr === msgIncr);
    });
  }
}

/** A log that keeps what it is told. */
export class FakeLog implements Log {
  readonly errors: object[] = [];
  info(): void {
    // Of no interest to tests.
  }
  warn(): void {
    // Of no interest to tests.
  }
  error(fields: object): void {
    this.errors.push(fields);
  }
}

type Answered = Done<{ sent: Sent }> | Refused;

/** The world behind the gateway: a log of conversations, logins that are all right, sends as told. */
export class FakeWorld {
  readonly clock = new FakeClock();
  readonly log = new FakeLog();
  readonly events = new Map<ConversationId, Recorded<NumberedEvent>[]>();
  readonly sends: SendMessage[] = [];
  readonly activated: Caller[] = [];
  readonly presence: (readonly [string, readonly number[]])[] = [];
  readonly asked: unknown[] = [];
  readonly callers = new Map<string, Caller | Refused>();
  /** How `messages.send` answers; by default it stores. */
  onSend: (send: SendMessage) => Promise<Answered> = (send) => Promise.resolve(this.store(send));
  /** In which groups users are as they connect. */
  readonly groups = new Map<UserId, GroupId[]>();
  groupsOf = (user: UserId): Promise<readonly GroupId[]> =>
    Promise.resolve(this.groups.get(user) ?? []);
  newest: ReadonlyMap<ConversationId, Seq> = new Map();
  shown: (conversation: ConversationId, seq: Seq) => Shown | undefined = () => undefined;
  /** How often a question is not answerable before it is. */
  notAnswerable = 0;
  /** What a gateway of this world is made with. */
  readonly deps: GatewayDeps;
  readonly gateway: Gateway;
  #position = 0;

  constructor(more: Partial<GatewayDeps> = {}) {
    this.deps = {
      logins: {
        check: (token) => {
          const known = this.callers.get(token);
          if (known === undefined) throw new Error(`no such token: ${token}`);
          return Promise.resolve('kind' in known ? known : { kind: 'done', caller: known });
        },
        activate: (caller) => {
          this.activated.push(caller);
          return Promise.resolve({ kind: 'done' });
        },
      },
      messages: {
        send: (send) => {
          this.sends.push(send);
          return this.onSend(send);
        },
      },
      chats: this.#chats(),
      after: 0,
      groupsOf: (user) => this.groupsOf(user),
      numbers: (stream, from, to) => Promise.resolve(this.numbers(stream, from, to)),
      presenceChanged: (user, platforms) => this.presence.push([user, platforms]),
      connectionsMax: 250,
      userConnectionsMax: 250,
      now: this.clock.now,
      wait: this.clock.wait,
      alarm: this.clock.alarm,
      log: this.log,
      ...more,
    };
    this.gateway = new Gateway(this.deps);
  }

  #chats(): GatewayDeps['chats'] {
    const answer = async <T>(question: unknown, value: () => T): Promise<T> => {
      this.asked.push(question);
      await Promise.resolve();
      if (this.notAnswerable > 0) {
        this.notAnswerable -= 1;
        throw new NotAnswerable('the tail is behind');
      }
      return value();
    };
    const pulled = (conversation: ConversationId, seqs: readonly Seq[]) => ({
      conversation,
      shown: seqs.flatMap((seq) => this.shown(conversation, seq) ?? []),
      isEnd: false,
      endSeq: 0,
    });
    return {
      newestSeqs: (user) => answer(['newestSeqs', user], () => this.newest),
      readStates: (user, ids) =>
        answer(['readStates', user, ids], () => ({
          states: (ids.length === 0 ? [...this.newest.keys()] : ids).map((conversation) => ({
            conversation,
            maxSeq: this.newest.get(conversation) ?? 0,
            hasReadSeq: 1,
            maxSeqTime: 77,
          })),
          pinned: [...this.newest.keys()],
        })),
      pinned: (user) => answer(['pinned', user], () => [...this.newest.keys()]),
      pullRanges: (user, ranges, order) =>
        answer(['pullRanges', user, ranges, order], () =>
          ranges.map(({ conversation, begin, end, num }) => {
            const length = Math.min(end - Math.max(begin, 1) + 1, num);
            return pulled(
              conversation,
              Array.from({ length }, (_, index) => end - length + 1 + index),
            );
          }),
        ),
      pullSeqs: (user, lists, order) =>
        answer(['pullSeqs', user, lists, order], () =>
          lists.map(({ conversation, seqs }) => pulled(conversation, seqs)),
        ),
      lastVisible: (user, ids) =>
        answer(
          ['lastVisible', user, ids],
          () =>
            new Map(
              ids.flatMap((id) => {
                const last = this.shown(id, this.newest.get(id) ?? 0);
                return last === undefined ? [] : [[id, last] as const];
              }),
            ),
        ),
    };
  }

  /** The event a send leads to, appended to its conversation. Not delivered to the gateway yet. */
  append(send: SendMessage, operationId = 'op'): Recorded<NumberedEvent> {
    const { conversation, message } = send;
    const events = this.events.get(conversation) ?? [];
    this.#position += 1;
    const event: Recorded<NumberedEvent> = {
      type: 'MessageSent',
      id: idOf(conversation, message.clientMsgId),
      data: { ...message, sendTime: send.sendTime ?? this.clock.at },
      stream: conversationStream(conversation),
      revision: events.length,
      position: this.#position,
      created: this.clock.at,
      meta: { actor: message.from, operationId },
    };
    this.events.set(conversation, [...events, event]);
    return event;
  }

  /** Of an event of another stream, between those that are recorded. */
  nextPosition(): number {
    this.#position += 1;
    return this.#position;
  }

  /** Any other numbered event. */
  record(
    conversation: ConversationId,
    event: NumberedEvent,
    operationId = 'op',
  ): Recorded<NumberedEvent> {
    const events = this.events.get(conversation) ?? [];
    this.#position += 1;
    const recorded: Recorded<NumberedEvent> = {
      ...event,
      id: idOf(conversation, String(events.length)),
      stream: conversationStream(conversation),
      revision: events.length,
      position: this.#position,
      created: this.clock.at,
      meta: { actor: event.data.from, operationId },
    };
    this.events.set(conversation, [...events, recorded]);
    return recorded;
  }

  /** As the log has them. */
  numbers(stream: string, from: Seq, to: Seq): readonly Recorded<NumberedEvent>[] {
    return this.events.get(conversationOfStream(stream))?.slice(from - 1, to) ?? [];
  }

  store(send: SendMessage): Done<{ sent: Sent }> {
    return this.answerFor(this.append(send));
  }

  answerFor(event: Recorded<NumberedEvent>): Done<{ sent: Sent }> {
    const sent = {
      serverMsgId: event.id.replaceAll('-', ''),
      sendTime: event.data.sendTime,
      seq: event.revision + 1,
      id: event.id,
    };
    return { kind: 'done', position: event.position, sent };
  }

  /** Makes a token that is all right. */
  admit(
    user: string,
    {
      platform = 5,
      token = `token-${user}`,
      admin = false,
      lifetime = 3_600_000,
    }: Readonly<{ platform?: number; token?: string; admin?: boolean; lifetime?: number }> = {},
  ): void {
    this.callers.set(token, {
      user: user as UserId,
      platform,
      token: token as TokenId,
      expiresAt: this.clock.at + lifetime,
      admin,
    });
  }

  /** A client that has got in. */
  async connect(
    user: string,
    {
      platform = 5,
      form = JSON_FORM,
      token = `token-${user}`,
      admin = false,
      lifetime = 3_600_000,
      background = false,
    }: Readonly<{
      platform?: number;
      form?: Form;
      token?: string;
      admin?: boolean;
      lifetime?: number;
      background?: boolean;
    }> = {},
  ): Promise<FakeClient> {
    this.admit(user, { platform, token, admin, lifetime });
    const query = new URLSearchParams({
      sendID: user,
      token,
      platformID: String(platform),
      operationID: 'connecting',
      isBackground: String(background),
      sdkType: form.sdkType,
      ...(form.gzip && { compression: 'gzip' }),
    });
    const answer = await this.gateway.greet(readQuery(query.toString(), ''));
    if (answer.kind === 'refused') throw new Error(`not let in: ${answer.detail}`);
    return new FakeClient(this.gateway, user, form, answer);
  }
}

/** 32 hex digits in a UUID's form, of any two texts. */
const idOf = (one: string, other: string): EventId =>
  Buffer.from(`${one}/${other}`.padEnd(16, '.'))
    .subarray(-16)
    .toString('hex')
    .replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-') as EventId;
