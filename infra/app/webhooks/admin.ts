import type { EventLog } from '../../../core/kernel/eventLog.ts';
import type { EventId, Millis, Position } from '../../../core/kernel/ids.ts';
import {
  deliveriesStream,
  webhookStream,
  type DeliveriesMade,
  type Made,
} from '../../../core/webhook/events.ts';
import type { Endpoint, Post } from '../../../core/webhook/ports.ts';
import type { Refused } from '../../../gateways/ports.ts';
import type { WebhookStatus, Webhooks } from '../../../gateways/webhookPorts.ts';
import { randomId } from '../../ids.ts';
import type { Telling } from './endpoint.ts';
import type { WebhookWriters } from '../capabilities/writers.ts';

const TEST_MS = 5_000;
const TEST_COMMAND = 'callbackSeqlineTest';
/** Events of the delivery log read at a time. */
const PAGE = 20;
/** Events looked at on the way to a time, at a time. */
const SEARCH_PAGE = 500;

type Deps = Readonly<{
  endpoints: readonly Endpoint[];
  /** Undefined: this process does not tell it. */
  tellingOf: (name: string) => Telling | undefined;
  events: EventLog;
  writers: WebhookWriters;
  post: Post;
  now: () => Millis;
}>;

const refuse = (detail: string): Refused => ({ kind: 'refused', reason: 'args/invalid', detail });

/** What an operator may see of the endpoints, and ask of them. */
export const webhookAdmin = ({
  endpoints,
  tellingOf,
  events,
  writers,
  post,
  now,
}: Deps): Webhooks => {
  const named = (name: string): Endpoint | Refused =>
    endpoints.find((endpoint) => endpoint.name === name) ??
    refuse(`endpoint: there is none called ${name}`);
  const stateOf = (name: string) => writers.state(webhookStream(name));

  const statusOf = async ({ name, url, before, after }: Endpoint): Promise<WebhookStatus> => {
    const telling = tellingOf(name);
    const { dead, replays } = await stateOf(name);
    const since = telling?.awaySince();
    return {
      endpoint: name,
      url: new URL(url).origin,
      before: [...before.keys()],
      after: [...after.keys()],
      position: telling?.reached() ?? 0,
      pending: telling?.pending() ?? 0,
      awayMs: since === undefined ? 0 : Math.max(0, now() - since),
      dead: dead.size,
      replays: replays.size,
      elsewhere: telling === undefined && after.size > 0,
    };
  };

  /** The position of the last event that was committed before a time. */
  const before = async (time: Millis): Promise<Position> => {
    for (let after = 0; ;) {
      const page = await events.readAll({ after, max: SEARCH_PAGE });
      for (const { created, position } of page.events) {
        if (created >= time) return after;
        after = position;
      }
      if (page.end) return after;
      after = page.next;
    }
  };

  return {
    list: async () => {
      const head = await events.head();
      return { head, endpoints: await Promise.all(endpoints.map(statusOf)) };
    },

    test: async (name) => {
      const endpoint = named(name);
      if ('kind' in endpoint) return endpoint;
      const body = { callbackCommand: TEST_COMMAND, endpoint: name, time: now() };
      const begun = now();
      const posted = await post(endpoint, {
        id: randomId(),
        command: TEST_COMMAND,
        body: JSON.stringify(body),
        operationId: `test of ${name}`,
        timeout: TEST_MS,
      });
      const isGood = posted.kind === 'answered' && posted.status >= 200 && posted.status < 300;
      const why =
        posted.kind === 'answered'
          ? `HTTP ${String(posted.status)}`
          : `${posted.failure}: ${posted.detail}`;
      return { kind: 'done', taken: isGood, why, ms: now() - begun };
    },

    deliveries: async (name, max) => {
      const endpoint = named(name);
      if ('kind' in endpoint) return endpoint;
      const made: Made[] = [];
      for (let from: number | 'end' = 'end'; made.length < max;) {
        const page: readonly { revision: number; data: DeliveriesMade['data'] }[] =
          await events.readStream<DeliveriesMade>(deliveriesStream(name), {
            from,
            direction: 'backwards',
            max: PAGE,
          });
        for (const { data } of page) made.push(...[...data.made].reverse());
        const last = page.at(-1);
        if (last === undefined || last.revision === 0) break;
        from = last.revision - 1;
      }
      return { kind: 'done', deliveries: made.slice(0, max) };
    },

    deadLetters: async (name, max) => {
      const endpoint = named(name);
      if ('kind' in endpoint) return endpoint;
      const { dead } = await stateOf(name);
      return { kind: 'done', total: dead.size, letters: [...dead.values()].slice(0, max) };
    },

    resend: async (name, deliveries, meta) => {
      const endpoint = named(name);
      if ('kind' in endpoint) return endpoint;
      const { dead } = await stateOf(name);
      const wanted: readonly EventId[] = deliveries.length === 0 ? [...dead.keys()] : deliveries;
      const handled = await Promise.all(
        wanted.map((delivery) =>
          writers.handle({
            type: 'AskResend',
            id: randomId(),
            at: now(),
            meta,
            data: { endpoint: name, delivery },
          }),
        ),
      );
      const refused = handled.find(({ kind }) => kind === 'refused');
      return refused?.kind === 'refused' ? refused : { kind: 'done', asked: wanted.length };
    },

    replay: async (name, from, meta) => {
      const endpoint = named(name);
      if ('kind' in endpoint) return endpoint;
      if (endpoint.after.size === 0) return refuse(`endpoint: ${name} is told nothing`);
      if ('time' in from && from.time > now()) return refuse('time: it has not come yet');
      const after = 'time' in from ? await before(from.time) : from.position - 1;
      if (after > (await events.head())) return refuse('position: the log does not go so far');
      const id = randomId();
      const data = { endpoint: name, after: Math.max(0, after) };
      const handled = await writers.handle({ type: 'AskReplay', id, at: now(), meta, data });
      return handled.kind === 'refused' ? handled : { kind: 'done', replay: id, after: data.after };
    },
  };
};
