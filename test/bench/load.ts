/**
 * The load: a process of its own, on a core of its own, that the benchmark starts and asks by messages
 * (`jobs.ts`). It behaves as the SDKs do: it syncs at a connect, and never pulls to make sure.
 */
import type { ConnectJob, Connected, Job, Outcome, Results } from './jobs.ts';
import { Client, sharedParts } from './load/client.ts';
import { Exchange } from './load/exchange.ts';
import { Faults } from './load/faults.ts';
import { pull } from './load/pull.ts';
import { Samples } from './quantiles.ts';
import { JSON_FORM, type Form } from '../support/rawWire.ts';

const faults = new Faults();
let clients: readonly Client[] = [];
let form: Form = JSON_FORM;
let shared = sharedParts(form);

const connect = async (job: ConnectJob): Promise<Connected> => {
  for (const client of clients) client.release();
  ({ form } = job);
  shared = sharedParts(form);
  shared.lateNotices = job.lateNotices ?? false;
  shared.again = job.again ?? false;
  clients = job.seats.map((seat) => new Client(seat, form, shared, faults));
  const synced = new Samples();
  const begun = performance.now();
  let next = 0;
  const dial = async (): Promise<void> => {
    for (let client = clients[next++]; client !== undefined; client = clients[next++]) {
      const dialled = performance.now();
      await client.connect(client.seat.wsAddr ?? job.wsAddr);
      synced.add(performance.now() - dialled);
    }
  };
  const all = Promise.all(Array.from({ length: job.atOnce }, dial));
  await Promise.race([all, faults.first]);
  return { seconds: (performance.now() - begun) / 1_000, synced: synced.quantiles() };
};

const perform = async (job: Job): Promise<Results[keyof Results]> => {
  switch (job.kind) {
    case 'connect':
      return connect(job);
    case 'exchange': {
      const exchange = new Exchange(job, clients, form, faults);
      shared.listener = exchange;
      const result = await exchange.run();
      shared.listener = undefined;
      return result;
    }
    case 'pull':
      return pull(job, clients, faults);
    case 'still':
      return { sockets: clients.length };
  }
};

const tell = (outcome: Outcome): void => {
  process.send?.(outcome);
};

process.on('message', (job: Job) => {
  void perform(job).then(
    (result) => {
      tell(faults.some ? { kind: 'failed', faults: faults.list() } : { kind: 'done', result });
    },
    (error: unknown) => {
      tell({ kind: 'failed', faults: [String(error), ...faults.list()] });
    },
  );
});
process.on('disconnect', () => process.exit());
