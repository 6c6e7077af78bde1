/** A thread that makes pieces of an export, until it is told that no more are wanted. */
import { parentPort, workerData } from 'node:worker_threads';
import { rendering } from '../../replay/rendering.ts';
import { piecesOf } from '../../replay/pieces.ts';
import { choosing } from '../../replay/selection.ts';
import type { Answer, Asked, Call } from './exportThreads.ts';
import { openHistory } from './openHistory.ts';

// Given by exportThreads.ts, of the same build.
const { config, selection, format } = workerData as Asked;
const port = parentPort;
if (port === null) throw new Error('this is started as a thread, by exportThreads');

const history = await openHistory(config);
const chosen = choosing(selection);
const lines = rendering(format, '');

const answer = (said: Answer, transferred: readonly ArrayBuffer[] = []): void => {
  port.postMessage(said, transferred);
};

const make = async ({ number, part }: Extract<Call, { kind: 'make' }>): Promise<void> => {
  try {
    const first = await piecesOf(history, part, chosen, lines).next();
    if (first.done === true) throw new Error('there is nothing in a part without length');
    // A buffer of its own, which then need not be copied.
    const bytes = new Uint8Array(first.value.bytes);
    answer({ kind: 'made', number, piece: { ...first.value, bytes } }, [bytes.buffer]);
  } catch (error) {
    answer({
      kind: 'fault',
      number,
      message: error instanceof Error ? error.message : String(error),
    });
  }
};

// One after the other: the parts are read from the same log, and whoever asks keeps few of them waiting.
let turn = Promise.resolve();
port.on('message', (call: Call) => {
  turn = turn.then(async () => {
    if (call.kind === 'make') return make(call);
    await history.close();
    port.close();
  });
});
