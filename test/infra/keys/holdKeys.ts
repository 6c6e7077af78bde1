import { createInterface } from 'node:readline';
import type { UserId } from '../../../core/kernel/ids.ts';
import { openEmbeddedKeys } from '../../../infra/keys/embedded.ts';

/**
 * A process of its own that has a key store open, with keys of ann's that it has destroyed, and makes one for each user
 * that it is told, until it is killed.
 */
const [folder = '', id = ''] = process.argv.slice(2);
const keys = await openEmbeddedKeys(folder, { id, mayHoldSealed: false });
const ann = 'ann' as UserId;
await keys.sealing([ann]);
await keys.destroy(ann);
process.stdout.write('open\n');
for await (const user of createInterface({ input: process.stdin })) {
  await keys.sealing([user as UserId]);
  process.stdout.write(`${user}\n`);
}
