import { singleChat } from './sdkClient.ts';

/** A message that was acknowledged, as its sender knows it. */
type Message = Readonly<{
  from: string;
  clientMsgID: string;
  text: string;
  serverMsgID: string;
  sendTime: number;
}>;

/** What everybody must see of one chat: by number, from 1. */
export type Line = Readonly<{
  sendID: string;
  clientMsgID: string;
  serverMsgID: string;
  sendTime: number;
  shows: string;
}>;

/** How a message that was taken back shows. */
export const TAKEN_BACK = 'taken back';

/**
 * Counts again, in the plainest way, what acknowledged calls must have come to. It knows nothing of how a
 * server works; only the order of messages has to be told to it, for only the server can know that.
 */
export class Recount {
  readonly faults: string[] = [];
  readonly #messages = new Map<string, Map<string, Message>>();
  readonly #read = new Map<string, number>();
  readonly #revoked = new Set<string>();

  sent(to: string, message: Message): void {
    const chat = singleChat(message.from, to);
    const messages = this.#messages.get(chat) ?? new Map<string, Message>();
    this.#messages.set(chat, messages);
    const key = `${message.from} ${message.clientMsgID}`;
    const before = messages.get(key) ?? message;
    messages.set(key, before);
    if (before.serverMsgID !== message.serverMsgID || before.sendTime !== message.sendTime)
      this.faults.push(`${chat} ${key} has two answers`);
  }

  read(userID: string, chat: string, upTo: number): void {
    const key = `${userID} ${chat}`;
    this.#read.set(key, Math.max(upTo, this.#read.get(key) ?? 0));
  }

  revoked(chat: string, seq: number): void {
    this.#revoked.add(`${chat} ${String(seq)}`);
  }

  chatsOf(userID: string): readonly string[] {
    return [...this.#messages.keys()].filter((chat) => chat.split('_').includes(userID));
  }

  count(chat: string): number {
    return this.#messages.get(chat)?.size ?? 0;
  }

  /** The history of a chat whose messages are in the order of these ids (`<sender> <clientMsgID>`). */
  history(chat: string, order: readonly string[]): readonly Line[] {
    const messages = this.#messages.get(chat);
    return order.map((key, at): Line => {
      const message = messages?.get(key);
      if (message === undefined) throw new Error(`${chat}: ${key} was never acknowledged`);
      const { from, clientMsgID, serverMsgID, sendTime, text } = message;
      const isTakenBack = this.#revoked.has(`${chat} ${String(at + 1)}`);
      const shows = isTakenBack ? TAKEN_BACK : text;
      return { sendID: from, clientMsgID, serverMsgID, sendTime, shows };
    });
  }

  /** What is taken back counts until it is read, as it did when it came. */
  unread(userID: string, chat: string, history: readonly Line[]): number {
    const mark = this.#read.get(`${userID} ${chat}`) ?? 0;
    const own = history.findLastIndex(({ sendID }) => sendID === userID) + 1;
    return history.slice(Math.max(mark, own)).length;
  }
}
