import { expect, test } from 'vitest';
import type { EventLog } from '../../../../core/kernel/eventLog.ts';
import { LogCheckpoint } from '../../../../core/notice/checkpoint.ts';
import { PENDING_MAX } from '../../../../core/webhook/deliverer.ts';
import { deliveriesStream, type DeliveriesMade } from '../../../../core/webhook/events.ts';
import type { Endpoint } from '../../../../core/webhook/ports.ts';
import { WAITING_MAX } from '../../../../infra/app/webhooks/deliveryLog.ts';
import { noCounts, tellEndpoint } from '../../../../infra/app/webhooks/endpoint.ts';
import { deriveId } from '../../../../infra/ids.ts';
import { createLog } from '../../../../infra/observe/log.ts';
import { MemoryEventLog } from '../../../support/memoryEventLog.ts';
import { untilTrue } from '../../../support/until.ts';
import { registered, write } from '../../../support/userEvents.ts';

const ENDPOINT: Endpoint = {
  name: 'crm',
  url: 'http://app.example.com/',
  keys: [],
  allowPrivate: false,
  convention: 'v3',
  giveUpAfter: 1_000,
  before: new Map(),
  after: new Map([
    [
      'afterUserRegister',
      { timeout: 1_000, filter: { allowedTypes: [], deniedTypes: [], attentionIds: new Set() } },
    ],
  ]),
};
const USERS = WAITING_MAX + PENDING_MAX + 500;

class FullLog extends MemoryEventLog {
  isFull = false;
  refusals = 0;

  override append(...asked: Parameters<EventLog['append']>): ReturnType<EventLog['append']> {
    if (!this.isFull) return super.append(...asked);
    this.refusals += 1;
    return Promise.reject(new Error('the disk is full'));
  }
}

test('[HOK-25] while the log takes nothing, no more is delivered than can be kept for it', async () => {
  const stored = new FullLog();
  const checkpoint = await LogCheckpoint.open({
    ...{ log: stored, name: 'webhook-crm', owner: 'me', deriveId },
  });
  for (let user = 0; user < USERS; user++) await write(stored, registered(`u${String(user)}`));
  stored.isFull = true;
  let posted = 0;
  const telling = tellEndpoint({
    endpoint: ENDPOINT,
    events: stored,
    checkpoint,
    models: {
      // It reaches back to nowhere: all is read from the log.
      tail: { after: () => undefined, floor: 0, head: 0 },
      follower: { onEvents: () => () => undefined },
    } as unknown as Parameters<typeof tellEndpoint>[0]['models'],
    writers: {
      state: () => Promise.resolve({ dead: new Map(), replays: new Map() }),
    } as unknown as Parameters<typeof tellEndpoint>[0]['writers'],
    post: () => {
      posted += 1;
      return Promise.resolve({ kind: 'answered', status: 200, body: '' });
    },
    counts: noCounts(),
    log: createLog('silent'),
    now: () => Date.now(),
  });
  await untilTrue('it is as full as may be', () => posted >= WAITING_MAX);
  const before = stored.refusals;
  await untilTrue('the log takes nothing still', () => stored.refusals >= before + 2);
  expect(posted).toBeLessThanOrEqual(WAITING_MAX + PENDING_MAX);

  stored.isFull = false;
  const kept = async (): Promise<number> => {
    const made = await stored.readStream<DeliveriesMade>(deliveriesStream('crm'), {
      ...{ from: 'start', direction: 'forwards', max: USERS },
    } as const);
    return made.reduce((sum, { data }) => sum + data.made.length, 0);
  };
  await untilTrue('all is told and kept', async () => (await kept()) === USERS);
  expect(posted).toBe(USERS);
  await telling.close();
});
