import { done, type Result } from '../kernel/call.ts';
import { refuse } from '../kernel/decider.ts';
import { isErased, type Meta } from '../kernel/fact.ts';
import { InTurn } from '../kernel/inTurn.ts';
import type {
  ConversationId,
  DeriveId,
  EventId,
  Millis,
  Position,
  Seq,
  UserId,
} from '../kernel/ids.ts';
import { StreamContended } from '../kernel/writer.ts';
import type { NotAllowed } from './allowed.ts';
import type { AppendOnce, NumberedWriters } from './appendOnce.ts';
import {
  CONTENT_BYTES_MAX,
  type AppendNumbered,
  type NumberedRefusal,
  type Wished,
} from './decider.ts';
import { conversationStream, type MessageData, type MessageSent, type Parties } from './events.ts';
import { placing, type OnItsWay } from './placing.ts';
import type { BeforeSend, CallbackRefusal, Doing, Known } from './ports.ts';
import { preparing, type Call, type Prepared } from './preparing.ts';
import { sentBefore, type Repeats, type Wanted } from './sentBefore.ts';
import { utf8Length } from './utf8.ts';

export type SendMessage = Readonly<{
  conversation: ConversationId;
  message: Parties & Omit<MessageData, 'sendTime'>;
  /** False: passed to whoever is online and forgotten. */
  stored: boolean;
  /** Also to the sender's own devices. Meant for unstored ones; stored ones always are. */
  senderSync: boolean;
  /** Set only by imports of an app admin; otherwise the time of the server. */
  sendTime?: Millis;
  /** The sender is an app admin or a system account: blocks and receiving options do not apply. */
  privileged: boolean;
  /** Of what its id says, where its createTime says nothing of it. */
  repeats?: Repeats;
}>;

/** `serverMsgId` is 32 hex digits; `seq` 0 when it was not stored. */
export type Sent = Readonly<{
  serverMsgId: string;
  sendTime: Millis;
  seq: Seq;
  id: EventId;
  /** The message as it was sent, where the app server has changed it. */
  changed?: SendMessage['message'];
}>;

export type SendRefusal = NumberedRefusal | 'message/too-long' | NotAllowed | CallbackRefusal;

export type ConversationDeps = Readonly<{
  writers: Pick<NumberedWriters, 'kept' | 'state'>;
  append: AppendOnce;
  deriveId: DeriveId;
  known: Known;
  doing: Doing;
  /** Absent: the app server is asked about no message. */
  beforeSend?: BeforeSend | undefined;
}>;

/** What the sender's clients know the message by; a repetition gives the same. */
export const sendId = (
  deriveId: DeriveId,
  conversation: ConversationId,
  from: UserId,
  clientMsgId: string,
): EventId => deriveId(conversation, from, clientMsgId);

export const serverMsgIdOf = (id: EventId): string => id.replaceAll('-', '');

export const isTooLong = ({ body }: Pick<MessageData, 'body'>): boolean =>
  !isErased(body) && utf8Length(body.content) > CONTENT_BYTES_MAX;

const tooLong = () =>
  refuse('message/too-long', `content: at most ${String(CONTENT_BYTES_MAX)} bytes`);

const appendOf = (
  { conversation, sendTime }: SendMessage,
  data: Wished<MessageSent>['data'],
  { id, at, meta }: Readonly<{ id: EventId; at: Millis; meta: Meta }>,
): AppendNumbered => {
  const stream = conversationStream(conversation);
  const wish = { type: 'MessageSent', data } as const;
  return sendTime === undefined
    ? { stream, id, at, meta, wish }
    : { stream, id, at, meta, wish, sendTime };
};

/** So many sends of one sender into one conversation may wait for one that is slow. */
export const WAITING_MAX = 1_000;

type Answer = Result<SendRefusal, { sent: Sent }>;

/** A message that is to take its place, and what becomes of it once it is on its way there. */
type Placeable = Readonly<{ wanted: Wanted; after: (way: OnItsWay | Promise<OnItsWay>) => Answer }>;

