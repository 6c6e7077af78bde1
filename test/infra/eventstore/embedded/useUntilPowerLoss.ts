/**
 * A process to be traced: makes a log and its keys in a folder, uses them, and opens them again; what has been
 * acknowledged it says in lines `event stream revision position id`, `key user number key`, `destroyed user`.
 */
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import type { UserId } from '../../../../core/kernel/ids.ts';
import { openEmbeddedLog } from '../../../../infra/eventstore/embedded/embeddedLog.ts';
import { openEmbeddedKeys } from '../../../../infra/keys/embedded.ts';
import { appended, event } from '../../../support/eventStore/events.ts';

const [folder = ''] = process.argv.slice(2);
const say = (...words: readonly unknown[]): void => {
  process.stdout.write(`${words.join(' ')}\n`);
};

for (let life = 0; life < 2; life++) {
  const log = await openEmbeddedLog({ directory: join(folder, 'data', 'log') });
  const id = await log.logId();
  const keys = await openEmbeddedKeys(join(folder, 'data', 'keys'), { id, mayHoldSealed: false });
  const append = async (stream: string, size: number): Promise<void> => {
    const batch = [event('Small'), { ...event('Large'), data: randomBytes(size) }];
    const { revision, position } = appended(await log.append(stream, 'any', batch));
    say('event', stream, revision, position, batch[1]?.id);
  };
  for (let round = 0; round < 4; round++) {
    const user = `user-${life}-${round}` as UserId;
    await Promise.all([append('one', 40), append('two', 9_000 * round), append(user, 700)]);
    for (const [subject, key] of await keys.sealing([user]))
      say('key', subject, key.id, Buffer.from(key.key).toString('hex'));
    if (round !== 2) continue;
    await keys.destroy(user);
    say('destroyed', user);
  }
  await keys.close();
  await log.close();
}
