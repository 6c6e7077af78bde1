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

/** How a message shows to those for whom it was deleted. */
export const DELETED = 'deleted';

/** The numbers of a chat, from 1, as they stand; one that nobody can look at any more is not known. */
export type History = readonly (Line | undefined)[];

/**
 * Counts again, in the plainest way, what acknowledged calls must have come to. It knows nothing of how a
 * server works; only the order of messages has to be told to it, for only the server can know that.
 */
export class Recount {
  readonly faults: string[] = [];
  readonly #messages = new Map<string, Map<string, Message>>();
  readonly #read = new Map<string, number>();
  readonly #revoked = new Set<string>();
  /** By chat and number; and by user before those where it is for that user alone. */
  readonly #deleted = new Set<string>();
  readonly #cleared = new Map<string, number>();

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

  /** For one user, or (without one) for both. */
  deleted(chat: string, seqs: readonly number[], userID = ''): void {
    for (const seq of seqs) this.#deleted.add(`${userID} ${chat} ${String(seq)}`);
  }

  cleared(userID: string, chat: string, upTo: number): void {
    this.#cleared.set(`${userID} ${chat}`, upTo);
  }

  clearedUpTo(userID: string, chat: string): number {
    return this.#cleared.get(`${userID} ${chat}`) ?? 0;
  }

  chatsOf(userID: string): readonly string[] {
    return [...this.#messages.keys()].filter((chat) => chat.split('_').includes(userID));
  }

  count(chat: string): number {
    return this.#messages.get(chat)?.size ?? 0;
  }

  /** The history of a chat whose messages have these ids (`<sender> <clientMsgID>`), by number. */
  history(chat: string, ids: ReadonlyMap<number, string>): History {
    const messages = this.#messages.get(chat);
    return Array.from({ length: this.count(chat) }, (_, at): Line | undefined => {
      const key = ids.get(at + 1);
      if (key === undefined) return undefined;
      const message = messages?.get(key);
      if (message === undefined) throw new Error(`${chat}: ${key} was never acknowledged`);
      const { from, clientMsgID, serverMsgID, sendTime, text } = message;
      const isTakenBack = this.#revoked.has(`${chat} ${String(at + 1)}`);
      const shows = isTakenBack ? TAKEN_BACK : text;
      return { sendID: from, clientMsgID, serverMsgID, sendTime, shows };
    });
  }

  /** What one user sees of it, by number. */
  view(userID: string, chat: string, history: History): ReadonlyMap<number, Line> {
    const view = new Map<number, Line>();
    for (const [at, line] of history.entries()) {
      const seq = at + 1;
      if (seq <= this.clearedUpTo(userID, chat)) continue;
      if (line === undefined) throw new Error(`${chat} ${String(seq)}: nobody holds it`);
      view.set(seq, this.isDeleted(userID, chat, seq) ? { ...line, shows: DELETED } : line);
    }
    return view;
  }

  isDeleted(userID: string, chat: string, seq: number): boolean {
    const place = `${chat} ${String(seq)}`;
    return this.#deleted.has(` ${place}`) || this.#deleted.has(`${userID} ${place}`);
  }

  /** What is taken back counts until it is read, as it did when it came; what is deleted does not. */
  unread(userID: string, chat: string, history: History): number {
    const mark = this.#read.get(`${userID} ${chat}`) ?? 0;
    const own = history.findLastIndex((line) => line?.sendID === userID) + 1;
    const floor = Math.max(mark, own, this.clearedUpTo(userID, chat));
    const after = history.map((_, at) => at + 1).slice(floor);
    return after.filter((seq) => !this.isDeleted(userID, chat, seq)).length;
  }
}
