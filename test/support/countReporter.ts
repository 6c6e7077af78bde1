import type { SerializedError } from 'vitest';
import type { Reporter, TestCollection, TestModule, TestSuite } from 'vitest/node';

type Counts = { passed: number; failed: number; skipped: number };

/** A file that does not load, or a hook that throws, has no test of its own that could fail. */
const countErrors = (part: TestModule | TestSuite, counts: Counts): void => {
  counts.failed += part.errors().length;
};

const countAll = (children: TestCollection, counts: Counts): void => {
  for (const child of children) {
    if (child.type === 'suite') {
      countErrors(child, counts);
      countAll(child.children, counts);
      continue;
    }
    const { state } = child.result();
    // One that never came to its end (a crash, an interruption) has not passed.
    counts[state === 'pending' ? 'failed' : state] += 1;
  }
};

/** Ends a run with the one line that any counter of tests can read: `Tests: 12 passed, 0 failed`. */
export default class CountReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], errors: readonly SerializedError[]): void {
    const counts: Counts = { passed: 0, failed: errors.length, skipped: 0 };
    for (const module of modules) {
      countErrors(module, counts);
      countAll(module.children, counts);
    }
    const { passed, failed, skipped } = counts;
    // The last thing the process says, whatever other reporters still have to print.
    process.once('exit', () => {
      process.stdout.write(
        `\nTests: ${String(passed)} passed, ${String(failed)} failed, ${String(skipped)} skipped\n`,
      );
    });
  }
}
