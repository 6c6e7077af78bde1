import { Rows } from './rows.ts';
import { Turns } from './turns.ts';

type List = 'friends' | 'blacks';

/** What is remembered of each list beside who is in it; nothing, until somebody goes or it is sorted. */
export class Lists {
  readonly rows = new Rows('friend_lists', ['owner', 'list']);
  readonly #turns = new Map<string, Turns>();

  went(owner: string, list: List, user: string, position: number): void {
    this.#of(owner, list).went(user, position);
    this.#put(owner, list);
  }

  came(owner: string, list: List, user: string, position: number): void {
    this.#of(owner, list).came(user, position);
    if (this.rows.get(owner, list) !== undefined) this.#put(owner, list);
  }

  sorted(owner: string, list: List, position: number): void {
    this.#of(owner, list).sorted = position;
    this.#put(owner, list);
  }

  #of(owner: string, list: List): Turns {
    const key = JSON.stringify([owner, list]);
    const turns = this.#turns.get(key) ?? new Turns();
    this.#turns.set(key, turns);
    return turns;
  }

  #put(owner: string, list: List): void {
    const { text: gone, floor: floor_pos, sorted: sort_pos } = this.#of(owner, list);
    this.rows.put({ owner, list, gone, floor_pos, sort_pos });
  }
}
