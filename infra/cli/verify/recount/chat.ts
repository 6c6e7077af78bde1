import type { NumberedEvent, Parties } from '../../../../core/conversation/events.ts';
import type {
  ConversationKind,
  ConversationSettings,
  Peer,
} from '../../../../core/inbox/events.ts';
import type { Recorded } from '../../../../core/kernel/fact.ts';
import { IdList } from './idList.ts';

/** What is said of one number, in bits: a log has millions of them. */
const IS_THERE = 1;
const BY_FIRST = 2;
const BY_SECOND = 4;
const SAID = 8;
const COUNTS = 16;
const SENT = 32;
const VOID = 64;

/** What one user did in a conversation, as its events say it. */
export type UserSide = {
  readUpTo: number;
  clearedUpTo: number;
  kind: ConversationKind | null;
  peer: Peer | undefined;
  settings: ConversationSettings;
  ex: string;
  attachedInfo: string;
  configuredPos: number;
  changedPos: number;
  readPos: number;
  atSetPos: number;
  deletedPos: number;
  deletedUpTo: number;
};

export const nothingDone = (): UserSide => ({
  readUpTo: 0,
  clearedUpTo: 0,
  kind: null,
  peer: undefined,
  settings: {},
  ex: '',
  attachedInfo: '',
  configuredPos: 0,
  changedPos: 0,
  readPos: 0,
  atSetPos: 0,
  deletedPos: 0,
  deletedUpTo: 0,
});

const lineOf = ({ type, data }: Recorded<NumberedEvent>, parties: Parties): number => {
  const said = type === 'MessageSent' || type === 'NoticePosted';
  const counts = said && data.options?.['unreadCount'] !== false;
  return (
    IS_THERE |
    (data.from === parties.from ? BY_FIRST : 0) |
    ('to' in parties && data.from === parties.to ? BY_SECOND : 0) |
    (said ? SAID : 0) |
    (counts ? COUNTS : 0) |
    (type === 'MessageSent' ? SENT : 0) |
    (type === 'SeqVoided' ? VOID : 0)
  );
};

/**
 * One conversation, told again from its events in the plainest way: which numbers there are, by whom, and
 * what users did to them. It shares no line with what it is compared with.
 */
export class Chat {
  readonly id: string;
  /** Of the first event. */
  parties: Parties | undefined;
  createdPos = 0;
  newestTime = 0;
  newestPos = 0;
  readonly sides = new Map<string, UserSide>();
  /** Numbers by user; under the empty name those that are deleted for everybody. */
  readonly hidden = new Map<string, Set<number>>();
  /** Revisions, in the notification conversation, of what took a number back first. */
  readonly revoked = new Map<number, number>();
  readonly #lines: number[] = [];
  readonly #ids = new IdList();

  constructor(id: string) {
    this.id = id;
  }

  get isNotifications(): boolean {
    return !/^s[ign]_/.test(this.id);
  }

  get maxSeq(): number {
    return this.#lines.length;
  }

  add(event: Recorded<NumberedEvent>): void {
    const { type, data, id, revision, position } = event;
    if (this.parties === undefined) {
      this.parties = data;
      this.createdPos = position;
    }
    this.newestTime = data.sendTime;
    this.newestPos = position;
    // A number that the log has lost stays empty.
    while (this.#lines.length < revision) this.#lines.push(0);
    this.#lines[revision] = lineOf(event, this.parties);
    if (type === 'MessageSent') this.#ids.set(revision + 1, id);
  }

  sideOf(user: string): UserSide {
    const side = this.sides.get(user) ?? nothingDone();
    this.sides.set(user, side);
    return side;
  }

  hide(owner: string, seqs: readonly number[]): void {
    const hidden = this.hidden.get(owner) ?? new Set();
    this.hidden.set(owner, hidden);
    for (const seq of seqs) hidden.add(seq);
  }

  isHiddenFrom(user: string, seq: number): boolean {
    return (this.hidden.get(user)?.has(seq) ?? false) || (this.hidden.get('')?.has(seq) ?? false);
  }

  /** Of the two that take part: the one of the first event, or the one it was to. */
  ownNewest(who: 'first' | 'second'): number {
    const by = who === 'first' ? BY_FIRST : BY_SECOND;
    return this.#lines.findLastIndex((line) => (line & by) !== 0 && (line & SAID) !== 0) + 1;
  }

  isVoid(seq: number): boolean {
    return this.#has(seq, VOID);
  }

  isSend(seq: number): boolean {
    return this.#has(seq, SENT);
  }

  idOf(seq: number): string | undefined {
    return this.#ids.at(seq);
  }

  /** Of the first message with this id; looked for from the start, for that is seldom asked. */
  seqOf(id: string): number | undefined {
    for (let seq = 1; seq <= this.maxSeq; seq++) {
      if (this.isSend(seq) && this.idOf(seq) === id) return seq;
    }
    return undefined;
  }

  /** Whether a number counts as unread for who gets it. */
  counts(seq: number): boolean {
    return this.#has(seq, COUNTS);
  }

  isThere(seq: number): boolean {
    return this.#has(seq, IS_THERE);
  }

  /** Later numbers that hold a message of before once more, each with the first one. */
  doubles(): ReadonlyMap<number, number> {
    const firsts = new Map<string, number>();
    const doubles = new Map<number, number>();
    for (let seq = 1; seq <= this.maxSeq; seq++) {
      const id = this.isSend(seq) ? this.idOf(seq) : undefined;
      if (id === undefined) continue;
      const first = firsts.get(id);
      if (first === undefined) firsts.set(id, seq);
      else doubles.set(seq, first);
    }
    return doubles;
  }

  #has(seq: number, what: number): boolean {
    return ((this.#lines[seq - 1] ?? 0) & what) !== 0;
  }
}
