import { Counter, Histogram, type Registry } from 'prom-client';
import type { CommitMeter } from './commitMeter.ts';
import type { Look } from './looks.ts';
import { Timings } from './timings.ts';

/** From a fast disk's flush to the time after which clients give up. */
const SEND_BOUNDS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10];
const FLUSH_BOUNDS = [
  0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 2,
];
const CALL_BOUNDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

/** The gateways' own words for these are in gateways/meters.ts. */
type HttpMeter = Readonly<{ called: (path: string, errCode: number, seconds: number) => void }>;
type SocketMeter = Readonly<{
  moment: () => number;
  answered: (request: number, errCode: number) => void;
  acknowledged: (readAt: number) => void;
  delivered: (committed: number, connections: number) => void;
}>;

/** What is called for every message only adds up numbers; these show them. */
type Metered<Meter> = Readonly<{
  meter: Meter;
  counters: readonly Look[];
  timings: readonly Timings[];
}>;

export const httpMeter = (registry: Registry): HttpMeter => {
  const registers = [registry];
  const calls = new Counter({
    name: 'seqline_http_calls_total',
    help: 'Calls of the HTTP API by path and err_code (0: done). Watch the rate of err_code 500.',
    labelNames: ['path', 'err_code'],
    registers,
  });
  const duration = new Histogram({
    name: 'seqline_http_call_duration_seconds',
    help:
      'Time from a call to its answer. Calls that change something wait for the read models: when ' +
      'these are slow, look at seqline_projection_lag_seconds.',
    labelNames: ['path'],
    buckets: CALL_BOUNDS,
    registers,
  });
  return {
    called: (path, errCode, seconds) => {
      calls.inc({ path, err_code: errCode });
      duration.observe({ path }, seconds);
    },
  };
};

const sendDuration = () =>
  new Timings({
    name: 'seqline_send_duration_seconds',
    help:
      'From a message read off a socket to its acknowledgement written, durable. When it grows, compare ' +
      'seqline_log_flush_duration_seconds (the disk) and nodejs_eventloop_lag_p99_seconds (the CPU).',
    bounds: SEND_BOUNDS,
  });

const deliveryDuration = () =>
  new Timings({
    name: 'seqline_delivery_duration_seconds',
    help:
      'From the commit of a message to its being written to a socket of whoever it is for, each socket once. ' +
      'When it grows and sends do not, the process is busy, or what nodes tell each other is late.',
    bounds: SEND_BOUNDS,
  });

export const socketMeter = (): Metered<SocketMeter> => {
  /** By request number, then by errCode. */
  const answers = new Map<number, Map<number, number>>();
  const sends = sendDuration();
  const deliveries = deliveryDuration();
  return {
    timings: [sends, deliveries],
    meter: {
      moment: () => performance.now() / 1000,
      answered: (request, errCode) => {
        const codes = answers.get(request) ?? new Map<number, number>();
        if (codes.size === 0) answers.set(request, codes);
        codes.set(errCode, (codes.get(errCode) ?? 0) + 1);
      },
      acknowledged: (readAt) => {
        sends.add(performance.now() / 1000 - readAt);
      },
      delivered: (committed, connections) => {
        // Committed by another clock, perhaps.
        deliveries.add(Math.max(0, Date.now() - committed) / 1000, connections);
      },
    },
    counters: [
      {
        name: 'seqline_requests_total',
        help: 'Requests of sockets that were answered, by number (1003 sends, 1001 and 1005 sync).',
        labels: ['request'],
        look: () =>
          [...answers].map(([request, codes]) => ({
            labels: { request },
            value: [...codes.values()].reduce((sum, count) => sum + count, 0),
          })),
      },
      {
        name: 'seqline_request_errors_total',
        help:
          'Requests answered with an error. Alert on err_code 500, a fault of the server: its log has ' +
          'the operationId.',
        labels: ['request', 'err_code'],
        look: () =>
          [...answers].flatMap(([request, codes]) =>
            [...codes]
              .filter(([errCode]) => errCode !== 0)
              .map(([errCode, value]) => ({ labels: { request, err_code: errCode }, value })),
          ),
      },
    ],
  };
};

const TRIES_BOUNDS = [1, 2, 3, 4, 5, 6, 8, 10, 15, 20, 30, 50];

/** How many appends it took until a message was stored. */
export const appendTries = () =>
  new Timings({
    name: 'seqline_append_tries',
    help:
      'Appends until a message was stored: 1, and one more for each other process that was first. Where many are ' +
      'above 3, several processes write one busy conversation: let its writers connect to fewer.',
    bounds: TRIES_BOUNDS,
  });

const flushDuration = () =>
  new Timings({
    name: 'seqline_log_flush_duration_seconds',
    help:
      'Time for a group of appends to be written and flushed; its count is the number of groups. Above ' +
      '0.01 the disk is slow, and every acknowledgement waits for it.',
    bounds: FLUSH_BOUNDS,
  });

export const commitMeter = (): Metered<CommitMeter> => {
  const stored = new Map<string, { events: number; bytes: number }>();
  const flushes = flushDuration();
  const byType = (what: 'events' | 'bytes') => () =>
    [...stored].map(([type, sums]) => ({ labels: { type }, value: sums[what] }));
  return {
    timings: [flushes],
    meter: {
      stored: (type, bytes) => {
        const sums = stored.get(type);
        if (sums === undefined) stored.set(type, { events: 1, bytes });
        else {
          sums.events += 1;
          sums.bytes += bytes;
        }
      },
      flushed: (seconds) => {
        flushes.add(seconds);
      },
    },
    counters: [
      {
        name: 'seqline_log_events_total',
        help:
          'Events made durable, by type. Divided by seqline_log_flush_duration_seconds_count: how many ' +
          'share a flush.',
        labels: ['type'],
        look: byType('events'),
      },
      {
        name: 'seqline_log_bytes_total',
        help:
          'Bytes of their records in the log, by type; those of MessageSent by its events are what a ' +
          'message takes. Plan the disk by the rate, and add half for index and pages.',
        labels: ['type'],
        look: byType('bytes'),
      },
    ],
  };
};
