import type { Millis, Position } from '../../core/kernel/ids.ts';

export type RunnerState =
  | Readonly<{ kind: 'starting' }>
  /** Another process runs the projections. */
  | Readonly<{ kind: 'standby' }>
  | Readonly<{ kind: 'running' }>
  /** Postgres or the log does not answer; tried again for ever. */
  | Readonly<{ kind: 'retrying'; attempts: number; reason: string }>
  /** A projection cannot take an event. Nothing moves until it can or the event is skipped. */
  | Readonly<{ kind: 'poisoned' } & Poison>
  /** The database belongs to another log. */
  | Readonly<{ kind: 'refused'; reason: string }>
  | Readonly<{ kind: 'stopped' }>;

export type Poison = Readonly<{
  projection: string;
  position: Position;
  type: string;
  reason: string;
}>;

export type Lag = Readonly<{
  /** Where the slowest read model stands. */
  position: Position;
  head: Position;
  /**
   * When the oldest event was committed that it lacks; where that is further back than the tail, when the
   * newest one was that it has. Undefined: it lacks none, or is about to begin from far behind.
   */
  waitingSince: Millis | undefined;
}>;

/** Of one read model, by `keyOf`. */
export type ProjectionLag = Lag & Readonly<{ projection: string }>;

/** Nothing more happens, whatever is done. */
export const isFinal = ({ kind }: RunnerState): boolean => kind === 'refused';
