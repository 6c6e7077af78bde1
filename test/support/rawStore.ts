import { movesIn } from './rawNotices.ts';
import { textOf, type MsgData } from './rawWire.ts';

/** A message as a client holds it: what tells two clients' views apart. */
export type Held = Readonly<{
  seq: number;
  clientMsgID: string;
  serverMsgID: string;
  sendID: string;
  sendTime: number;
  content: string;
}>;

const PLACEHOLDER = 4;

/** Of a group's chat a user may see a part: numbers of it may be withheld. */
export const isOfGroup = (conversationID: string): boolean => conversationID.startsWith('sg_');

/** A message that has come, in whatever way; `seq` 0: it is not stored. */
export type Shown = Readonly<{ conversationID: string; seq: number }>;

/** What one device holds of every conversation, and what the server has done wrong before its eyes. */
export class RawStore {
  readonly faults: string[] = [];
  /** Comings and goings that it was told of as they happened, as `movesIn` names them. */
  readonly told = new Set<string>();
  /** Pushes that came after a pull had already brought their message: allowed, and dropped. */
  overtaken = 0;
  /** Whether users delete messages here: then pulls may give placeholders, and less than there was. */
  readonly deletes: boolean;
  readonly #synced = new Map<string, number>();
  readonly #held = new Map<string, Map<number, Held>>();
  readonly #seqOf = new Map<string, number>();

  /** Numbers that the server has said it does not show. */
  readonly #withheld = new Map<string, Set<number>>();
  #shown: Shown[] = [];
  /** The lowest number that the server still shows, where it has said so. */
  readonly #lowest = new Map<string, number>();

  constructor(deletes = false) {
    this.deletes = deletes;
  }

  fault(what: string): void {
    this.faults.push(what);
  }

  /** The newest number known; undefined for a conversation never heard of. */
  synced(conversationID: string): number | undefined {
    return this.#synced.get(conversationID);
  }

  syncedTo(conversationID: string, seq: number): void {
    this.#synced.set(conversationID, Math.max(seq, this.synced(conversationID) ?? 0));
  }

  holds(conversationID: string, seq: number): boolean {
    return this.#held.get(conversationID)?.has(seq) === true;
  }

  at(conversationID: string, seq: number): Held | undefined {
    return this.#held.get(conversationID)?.get(seq);
  }

  /** Something has come, whether it is kept or not. */
  show(conversationID: string, message: MsgData): void {
    const { seq, status } = message;
    if (status === PLACEHOLDER) return;
    this.#shown.push({ conversationID, seq });
    if (seq === 0) for (const move of movesIn(message)) this.told.add(move);
  }

  /** All that has come since this was asked last. */
  takeShown(): readonly Shown[] {
    const shown = this.#shown;
    this.#shown = [];
    return shown;
  }

  /** These are not for this user, or not any more. */
  withhold(conversationID: string, seqs: readonly number[]): void {
    const withheld = this.#withheld.get(conversationID) ?? new Set<number>();
    this.#withheld.set(conversationID, withheld);
    for (const seq of seqs) withheld.add(seq);
  }

  get conversations(): readonly string[] {
    return [...this.#synced.keys()].sort();
  }

  /** In order of their numbers. */
  view(conversationID: string): readonly Held[] {
    const held = this.#held.get(conversationID)?.values() ?? [];
    return [...held].sort((one, other) => one.seq - other.seq);
  }

  /** Numbers from 1 to the newest known whose message is not here. */
  missing(conversationID: string): number[] {
    const numbers = Array.from({ length: this.synced(conversationID) ?? 0 }, (_, at) => at + 1);
    const lowest = this.#lowest.get(conversationID) ?? 1;
    const withheld = this.#withheld.get(conversationID);
    return numbers.filter(
      (seq) => seq >= lowest && !this.holds(conversationID, seq) && withheld?.has(seq) !== true,
    );
  }

  /** What is below is not shown to this user any more. */
  endsAt(conversationID: string, seq: number): void {
    this.#lowest.set(conversationID, Math.max(seq, this.#lowest.get(conversationID) ?? 1));
  }

  hold(conversationID: string, messages: readonly MsgData[]): void {
    const held = this.#held.get(conversationID) ?? new Map<number, Held>();
    this.#held.set(conversationID, held);
    let previous = 0;
    for (const message of messages) {
      if (message.seq <= previous)
        this.fault(`${conversationID}: ${String(message.seq)} after ${String(previous)}`);
      previous = message.seq;
      this.show(conversationID, message);
      if (message.status === PLACEHOLDER && isOfGroup(conversationID)) {
        this.withhold(conversationID, [message.seq]);
        continue;
      }
      if (message.status === PLACEHOLDER && !this.deletes)
        this.fault(`${conversationID} ${String(message.seq)} is a placeholder`);
      this.#compare(conversationID, held.get(message.seq), message);
      const { seq, clientMsgID, serverMsgID, sendID, sendTime } = message;
      held.set(seq, { seq, clientMsgID, serverMsgID, sendID, sendTime, content: textOf(message) });
    }
  }

  #compare(conversationID: string, before: Held | undefined, now: MsgData): void {
    const at = `${conversationID} ${String(now.seq)}`;
    const same =
      before === undefined ||
      (before.clientMsgID === now.clientMsgID &&
        before.serverMsgID === now.serverMsgID &&
        before.sendTime === now.sendTime);
    if (!same) this.fault(`${at} was ${before.clientMsgID}, is ${now.clientMsgID}`);
    const key = `${conversationID} ${now.sendID} ${now.clientMsgID}`;
    const elsewhere = this.#seqOf.get(key);
    if (elsewhere !== undefined && elsewhere !== now.seq)
      this.fault(`${at}: ${now.clientMsgID} has the number ${String(elsewhere)} too`);
    this.#seqOf.set(key, now.seq);
  }
}
