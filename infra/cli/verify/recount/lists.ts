import { Rows } from './rows.ts';

type List = 'friends' | 'blacks';
type Gone = readonly [user: string, position: number];

/** Those that went last: of whoever went before them, only up to where is remembered. */
const GONE_KEPT = 200;

/** What is remembered of each list beside who is in it; nothing, until somebody goes or it is sorted. */
export class Lists {
  readonly rows = new Rows('friend_lists', ['owner', 'list']);
  readonly #gone = new Map<string, Gone[]>();

  went(owner: string, list: List, user: string, position: number): void {
    const gone = this.#goneOf(owner, list);
    gone.push([user, position]);
    const forgotten = gone.length > GONE_KEPT ? gone.shift() : undefined;
    this.#set(owner, list, forgotten === undefined ? {} : { floor_pos: forgotten[1] });
  }

  /** Who comes back stands elsewhere than before. */
  came(owner: string, list: List, user: string, position: number): void {
    const gone = this.#goneOf(owner, list);
    for (let at = gone.length - 1; at >= 0; at--) {
      if (gone[at]?.[0] !== user) continue;
      gone.splice(at, 1);
      this.sorted(owner, list, position);
    }
  }

  sorted(owner: string, list: List, position: number): void {
    this.#set(owner, list, { sort_pos: position });
  }

  #goneOf(owner: string, list: List): Gone[] {
    const key = JSON.stringify([owner, list]);
    const gone = this.#gone.get(key) ?? [];
    this.#gone.set(key, gone);
    return gone;
  }

  #set(owner: string, list: List, changed: Readonly<Record<string, number>>): void {
    const before = this.rows.get(owner, list) ?? { owner, list, floor_pos: 0, sort_pos: 0 };
    this.rows.put({ ...before, gone: JSON.stringify(this.#goneOf(owner, list)), ...changed });
  }
}
