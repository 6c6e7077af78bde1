import type { Fact } from '../kernel/fact.ts';
import type { Position } from '../kernel/ids.ts';

/**
 * An operator has decided that one version of one read model does without the event at a position, which
 * it cannot take. A later version, which may be able to, tries it again.
 */
export type ProjectionSkipped = Fact<
  'ProjectionSkipped',
  {
    /** Name and version of the read model. */
    projection: string;
    version: number;
    position: Position;
    /** Free text, for those who wonder later; it is stored as it is, so no personal data. */
    reason: string;
  }
>;

export type ProjectorEvent = ProjectionSkipped;

export const PROJECTOR_PREFIX = 'projector-';

/** One stream for all versions of a read model. */
export const projectorStream = (projection: string): string => `${PROJECTOR_PREFIX}${projection}`;
