import type { ConversationId } from '../../core/kernel/ids.ts';

/** A 1003 that waits for its answer: what the answer must repeat, and whether it has been written. */
export type UnansweredSend = {
  readonly msgIncr: string;
  readonly operationId: string;
  /** When it was read, as `SocketMeter.moment` has it. */
  readonly readAt: number;
  answered: boolean;
};

/**
 * The sends of one connection that have not been answered. The event of a message may come round by
 * the log before the send itself has returned; the JS SDK needs the answer before the echo (GW 3.3), so
 * whoever comes first writes the answer, and here is seen who that was.
 */
export class UnansweredSends {
  readonly #waiting = new Map<string, UnansweredSend[]>();

  /** The same message twice at once is two requests, and each is answered. */
  add(conversation: ConversationId, clientMsgId: string, send: UnansweredSend): void {
    const key = keyOf(conversation, clientMsgId);
    const others = this.#waiting.get(key);
    if (others === undefined) this.#waiting.set(key, [send]);
    else others.push(send);
  }

  /** Those that are to be answered now; from here on they count as answered. */
  take(conversation: ConversationId, clientMsgId: string): readonly UnansweredSend[] {
    if (this.#waiting.size === 0) return [];
    const key = keyOf(conversation, clientMsgId);
    const sends = this.#waiting.get(key) ?? [];
    this.#waiting.delete(key);
    for (const send of sends) send.answered = true;
    return sends;
  }

  /** The send has returned. False: the answer has been written already. */
  settle(conversation: ConversationId, clientMsgId: string, send: UnansweredSend): boolean {
    if (send.answered) return false;
    send.answered = true;
    const key = keyOf(conversation, clientMsgId);
    const others = (this.#waiting.get(key) ?? []).filter((other) => other !== send);
    if (others.length === 0) this.#waiting.delete(key);
    else this.#waiting.set(key, others);
    return true;
  }
}

const keyOf = (conversation: ConversationId, clientMsgId: string): string =>
  `${conversation}\n${clientMsgId}`;
