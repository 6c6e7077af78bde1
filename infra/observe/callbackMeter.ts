import { Counter, Histogram, type Registry } from 'prom-client';
import type { Millis } from '../../core/kernel/ids.ts';
import type { Look } from './looks.ts';

/** Up to the longest that an answer can be waited for. */
const ANSWER_BOUNDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

/** The gateways' own words for this are in gateways/meters.ts. */
type CallbackMeter = Readonly<{
  asked: (callback: string, endpoint: string, how: string, seconds: number) => void;
  unanswered: (callback: string, endpoint: string, why: string) => void;
}>;

/** Labels are names of callbacks and endpoints, which the file of webhooks bounds, and a few words. */
export const callbackMeter = (registry: Registry): CallbackMeter => {
  const registers = [registry];
  const asked = new Counter({
    name: 'seqline_callbacks_asked_total',
    help:
      'Before-callbacks by how they ended: passed, refused, and for want of an answer unanswered-passed ' +
      'or unanswered-refused (failedContinue). Alert on the last: users cannot do what they want.',
    labelNames: ['callback', 'endpoint', 'how'],
    registers,
  });
  const unanswered = new Counter({
    name: 'seqline_callbacks_unanswered_total',
    help:
      'Before-callbacks without an answer that could be used, by why: too-slow and unreachable are the ' +
      'app server or the way to it, all else is what it answers; the log has the whole reason.',
    labelNames: ['callback', 'endpoint', 'why'],
    registers,
  });
  const duration = new Histogram({
    name: 'seqline_callback_answer_seconds',
    help:
      'Time that the app server took for an answer, or until it was given up. All of it is time that a ' +
      'user waits: compare seqline_send_duration_seconds.',
    labelNames: ['callback', 'endpoint'],
    buckets: ANSWER_BOUNDS,
    registers,
  });
  return {
    asked: (callback, endpoint, how, seconds) => {
      asked.inc({ callback, endpoint, how });
      duration.observe({ callback, endpoint }, seconds);
    },
    unanswered: (callback, endpoint, why) => {
      unanswered.inc({ callback, endpoint, why });
    },
  };
};

/** What has become of what an endpoint is told, in this process; the rest only while this one tells it. */
export type Told = Readonly<{
  endpoint: string;
  taken: number;
  givenUp: number;
  retried: number;
  now:
    | Readonly<{
        pending: number;
        dead: number;
        /** When the oldest of what is not delivered yet happened. */
        oldest: Millis | undefined;
      }>
    | undefined;
}>;

type Telling = Readonly<{ told: () => readonly Told[]; now: () => Millis }>;

export const tellingGauges = ({ told, now }: Telling): readonly Look[] => {
  const here = (valueOf: (telling: NonNullable<Told['now']>) => number) => () =>
    told().flatMap(({ endpoint, now: telling }) =>
      telling === undefined ? [] : [{ labels: { endpoint }, value: valueOf(telling) }],
    );
  return [
    {
      name: 'seqline_webhook_pending',
      help: 'Deliveries that were read from the log and not taken yet, by endpoint; bounded by 2,000, and the rest waits in the log.',
      labels: ['endpoint'],
      look: here(({ pending }) => pending),
    },
    {
      name: 'seqline_webhook_oldest_undelivered_seconds',
      help: 'How long ago the oldest event happened that an endpoint has not been told of; 0 when it knows all. Alert above 60: it is away or too slow, see seqline webhook list.',
      labels: ['endpoint'],
      look: here(({ oldest }) => (oldest === undefined ? 0 : Math.max(0, now() - oldest) / 1000)),
    },
    {
      name: 'seqline_webhook_dead_letters',
      help: 'Deliveries that were given up and not sent again yet. Alert above 0: seqline webhook deliveries NAME --dead says why, and resend sends them again.',
      labels: ['endpoint'],
      look: here(({ dead }) => dead),
    },
  ];
};

export const tellingCounters = ({ told }: Telling): readonly Look[] => [
  {
    name: 'seqline_webhook_deliveries_total',
    help: 'Deliveries that have ended, by endpoint and result: taken, or given-up, which seqline webhook resend sends again.',
    labels: ['endpoint', 'result'],
    look: () =>
      told().flatMap(({ endpoint, taken, givenUp }) => [
        { labels: { endpoint, result: 'taken' }, value: taken },
        { labels: { endpoint, result: 'given-up' }, value: givenUp },
      ]),
  },
  {
    name: 'seqline_webhook_retries_total',
    help: 'Tries of deliveries after the first. Growing while seqline_webhook_deliveries_total stands still: the endpoint is away.',
    labels: ['endpoint'],
    look: () => told().map(({ endpoint, retried }) => ({ labels: { endpoint }, value: retried })),
  },
];