/**
 * Messages of one sender go on their way into a conversation in the order in which they came, whatever each has to
 * wait for: a question to the app server, a read, a proof that what is known is recent. Only until then do others wait
 * for it, and where all is at hand, as it mostly is, nothing is waited for.
 */
export const sendHandler = (deps: ConversationDeps) => {
  const prepare = preparing(deps);
  const place = placing(deps);
  const turns = new InTurn();
  return async (send: SendMessage, meta: Meta): Answer => {
    const { conversation, message } = send;
    if (isTooLong(message)) return tooLong();
    const name = `${conversation} ${message.from}`;
    const before = turns.count(name);
    if (before >= WAITING_MAX) {
      throw new StreamContended(conversation, `${String(WAITING_MAX)} sends of one sender wait`);
    }
    const id = sendId(deps.deriveId, conversation, message.from, message.clientMsgId);
    const call = { id, at: deps.doing.now(), meta };
    const prepared = prepare(send, call, () =>
      sentBefore(deps, wantedOf(send, appendOf(send, message, call))),
    );
    if (!(prepared instanceof Promise) && before === 0) {
      const next = afterwards(deps, prepared, send, call);
      if (next instanceof Promise) return next;
      const way = place.atOnce(next.wanted);
      if (way !== undefined) return next.after(way);
    }
    // Looked at when its turn comes, and that may be later than it fails.
    if (prepared instanceof Promise) prepared.catch(() => undefined);
    const { ended } = await turns.do(name, async () => {
      const next = afterwards(deps, await prepared, send, call);
      if (next instanceof Promise) return { ended: next };
      const way = place.afterLooking(next.wanted);
      const begun = { ended: next.after(way) };
      await way.catch(() => undefined);
      return begun;
    });
    return ended;
  };
};

const wantedOf = (
  { message: { createTime }, repeats }: SendMessage,
  wish: AppendNumbered,
): Wanted => (repeats === undefined ? { wish, createTime } : { wish, createTime, repeats });

const answered = (
  { id }: Call,
  { sendTime, seq }: Readonly<{ sendTime: Millis; seq: Seq }>,
  position?: Position,
  changed?: SendMessage['message'],
) => {
  const sent: Sent = { serverMsgId: serverMsgIdOf(id), sendTime, seq, id };
  return done({ sent: changed === undefined ? sent : { ...sent, changed } }, position);
};

/** What is to be done with what is prepared: only what takes a place has to wait for it. `asked`: as it came. */
const afterwards = (
  { doing }: Pick<ConversationDeps, 'doing'>,
  prepared: Prepared,
  asked: SendMessage,
  call: Call,
): Placeable | Answer => {
  if (prepared.kind === 'ended') return toldOf(prepared, call);
  const { send, meta, quietly, changed, over } = prepared;
  const data = quietly
    ? { ...send.message, options: { ...send.message.options, offlinePush: false } }
    : send.message;
  if (changed !== undefined && isTooLong(changed)) {
    over();
    return Promise.resolve(tooLong());
  }
  if (!send.stored) {
    over();
    const { id, at } = call;
    const passing = { conversation: send.conversation, id, meta, data: { ...data, sendTime: at } };
    doing.pass(passing, send.senderSync);
    return Promise.resolve(answered(call, { sendTime: at, seq: 0 }, undefined, changed));
  }
  const wish = appendOf(asked, data, { id: call.id, at: call.at, meta });
  return {
    wanted: wantedOf(asked, wish),
    after: async (way) => {
      try {
        const { placed } = way instanceof Promise ? await way : way;
        const once = await placed;
        if (once.kind === 'refused') return once;
        if (once.position !== undefined) await doing.followed(once.position);
        return answered(call, once, once.position, changed);
      } finally {
        over();
      }
    },
  };
};

const toldOf = async ({ answer }: Extract<Prepared, { kind: 'ended' }>, call: Call): Answer => {
  const once = await answer();
  return once.kind === 'accepted' ? answered(call, once) : once;
};
