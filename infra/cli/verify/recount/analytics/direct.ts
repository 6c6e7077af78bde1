import { Rows } from '../rows.ts';
import type { ExpectedTable } from '../table.ts';
import { levelIn, sortOf, type Event, moment } from './words.ts';

/** What is not answered and not read in chats of two, and how long it was not, told again. */
export class Direct {
  readonly #waiting = new Rows('analytics_direct_waiting', ['conversation', 'user_id']);
  readonly #responses = new Rows('analytics_direct_response_times', ['day']);
  readonly #reads = new Rows('analytics_direct_read_times', ['day']);
  readonly #special = new Set<string>();

  take(event: Event): void {
    const said = levelIn(event);
    if (said !== undefined) this.#account(said[0], sortOf(said[1]));
    else if (event.type === 'MessageSent') this.#message(event);
    else if (event.type === 'MessagesRead') {
      const { conversation, from, upTo, seqs } = event.data;
      this.#read(event, conversation, from, (seq) => seq <= upTo || seqs.includes(seq));
    } else if (event.type === 'ReadMarked') {
      const { conversation, user, upTo } = event.data;
      this.#read(event, conversation, user, (seq) => seq <= upTo);
    }
  }

  get tables(): readonly ExpectedTable[] {
    return [this.#waiting.table, this.#responses.table, this.#reads.table];
  }

  #account(user_id: string, kind: string): void {
    if (kind === 'user') {
      this.#special.delete(user_id);
      this.#waiting.remove('', user_id);
      return;
    }
    this.#special.add(user_id);
    const none = { unanswered_at: null, unread_at: null, unread_seq: null };
    this.#waiting.put({ conversation: '', user_id, kind, ...none });
  }

  #message(event: Event & { type: 'MessageSent' }): void {
    const { from, system } = event.data;
    if (!('to' in event.data) || event.data.to === from) return;
    if (system !== undefined || event.meta.actor !== from) return;
    const conversation = event.stream.replace('conversation-', '');
    this.#answered(event, conversation, from, event.data.to);
    this.#told(event, conversation, event.data.to);
  }

  #answered(event: Event, conversation: string, from: string, to: string): void {
    const mine = this.#waiting.get(conversation, from);
    const asked = mine?.['unanswered_at'] ?? null;
    if (mine === undefined || asked === null) return;
    if (!this.#special.has(from) && !this.#special.has(to))
      count(this.#responses, event, event.created - Number(asked));
    mine['unanswered_at'] = null;
    if (mine['unread_at'] === null) this.#waiting.remove(conversation, from);
  }

  #told(event: Event, conversation: string, user_id: string): void {
    if (this.#waiting.get(conversation, user_id) === undefined) {
      const none = { unanswered_at: null, unread_at: null, unread_seq: null };
      this.#waiting.put({ conversation, user_id, kind: null, ...none });
    }
    const row = this.#waiting.get(conversation, user_id) ?? {};
    row['unanswered_at'] ??= event.created;
    row['unread_at'] ??= event.created;
    row['unread_seq'] ??= event.revision + 1;
  }

  #read(event: Event, conversation: string, user: string, has: (seq: number) => boolean): void {
    if (event.meta.actor !== user) return;
    const row = this.#waiting.get(conversation, user);
    const seq = row?.['unread_seq'] ?? null;
    if (row === undefined || seq === null || !has(Number(seq))) return;
    if (!this.#special.has(user))
      count(this.#reads, event, event.created - Number(row['unread_at']));
    Object.assign(row, { unread_at: null, unread_seq: null });
    if (row['unanswered_at'] === null) this.#waiting.remove(conversation, user);
  }
}

/** The greatest of the powers of the root of two, in whole milliseconds, that a time reaches. */
const placeOf = (ms: number): number => {
  const reached = new Set<number>();
  for (let power = 0; power <= 64; power++) {
    const bound = Math.round(Math.pow(2, power / 2));
    if (bound > ms) break;
    reached.add(bound);
  }
  return reached.size;
};
/** 1 is the first power and, rounded, the second. */
const PLACES = 65;

const count = (rows: Rows, event: Event, ms: number): void => {
  const { day } = moment(event);
  if (rows.get(day) === undefined)
    rows.put({ day, buckets: `{${Array.from({ length: PLACES }, () => '0').join(',')}}` });
  const row = rows.get(day) ?? {};
  const all = JSON.parse(String(row['buckets']).replace('{', '[').replace('}', ']')) as number[];
  const place = placeOf(ms);
  row['buckets'] = `{${all.map((each, at) => (at === place ? each + 1 : each)).join(',')}}`;
};
