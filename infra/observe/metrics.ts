import { collectDefaultMetrics, Registry } from 'prom-client';
import { callbackMeter, tellingCounters, tellingGauges } from './callbackMeter.ts';
import { addCounters, addGauges } from './looks.ts';
import { appendTries, commitMeter, httpMeter, socketMeter } from './meters.ts';
import { countersOf, gaugesOf, type Watched } from './watched.ts';

export type Metrics = ReturnType<typeof openMetrics>;

/** CPU, memory and event loop, by the names that dashboards know. There is one process, so one of it. */
let processRegistry: Registry | undefined;
const ofProcess = (): Registry => {
  if (processRegistry === undefined) {
    processRegistry = new Registry();
    collectDefaultMetrics({ register: processRegistry });
  }
  return processRegistry;
};

/**
 * All that is measured of a running server. On the way of a message numbers are added up and nothing else;
 * whatever can be looked up is looked up when somebody asks.
 */
export const openMetrics = () => {
  const registry = new Registry();
  const sockets = socketMeter();
  const log = commitMeter();
  const tries = appendTries();
  const timings = [...sockets.timings, ...log.timings, tries];
  addCounters(registry, [...sockets.counters, ...log.counters]);
  const process = ofProcess();
  return {
    http: httpMeter(registry),
    sockets: sockets.meter,
    log: log.meter,
    /** So many messages were stored by an append that was the how-manieth. */
    tried: (count: number, messages: number): void => {
      tries.add(count, messages);
    },
    callbacks: callbackMeter(registry),
    /** What is asked for its state whenever somebody looks. Once. */
    watch: (parts: Watched): void => {
      addGauges(registry, [...gaugesOf(parts), ...tellingGauges(parts)]);
      addCounters(registry, [...countersOf(parts), ...tellingCounters(parts)]);
    },
    contentType: registry.contentType,
    /** All of it, in Prometheus' text format. */
    text: async (): Promise<string> =>
      [
        await registry.metrics(),
        ...timings.map((timing) => timing.text()),
        await process.metrics(),
      ].join('\n'),
  };
};
