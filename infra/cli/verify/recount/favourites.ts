import type { SeqlineEvent } from '../../../../core/kernel/catalogue.ts';
import type { Recorded } from '../../../../core/kernel/fact.ts';
import { Rows } from './rows.ts';
import type { ExpectedTable } from './table.ts';
import { kept } from './text.ts';

/** What is kept for users, told again. */
export class Favourites {
  readonly #rows = new Rows('favourites', ['owner', 'kind', 'uuid']);

  get table(): ExpectedTable {
    return this.#rows.table;
  }

  take(event: Recorded<SeqlineEvent>): void {
    if (
      event.type !== 'FavouriteAdded' &&
      event.type !== 'FavouriteChanged' &&
      event.type !== 'FavouriteRemoved'
    ) {
      return;
    }
    const { user: owner, kind } = event.data;
    const uuid = kept(event.data.uuid);
    if (event.type === 'FavouriteRemoved') {
      this.#rows.remove(owner, kind, uuid);
      return;
    }
    if (event.type === 'FavouriteAdded') {
      const { created: created_at, position: created_pos } = event;
      this.#rows.put({ owner, kind, uuid, value: '', ex: '', created_at, created_pos });
    }
    const row = this.#rows.get(owner, kind, uuid);
    if (row === undefined) return;
    const { content } = event.data;
    for (const name of ['value', 'ex'] as const) {
      const text = 'erased' in content ? '' : content[name];
      if (text !== undefined) row[name] = kept(text);
    }
  }
}
