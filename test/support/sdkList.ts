import type { ListSince } from '../../projections/kernel/since.ts';

/** What Go core does with a list (REST reference 9.6): rows, and the order it was last given. */
export class SdkList<T, Id extends string> {
  version = 0;
  versionId = '';
  rows = new Map<Id, T>();
  order: readonly Id[] = [];
  fulls = 0;

  async take(
    answer: ListSince<T, Id>,
    idOf: (row: T) => Id,
    all: () => Promise<readonly T[]>,
  ): Promise<void> {
    if (answer.full) {
      this.fulls += 1;
      const rows = await all();
      this.rows = new Map(rows.map((row) => [idOf(row), row]));
      this.order = rows.map(idOf);
    }
    for (const id of answer.delete) {
      this.rows.delete(id);
      this.order = this.order.filter((each) => each !== id);
    }
    for (const row of [...answer.insert, ...answer.update]) {
      if (!this.rows.has(idOf(row))) this.order = [...this.order, idOf(row)];
      this.rows.set(idOf(row), row);
    }
    if (answer.sortVersion > 0) this.order = (await all()).map(idOf);
    this.version = answer.version;
    this.versionId = answer.versionId;
  }

  shown(): readonly (T | undefined)[] {
    return this.order.map((id) => this.rows.get(id));
  }
}
