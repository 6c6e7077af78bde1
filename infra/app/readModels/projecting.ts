import { readCheckpoints } from '../../../projections/kernel/checkpoint.ts';
import type { Position } from '../../../core/kernel/ids.ts';
import { Reached } from '../../../projections/kernel/reached.ts';
import { runProjections, type Runner } from '../../../projections/kernel/runner.ts';
import type { RunnerOptions } from '../../../projections/kernel/runnerOptions.ts';
import { Standing } from '../../../projections/kernel/standing.ts';
import type { Log } from '../../observe/log.ts';

type Options = Omit<RunnerOptions, 'reached' | 'onState'> &
  Readonly<{
    /** Whether this process builds them, or would if who does ends. */
    builds: boolean;
    /** After each commit. */
    onMoved?: ((key: string, position: Position) => void) | undefined;
    logger: Log;
    /** For messages. */
    called: string;
  }>;

export type Projecting = Readonly<{
  runner: Runner;
  /** What another process has said of where a read model stands. */
  heard: (key: string, position: Position) => void;
  /** Once nobody asks any more, and the follower has ended. */
  close: () => Promise<void>;
}>;

/** Read models that share a runner: kept up to date here, or looked after where another process does it. */
export const startProjecting = async (options: Options): Promise<Projecting> => {
  const { builds, onMoved, logger, called, ...running } = options;
  const { projections, db, log, skips, tail } = running;
  const read = () => readCheckpoints(db);
  const reached = new Reached({ projections, read, onMoved });
  const own = builds
    ? runProjections({
        ...running,
        reached,
        onState: (state) => {
          const bad =
            state.kind === 'poisoned' || state.kind === 'refused' || state.kind === 'retrying';
          logger[bad ? 'warn' : 'debug']({ [called]: state }, `${called}: ${state.kind}`);
        },
      })
    : undefined;
  const isTold = () => own?.state().kind === 'running';
  const standing = new Standing({ projections, read, tail, reached, isTold });
  standing.start();
  // The runner does it as it takes over; reads at the head need to know of them anyway.
  if (own === undefined) await skips.load(log, projections);
  return {
    runner: {
      state: () => own?.state() ?? { kind: 'standby' },
      lag: () => (own !== undefined && isTold() ? own.lag() : standing.lag()),
      lags: () => (own !== undefined && isTold() ? own.lags() : standing.lags()),
      reached: (...asked) => own?.reached(...asked) ?? reached.waitFor(...asked),
      stop: async () => own?.stop(),
    },
    heard: (key, position) => {
      reached.heard(key, position);
    },
    close: async () => {
      standing.close();
      await own?.stop();
      reached.close();
    },
  };
};
