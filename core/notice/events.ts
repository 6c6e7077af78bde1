import type { Fact } from '../kernel/fact.ts';
import type { Position } from '../kernel/ids.ts';

/**
 * How far a part of the system has come that has effects, kept in the log itself: read models may be
 * dropped and built anew, but what has been told must not be told again.
 */
export type CheckpointMoved = Fact<'CheckpointMoved', { position: Position }>;

export const checkpointStream = (name: string): string => `checkpoint-${name}`;
