import {
  EventStoreDBClient,
  START,
  UnavailableError,
  type AllStreamRecordedEvent,
} from '@eventstore/db-client';
import { isRecord } from './json.ts';
import { moveOf, type Move } from './rawNotices.ts';

/** What one member may see of a group's chat, from a coming to the next going. Numbers of the chat. */
export type Window = {
  readonly from: number;
  /** The newest number as it went; undefined: it is there. */
  cut: number | undefined;
  /** The lines that told of its going. */
  readonly tips: number[];
};

export type Line = Readonly<{ clientMsgID: string; isSent: boolean }>;

/** `move` as `moveOf` names it; `users` are to be told of it. */
export type Moved = Readonly<{
  move: string;
  group: string;
  user: string;
  users: readonly string[];
}>;

type Going = Readonly<{ group: string; windows: readonly Window[] }>;

const CHAT = 'conversation-';
const GROUP = 'group-';

const textsOf = (found: unknown): readonly string[] =>
  Array.isArray(found) ? found.map(String) : [];

/**
 * The log as the event store itself hands it out, read with a client of its own and told again in the fewest
 * words: what was said in each chat, and who was in which group from when to when. Of the server under test
 * it uses nothing but the names of streams and events.
 */
export class TopologyLog {
  /** By conversation, in order: the number of a line is its place + 1. */
  readonly chats = new Map<string, Line[]>();
  /** By group and user, in order of time. */
  readonly windows = new Map<string, Map<string, Window[]>>();
  /** What has happened in groups and has no line in their chat yet, by the id of the fact. */
  readonly untold = new Set<string>();
  /** Who has come into a group and gone, in order, and all who are to be told of it: itself and the members. */
  readonly moves: Moved[] = [];
  readonly #goings = new Map<string, Going>();
  readonly #store: EventStoreDBClient;
  #read: { commit: bigint; prepare: bigint } | undefined;

  constructor(url: string) {
    this.#store = EventStoreDBClient.connectionString(url);
  }

  /** Up to the end that the log has now. False: the store is away, or this connection is from before a cut. */
  async readOn(): Promise<boolean> {
    const from = this.#read;
    try {
      for await (const { event } of this.#store.readAll({
        direction: 'forwards',
        fromPosition: from ?? START,
      })) {
        if (event === undefined || event.position.commit === from?.commit) continue;
        this.#take(event);
        this.#read = event.position;
      }
      return true;
    } catch (error) {
      if (error instanceof UnavailableError) return false;
      throw error;
    }
  }

  close(): Promise<void> {
    return this.#store.dispose();
  }

  /** The newest number that a user is shown of a group's chat; 0: none. */
  newestFor(group: string, user: string): number {
    const window = this.windows.get(group)?.get(user)?.at(-1);
    if (window === undefined) return 0;
    const newest = window.cut ?? this.linesOf(`sg_${group}`).length;
    const last = window.tips.at(-1) ?? newest;
    return last < window.from ? 0 : last;
  }

  linesOf(chat: string): readonly Line[] {
    return this.chats.get(chat) ?? [];
  }

  isMember(group: string, user: string): boolean {
    const window = this.windows.get(group)?.get(user)?.at(-1);
    return window !== undefined && window.cut === undefined;
  }

  #take({ streamId, type, revision, id, data, metadata }: AllStreamRecordedEvent): void {
    if (!isRecord(data)) return;
    if (streamId.startsWith(CHAT)) {
      const chat = streamId.slice(CHAT.length);
      const lines = this.chats.get(chat) ?? [];
      this.chats.set(chat, lines);
      if (Number(revision) !== lines.length)
        throw new Error(`${chat}: revision ${String(revision)} in place ${String(lines.length)}`);
      lines.push({ clientMsgID: String(data['clientMsgId']), isSent: type === 'MessageSent' });
      const cause = isRecord(metadata) ? String(metadata['$causationId']) : '';
      this.untold.delete(cause);
      for (const window of this.#goings.get(cause)?.windows ?? []) window.tips.push(lines.length);
      return;
    }
    if (streamId.startsWith(GROUP)) this.#moved(id, streamId.slice(GROUP.length), type, data);
  }

  #moved(fact: string, group: string, type: string, data: Record<string, unknown>): void {
    const newest = this.linesOf(`sg_${group}`).length;
    switch (type) {
      case 'GroupCreated': {
        const all = [
          String(data['owner']),
          ...textsOf(data['admins']),
          ...textsOf(data['members']),
        ];
        this.#came(group, all, 1);
        break;
      }
      case 'MembersAdded':
        this.#came(group, textsOf(data['users']), data['historyVisible'] === true ? 1 : newest + 1);
        break;
      case 'MembersKicked':
        this.#went(fact, group, textsOf(data['users']), newest);
        break;
      case 'MemberLeft':
        this.#went(fact, group, [String(data['user'])], newest);
        break;
      default:
        return;
    }
    this.untold.add(fact);
  }

  #came(group: string, users: readonly string[], from: number): void {
    const byUser = this.windows.get(group) ?? new Map<string, Window[]>();
    this.windows.set(group, byUser);
    for (const user of users) {
      if (this.isMember(group, user)) throw new Error(`${user} comes into ${group} twice`);
      const window = { from, cut: undefined, tips: [] };
      byUser.set(user, [...(byUser.get(user) ?? []), window]);
    }
    for (const user of users) this.#note(group, 'in', user);
  }

  #went(fact: string, group: string, users: readonly string[], newest: number): void {
    const windows = users.flatMap((user) => this.windows.get(group)?.get(user)?.at(-1) ?? []);
    if (windows.length !== users.length || windows.some(({ cut }) => cut !== undefined))
      throw new Error(`${users.join()} goes from ${group} and is not in it`);
    for (const user of users) this.#note(group, 'out', user);
    for (const window of windows) window.cut = newest;
    this.#goings.set(fact, { group, windows });
  }

  #note(group: string, move: Move, user: string): void {
    const known = [...(this.windows.get(group)?.keys() ?? [])];
    const users = known.filter((one) => this.isMember(group, one));
    this.moves.push({ move: moveOf(group, move, user), group, user, users });
  }
}
