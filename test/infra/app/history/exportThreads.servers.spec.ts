import { Worker } from 'node:worker_threads';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  startThreads,
  type StartThread,
  type Threads,
} from '../../../../infra/app/history/exportThreads.ts';
import { openHistory } from '../../../../infra/app/history/openHistory.ts';
import { piecesInOrder, piecesOf } from '../../../../infra/replay/pieces.ts';
import { rendering } from '../../../../infra/replay/rendering.ts';
import { choosing, EVERYTHING } from '../../../../infra/replay/selection.ts';
import { register, say, withLog } from '../../../support/verifyWorld.ts';
import { logOfEachTest } from '../../../support/worldOfEachTest.ts';

const ENTRY = new URL('../../../../infra/app/history/exportThread.ts', import.meta.url).href;
const AB = ['si_ann_bob', 'ann', 'bob'] as const;
const MESSAGES = 30;

/** From the sources, which a thread cannot read by itself. */
const startFromSources: StartThread = (workerData) =>
  new Worker(
    `import('tsx/esm/api').then(({ register }) => { register(); return import('${ENTRY}'); });`,
    { eval: true, workerData },
  );

const world = logOfEachTest();
let threads: Threads;
beforeEach(async () => {
  await withLog(world.config, async (storage) => {
    for (const user of ['ann', 'bob']) await register(storage, user);
    for (let number = 1; number <= MESSAGES; number += 1)
      await say(storage, AB, `m${String(number)}`);
  });
  const asked = { config: world.config, selection: EVERYTHING, format: 'ndjson' } as const;
  threads = startThreads(asked, 2, startFromSources);
});
afterEach(() => threads.close());

const linesOf = async (pieces: AsyncIterable<Readonly<{ bytes: Uint8Array }>>): Promise<string> => {
  const found: Uint8Array[] = [];
  for await (const { bytes } of pieces) found.push(bytes);
  return Buffer.concat(found).toString();
};

describe('[REP-21] threads that export together', () => {
  test('give what one alone does', async () => {
    const history = await openHistory(world.config);
    const span = { after: 0, until: await history.head() };
    const alone = piecesOf(history, span, choosing(EVERYTHING), rendering('ndjson'));
    const wanted = await linesOf(alone);
    expect(wanted.split('\n')).toHaveLength(MESSAGES + 2 + 1);
    expect(await linesOf(piecesInOrder(history, span, threads.makers, 3))).toBe(wanted);
    await history.close();
  });

  test('say what is wrong with a piece, and go on with others', async () => {
    const [maker] = threads.makers;
    await expect(maker?.({ after: 5, until: 5 })).rejects.toThrow('without length');
    expect(await maker?.({ after: 5, until: 7 })).toMatchObject({ events: 2, reached: 7 });
  });

  test('refuse what they are asked for once they have ended', async () => {
    await threads.close();
    const [maker] = threads.makers;
    await expect(maker?.({ after: 0, until: 1 })).rejects.toThrow('ended before its time');
  });

  test('that cannot begin say why', async () => {
    const selection = EVERYTHING;
    const nowhere = {
      config: { ...world.config, data: '/nowhere' },
      selection,
      format: 'csv',
    } as const;
    const [lost] = [startThreads(nowhere, 1, startFromSources)];
    await expect(lost.makers[0]?.({ after: 0, until: 1 })).rejects.toThrow('there is no log');
    await lost.close();
  });
});
