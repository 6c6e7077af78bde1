/**
 * A process to be killed: appends to a few streams at once for as long as it lives, and prints each
 * acknowledgement as a line `stream revision position id`.
 */
import { openEmbeddedLog } from '../../../../infra/eventstore/embedded/embeddedLog.ts';
import { appended, events } from '../../../support/eventStore/events.ts';

const [directory = '', streams = '4'] = process.argv.slice(2);
const log = await openEmbeddedLog({ directory });
process.stdout.write('open\n');

const keepAppending = async (stream: string): Promise<never> => {
  for (;;) {
    const batch = events(1 + Math.floor(Math.random() * 3));
    const { revision, position } = appended(await log.append(stream, 'any', batch));
    process.stdout.write(`${stream} ${revision} ${position} ${batch.at(-1)?.id}\n`);
  }
};

await Promise.all(
  Array.from({ length: Number(streams) }, (_, index) => keepAppending(`stream-${index}`)),
);
