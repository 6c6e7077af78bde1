import type { NumberedEvent } from '../../../../core/conversation/events.ts';
import type { SeqlineEvent } from '../../../../core/kernel/catalogue.ts';
import type { Recorded } from '../../../../core/kernel/fact.ts';
import { Rows } from './rows.ts';
import type { ExpectedTable, Row } from './table.ts';

/** Of a conversation, as far as it has been counted: its newest number and when that was. */
type At = Readonly<{ maxSeq: number; newestTime: number }>;

/** What one user may see of a group's chat: from where to where, and what in between is not for it. */
export type Sight = Readonly<{
  from: number;
  to: number;
  /** What had been said when it came in last. */
  joined: number;
  /** Before this all is for it, and after it only these. */
  cut: number;
  tips: readonly number[];
}>;

const AT_TEXT = 106;
const ANNOUNCEMENT = 1519;
const MENTIONS_MAX = 1_000;
/** Whatever else a message names is nobody. */
const USER_ID = /^[A-Za-z0-9_]{1,64}$/;
const TO_ALL = 'AtAllTag';

type Tips = { group: string; cut: number; cutNotes: number; tips: number[] };

/** Who is and was in which group, and what it may see of its chats, told again event by event. */
export class GroupChats {
  readonly #windows = new Rows('windows', ['group_id', 'user_id']);
  readonly #departures = new Rows('departures', ['event_id']);
  readonly #marks = new Rows('group_marks', ['group_id']);
  readonly #mentions = new Rows('mentions', ['conversation', 'user_id']);
  readonly #floors = new Rows('own_floors', ['conversation', 'user_id']);
  readonly #tips = new Map<string, Tips>();
  /** Users by group, whether they are in it or were. */
  readonly #users = new Map<string, Set<string>>();
  readonly #at: (conversation: string) => At;

  /** `at` tells where a conversation stands before the event that is being taken. */
  constructor(at: (conversation: string) => At) {
    this.#at = at;
  }

  get tables(): readonly ExpectedTable[] {
    const all = [this.#windows, this.#departures, this.#marks, this.#mentions, this.#floors];
    return all.map((rows) => rows.table);
  }

  usersOf(group: string): Iterable<string> {
    return this.#users.get(group) ?? [];
  }

  ownNewest(conversation: string, user: string): number {
    return Number(this.#floors.get(conversation, user)?.['seq'] ?? 0);
  }

  /** Undefined: the user never was in it. `newest` is that of the chat. */
  sightOf(group: string, user: string, newest: number): Sight | undefined {
    const window = this.#windows.get(group, user);
    if (window === undefined) return undefined;
    const ended = String(this.#marks.get(group)?.['ended_by'] ?? '');
    const left = this.#tips.get(String(window['left_by']) || ended);
    const from = Number(window['min_seq']);
    const joined = Number(window['joined_seq']);
    if (left === undefined) return { from, joined, to: newest, cut: newest, tips: [] };
    const { cut, tips } = left;
    return { from, joined, to: tips.at(-1) ?? cut, cut, tips };
  }

  take(event: Recorded<SeqlineEvent>): void {
    if (event.stream.startsWith('conversation-sg_')) {
      this.#line(event as Recorded<NumberedEvent>);
      return;
    }
    switch (event.type) {
      case 'GroupCreated': {
        const { group, owner, admins, members } = event.data;
        for (const user of [owner, ...admins, ...members]) this.#comeIn(group, user, true, event);
        return;
      }
      case 'MembersAdded': {
        const { group, users, historyVisible } = event.data;
        for (const user of users) this.#comeIn(group, user, historyVisible, event);
        return;
      }
      case 'MemberLeft':
        this.#go(event.data.group, [event.data.user], event);
        return;
      case 'MembersKicked':
        this.#go(event.data.group, event.data.users, event);
        return;
      case 'GroupDisbanded':
        this.#go(event.data.group, [], event);
        this.#mark(event.data.group, { ended_by: event.id });
        return;
      default:
        return;
    }
  }

  #comeIn(group: string, user: string, sees: boolean, { position }: { position: number }): void {
    const before = this.#windows.get(group, user);
    if (before?.['left_by'] === '') return;
    const chat = this.#at(`sg_${group}`).maxSeq;
    const notes = this.#at(`n_${group}`).maxSeq;
    this.#users.set(group, (this.#users.get(group) ?? new Set()).add(user));
    this.#windows.put({
      ...{ group_id: group, user_id: user, left_by: '', joined_pos: position, joined_seq: chat },
      first_pos: before?.['first_pos'] ?? position,
      ...{ min_seq: sees ? 0 : chat + 1, min_notes: sees ? 0 : notes + 1 },
    });
  }

  #go(group: string, users: readonly string[], event: Recorded<SeqlineEvent>): void {
    const { id, position } = event;
    const { maxSeq: cut, newestTime } = this.#at(`sg_${group}`);
    const { maxSeq: cutNotes } = this.#at(`n_${group}`);
    this.#tips.set(id, { group, cut, cutNotes, tips: [] });
    this.#putDeparture(id, newestTime, position);
    for (const user of users) {
      const row = this.#windows.get(group, user);
      if (row?.['left_by'] === '') row['left_by'] = id;
    }
  }

  #putDeparture(id: string, time: number, position: number): void {
    const left = this.#tips.get(id);
    if (left === undefined) return;
    this.#departures.put({
      ...{ event_id: id, group_id: left.group, cut: left.cut, cut_notes: left.cutNotes },
      ...{ tips: JSON.stringify(left.tips), tip_time: time, changed_pos: position },
    });
  }

  #mark(group: string, change: Row): void {
    const nothing: Row = {
      ...{ group_id: group, at_all_seq: 0, at_all_pos: 0, at_all_by: '' },
      ...{ announced_seq: 0, announced_pos: 0, ended_by: '' },
    };
    this.#marks.put({ ...nothing, ...this.#marks.get(group), ...change });
  }

  #line(event: Recorded<NumberedEvent>): void {
    const { type, data, position, revision, stream, meta } = event;
    if (type !== 'MessageSent' && type !== 'NoticePosted') return;
    const conversation = stream.slice(stream.indexOf('-') + 1);
    const seq = revision + 1;
    this.#floors.put({ conversation, user_id: data.from, seq });
    if (!('group' in data)) return;
    if (type === 'NoticePosted') {
      const cause = meta.causationId ?? '';
      const left = this.#tips.get(cause);
      if (left !== undefined && left.group === data.group) {
        left.tips.push(seq);
        this.#putDeparture(cause, data.sendTime, position);
      }
      if (data.contentType === ANNOUNCEMENT) {
        this.#mark(data.group, { announced_seq: seq, announced_pos: position });
      }
      return;
    }
    this.#point(conversation, event, data.contentType === AT_TEXT ? (data.atUsers ?? []) : []);
  }

  #point(
    conversation: string,
    { data, position, revision }: Recorded<NumberedEvent>,
    named: readonly string[],
  ): void {
    const seq = revision + 1;
    if (named.includes(TO_ALL) && 'group' in data) {
      this.#mark(data.group, { at_all_seq: seq, at_all_pos: position, at_all_by: data.from });
    }
    const others = new Set(
      named.filter((user) => user !== TO_ALL && user !== data.from && USER_ID.test(user)),
    );
    for (const user of [...others].slice(0, MENTIONS_MAX)) {
      this.#mentions.put({ conversation, user_id: user, seq, pos: position });
    }
  }
}
