import { memoryBus } from '../../../infra/bus/memory.ts';
import { busContract } from '../../support/busContract.ts';

busContract('memory', async (count, work) => {
  const hub = memoryBus(() => undefined);
  await work(Array.from({ length: count }, () => hub.join()));
});
