import { memoryKeys } from '../../../infra/keys/memory.ts';
import { keyStoreContract } from '../../support/keyStoreContract.ts';

keyStoreContract('memory', async (work) => {
  const keys = memoryKeys();
  await work(keys);
  await keys.close();
});
