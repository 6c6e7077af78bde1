import type { EventId } from '../../core/kernel/ids.ts';
import type { Webhooks } from '../../gateways/webhookPorts.ts';

const delivery = '00000000-0000-4000-8000-00000000000a' as EventId;
const of = { stream: 'user-ann', revision: 0, delivery, callback: 'afterUserRegister' };

/** One endpoint, `app`, with a delivery and a dead letter. */
export const fakeWebhooks: Webhooks = {
  list: async () => ({
    head: 9,
    endpoints: [
      {
        endpoint: 'app',
        url: 'https://app.example.com',
        before: ['beforeMsgModify'],
        after: ['afterUserRegister'],
        position: 9,
        pending: 0,
        awayMs: 0,
        dead: 1,
        replays: 0,
        elsewhere: false,
      },
    ],
  }),
  test: async () => ({ kind: 'done', taken: true, why: 'HTTP 200', ms: 3 }),
  deliveries: async () => ({
    kind: 'done',
    deliveries: [{ ...of, at: 1_700_000_000_000, attempts: 1, status: 200, ms: 3 }],
  }),
  deadLetters: async () => ({
    kind: 'done',
    total: 1,
    letters: [{ ...of, endpoint: 'app', attempts: 12, why: 'HTTP 500', asked: false }],
  }),
  resend: async () => ({ kind: 'done', asked: 1 }),
  replay: async () => ({ kind: 'done', replay: delivery, after: 0 }),
};
