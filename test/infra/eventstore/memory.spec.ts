import { expect, test } from 'vitest';
import { memoryEventStore } from '../../../infra/eventstore/memory.ts';
import { events, newStream } from '../../support/eventStore/events.ts';
import { eventStoreContract } from '../../support/eventStoreContract.ts';

eventStoreContract('the memory store', async () => memoryEventStore());

test('[STO-2] created does not go back when the clock does', async () => {
  const times = [5_000, 4_000, 6_000];
  const store = memoryEventStore(() => times.shift() ?? 0);
  const created: number[] = [];
  for (let round = 0; round < 3; round++) {
    const result = await store.append(newStream(), 'any', events(1));
    if (result.kind === 'appended') created.push(result.created);
  }
  expect(created).toEqual([5_000, 5_000, 6_000]);
  await store.close();
});
