import type { DeriveId, Millis } from '../../../core/kernel/ids.ts';
import type { Done, Projector, Refused } from '../../../gateways/ports.ts';
import { keyOf } from '../../../projections/kernel/checkpoint.ts';
import type { Projection } from '../../../projections/kernel/model.ts';
import type { Runner } from '../../../projections/kernel/runner.ts';
import type { RunnerState } from '../../../projections/kernel/runnerState.ts';
import type { Skips } from '../../../projections/kernel/skips.ts';
import type { ProjectorWriters } from './writers.ts';

type Asked = Pick<Runner, 'state' | 'lag' | 'lags'>;

type Deps = Readonly<{
  projections: readonly Projection[];
  runner: Asked;
  /** The one that counts for analysts, if there is one. */
  analytics: Asked | undefined;
  skips: Pick<Skips, 'has'>;
  writers: ProjectorWriters;
  deriveId: DeriveId;
  now: () => Millis;
}>;

const refuse = (detail: string): Refused => ({ kind: 'refused', reason: 'args/invalid', detail });

/** What is wrong with either; the lists come first, for people wait for those. */
const stateOf = (runner: Asked, analytics: Asked | undefined): RunnerState => {
  const state = runner.state();
  const other = analytics?.state();
  const isWell = state.kind === 'running' || state.kind === 'standby';
  const isOtherIll =
    other?.kind === 'poisoned' || other?.kind === 'retrying' || other?.kind === 'refused';
  return isWell && isOtherIll ? other : state;
};

/** What an operator may ask of the projector, and the one thing that it may be told. */
export const openProjector = (deps: Deps): Projector => {
  const { projections, runner, analytics, skips, writers, deriveId, now } = deps;

  const skip: Projector['skip'] = async ({ position, reason }, meta): Promise<Done | Refused> => {
    if (projections.some((projection) => skips.has(keyOf(projection), position))) {
      return { kind: 'done' };
    }
    const state = stateOf(runner, analytics);
    if (state.kind !== 'poisoned') {
      return refuse(`position: the projector is ${state.kind}, so there is nothing to skip`);
    }
    if (state.position !== position) {
      return refuse(`position: the projector stops at ${String(state.position)}, and only that`);
    }
    const poisoned = projections.find((projection) => keyOf(projection) === state.projection);
    if (poisoned === undefined) throw new Error(`${state.projection} is not among the read models`);
    const { name: projection, version } = poisoned;
    const handled = await writers.handle({
      type: 'SkipEvent',
      id: deriveId('projection skipped', projection, String(version), String(position)),
      at: now(),
      meta,
      data: { projection, version, position, reason },
    });
    if (handled.kind === 'refused') return handled;
    const { position: recorded } = handled;
    return recorded === undefined ? { kind: 'done' } : { kind: 'done', position: recorded };
  };

  return {
    status: () => {
      const state = stateOf(runner, analytics);
      const { kind, ...rest } = state;
      const lags = [...runner.lags(), ...(analytics?.lags() ?? [])];
      return {
        state: kind,
        reason: 'reason' in rest ? rest.reason : '',
        head: runner.lag().head,
        projections: lags.map(({ projection, position, waitingSince }) => ({
          projection,
          position,
          waitingMs: waitingSince === undefined ? 0 : Math.max(0, now() - waitingSince),
        })),
        ...(state.kind === 'poisoned' && {
          poison: {
            projection: state.projection,
            position: state.position,
            type: state.type,
            reason: state.reason,
          },
        }),
      };
    },
    skip,
  };
};
