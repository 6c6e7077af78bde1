import type { RawClient } from './rawClient.ts';
import { isOfGroup } from './rawStore.ts';
import type { TopologyLog, Window } from './topologyLog.ts';

/** What users were promised, as they know it themselves. */
export type Promised = Readonly<{
  clients: readonly RawClient[];
  /** By chat, what was sent to it; what a group has not taken is not in it. */
  sent: ReadonlyMap<string, ReadonlySet<string>>;
  /** What a group has not taken in the end, though an attempt before may have come through. */
  unsure: ReadonlySet<string>;
  /** By group, who is in it, as its members were told when they came and went. */
  members: ReadonlyMap<string, ReadonlySet<string>>;
}>;

const wrong = (what: string): never => {
  throw new Error(what);
};

const isSeen = ({ from, cut, tips }: Window, seq: number): boolean =>
  (seq >= from && seq <= (cut ?? Infinity)) || tips.includes(seq);

const groupOf = (chat: string): string => chat.slice('sg_'.length);

/**
 * Compares what each client holds with the log, read apart: nothing acknowledged is missing, nothing is there
 * twice, everybody has what is for it, in the order of the log, and nobody was shown anything else. What has
 * been found right is not looked at again, until all of it is at the end.
 */
export class TopologyCheck {
  readonly #log: TopologyLog;
  readonly #promised: Promised;
  /** By client and chat, up to where it is right; by chat likewise, and by client its acknowledged sends. */
  readonly #right = new Map<string, number>();
  readonly #ids = new Map<string, Set<string>>();

  readonly #direct = new Map<string, string[]>();
  /** Chats that have been sorted into these. */
  #known = 0;

  constructor(log: TopologyLog, promised: Promised) {
    this.#log = log;
    this.#promised = promised;
  }

  /** Chats of this user: those it has written or been written to in, and those of its groups, past ones too. */
  chatsOf(user: string): readonly string[] {
    for (const chat of [...this.#promised.sent.keys()].slice(this.#known)) this.#learn(chat);
    this.#known = this.#promised.sent.size;
    const groups = [...this.#log.windows]
      .filter(([, byUser]) => byUser.has(user))
      .map(([group]) => `sg_${group}`);
    return [...(this.#direct.get(user) ?? []), ...groups];
  }

  #learn(chat: string): void {
    if (isOfGroup(chat)) return;
    for (const user of new Set(chat.slice('si_'.length).split('_')))
      this.#direct.set(user, [...(this.#direct.get(user) ?? []), chat]);
  }

  /** The newest number that a client must know of by itself. */
  newestFor(chat: string, user: string): number {
    return isOfGroup(chat)
      ? this.#log.newestFor(groupOf(chat), user)
      : this.#log.linesOf(chat).length;
  }

  /** Throws with the first thing that is not as promised. `all`: from the beginning, all of it. */
  run(all: boolean): void {
    if (all) this.#right.clear();
    for (const [chat, sent] of this.#promised.sent) this.#checkChat(chat, sent);
    for (const [group, members] of this.#promised.members) this.#checkMembers(group, members);
    for (const client of this.#promised.clients) this.#checkClient(client);
  }

  #from(key: string, to: number): number {
    const from = this.#right.get(key) ?? 0;
    this.#right.set(key, to);
    return from;
  }

  #checkChat(chat: string, sent: ReadonlySet<string>): void {
    const lines = this.#log.linesOf(chat);
    const from = this.#from(chat, lines.length);
    const ids = from === 0 ? new Set<string>() : (this.#ids.get(chat) ?? new Set<string>());
    this.#ids.set(chat, ids);
    for (const { clientMsgID, isSent } of lines.slice(from)) {
      if (ids.has(clientMsgID)) wrong(`${chat} has ${clientMsgID} twice`);
      ids.add(clientMsgID);
      if (isSent && !sent.has(clientMsgID) && !this.#promised.unsure.has(clientMsgID))
        wrong(`${chat} has ${clientMsgID}, which nobody sent`);
    }
    for (const id of sent) if (!ids.has(id)) wrong(`${chat} lacks ${id}`);
  }

  #checkMembers(group: string, members: ReadonlySet<string>): void {
    const byUser = this.#log.windows.get(group) ?? new Map<string, Window[]>();
    for (const user of new Set([...members, ...byUser.keys()])) {
      const isIn = this.#log.isMember(group, user);
      if (isIn !== members.has(user)) wrong(`${user} is ${isIn ? '' : 'not '}in ${group}`);
    }
  }

  #checkClient({ userID, store, acknowledged }: RawClient): void {
    const own = this.chatsOf(userID);
    for (const chat of own) this.#checkHeld(userID, chat, store);
    const from = this.#from(userID, acknowledged.length);
    const lost = acknowledged
      .slice(from)
      .find(({ chat, clientMsgID }) => this.#ids.get(chat)?.has(clientMsgID) !== true);
    if (lost !== undefined) wrong(`${lost.clientMsgID} of ${userID} was acknowledged and is lost`);
    for (const { conversationID, seq } of store.takeShown()) {
      if (!this.#isFor(userID, own, conversationID, seq))
        wrong(this.#wronglyShown(userID, conversationID, seq));
    }
    if (store.faults.length > 0) wrong(`${userID}: ${store.faults.slice(0, 5).join('; ')}`);
  }

  #wronglyShown(userID: string, conversationID: string, seq: number): string {
    const windows = this.#log.windows.get(groupOf(conversationID))?.get(userID) ?? [];
    const newest = this.#log.linesOf(conversationID).length;
    return (
      `${userID} was shown ${String(seq)} of ${conversationID}, of which it may see ` +
      `${JSON.stringify(windows)} of ${String(newest)}`
    );
  }

  #checkHeld(userID: string, chat: string, store: RawClient['store']): void {
    const lines = this.#log.linesOf(chat);
    const windows = isOfGroup(chat)
      ? (this.#log.windows.get(groupOf(chat))?.get(userID) ?? [])
      : [{ from: 1, cut: undefined, tips: [] }];
    // What a member saw before it went it need not be given again after it has come back.
    const last = windows.at(-1);
    const begin = this.#from(`${userID} ${chat}`, lines.length);
    for (let seq = begin + 1; seq <= lines.length; seq += 1) {
      const held = store.at(chat, seq);
      if (held === undefined) {
        if (last !== undefined && isSeen(last, seq))
          wrong(`${userID} lacks ${String(seq)} of ${chat}`);
      } else if (held.clientMsgID !== lines[seq - 1]?.clientMsgID) {
        wrong(`${userID} holds ${String(seq)} of ${chat} unlike the log`);
      } else if (!windows.some((window) => isSeen(window, seq))) {
        wrong(`${userID} holds ${String(seq)} of ${chat}, which is not for it`);
      }
    }
  }

  #isFor(userID: string, own: readonly string[], conversationID: string, seq: number): boolean {
    const [form = ''] = conversationID.split('_', 1);
    if (form === 'si') return own.includes(conversationID);
    const rest = conversationID.slice(form.length + 1);
    const windows = this.#log.windows.get(rest)?.get(userID);
    // Notices between two, and those about groups.
    if (form === 'n' && !this.#log.windows.has(rest)) return rest.split('_').includes(userID);
    if (form === 'n' || seq === 0) return windows !== undefined;
    return windows?.some((window) => isSeen(window, seq)) === true;
  }
}
