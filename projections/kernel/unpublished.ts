import type { Kysely } from 'kysely';
import type { Position } from '../../core/kernel/ids.ts';
import type { AnyTables, Projection } from './model.ts';

/** Read models that people do not see yet: what is new, or of a new version, is shown once it is whole. */
export class Unpublished {
  #from = new Map<Projection, Position>();

  /** They have been taken over, and are whole where the log ended then. */
  begin(projections: readonly Projection[], head: Position): void {
    const published = projections.filter(({ publish }) => publish !== undefined);
    this.#from = new Map(published.map((projection) => [projection, head]));
  }

  async publish(
    session: Kysely<AnyTables>,
    positionOf: (projection: Projection) => Position,
  ): Promise<void> {
    for (const [projection, from] of this.#from) {
      if (positionOf(projection) < from) continue;
      await session.transaction().execute(async (db) => projection.publish?.(db));
      this.#from.delete(projection);
    }
  }
}
