import { expect, test } from 'vitest';
import { StoreUnavailable } from '../../../core/kernel/eventStore.ts';
import { MemoryEventLog } from '../../support/memoryEventLog.ts';
import { numberedWriters } from '../../support/numberedWriters.ts';
import { ann, by, eventId, sent } from '../../support/people.ts';

const STREAM = 'conversation-si_ann_bob';

const send = (name: string) => {
  const { sendTime: _, ...data } = sent(name).data;
  const wish = { type: 'MessageSent', data } as const;
  return { stream: STREAM, id: eventId(name), at: 1_000, meta: by(ann), wish };
};

test('[SEQ-13] what waits behind an append that the store did not take is given back with it', async () => {
  const log = new MemoryEventLog();
  const append = log.append.bind(log);
  let fail: () => void = () => undefined;
  const begun = new Promise<void>((resolve) => {
    log.append = () =>
      new Promise((_, reject) => {
        fail = () => {
          reject(new StoreUnavailable('away'));
        };
        resolve();
      });
  });
  const writers = numberedWriters(log);
  const first = writers.handle(send('1'));
  await begun;
  const behind = writers.handle(send('2'));
  log.append = append;
  fail();
  const ended = await Promise.allSettled([first, behind]);
  expect(ended.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  for (const name of ['1', '2']) await writers.handle(send(name));
  const events = await log.readStream(STREAM, { from: 'start', direction: 'forwards', max: 9 });
  expect(events.map(({ id }) => id)).toEqual(['1', '2'].map(eventId));
});
