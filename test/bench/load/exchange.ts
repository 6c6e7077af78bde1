import { group as groupChat, single } from '../../../core/conversation/ids.ts';
import type { GroupId, UserId } from '../../../core/kernel/ids.ts';
import type { Form } from '../../support/rawWire.ts';
import type { ExchangeJob, Exchanged, Flow as AskedFlow } from '../jobs.ts';
import { cpuBetween, cpuSeconds } from '../processes.ts';
import { Samples } from '../quantiles.ts';
import type { Client, Listener } from './client.ts';
import type { Faults } from './faults.ts';
import { newRun, sendsOf, type Sends } from './sends.ts';

/** What was sent must have come everywhere by then. */
const DRAINED_WITHIN_MS = 20_000;
const LOOK_EVERY_MS = 5;
const TICK_MS = 1;
/** A user who reads that a message was not sent presses "send again" after so long, and so often at most. */
const AGAIN_AFTER_MS = 500;
const AGAIN_MAX = 40;

type Flow = {
  readonly sender: Client;
  readonly conversation: string;
  readonly sends: Sends;
  /** Sockets that each message of it has to reach, the sender's own among them. */
  readonly sockets: number;
  sent: number;
};

/** What is known of each message of a run, by its index. */
class Ledger {
  count = 0;
  dueAt = new Float64Array(65_536);
  flow = new Int32Array(65_536);
  seq = new Int32Array(65_536);
  acknowledged = new Uint8Array(65_536);
  /** How often each was to be sent again; few ever are. */
  readonly again = new Map<number, number>();

  begin(flow: number, dueAt: number): number {
    const index = this.count++;
    if (index === this.flow.length) this.#grow();
    this.dueAt[index] = dueAt;
    this.flow[index] = flow;
    return index;
  }

  #grow(): void {
    const size = this.flow.length * 2;
    const copied = <T extends Float64Array | Int32Array | Uint8Array>(from: T, to: T): T => {
      to.set(from);
      return to;
    };
    this.dueAt = copied(this.dueAt, new Float64Array(size));
    this.flow = copied(this.flow, new Int32Array(size));
    this.seq = copied(this.seq, new Int32Array(size));
    this.acknowledged = copied(this.acknowledged, new Uint8Array(size));
  }
}

const placeOf = (flow: AskedFlow, from: string, clients: readonly Client[]) => {
  if ('group' in flow) {
    const { group } = flow;
    const conversation = groupChat(group as GroupId);
    return { to: { group }, conversation, sockets: clients.length };
  }
  const { to: user } = flow;
  return {
    to: { user },
    conversation: single(from as UserId, user as UserId),
    sockets: clients.filter(({ seat }) => seat.user === from || seat.user === user).length,
  };
};

type Mark = Readonly<{ at: number; cpu: Exchanged['cpu'] }>;

/**
 * Sends over all flows and checks what comes back: each message is answered once, reaches every socket of
 * its two users, or of its group, once, with one and the same seq, and each socket sees the seqs of a
 * conversation without a gap; the sender has its answer before its echo.
 */
export class Exchange implements Listener {
  readonly #job: ExchangeJob;
  readonly #faults: Faults;
  readonly #ledger = new Ledger();
  readonly #flows: readonly Flow[];
  readonly #acknowledgement = new Samples();
  readonly #delivery = new Samples();
  #sending = true;
  #measuring = false;
  #acknowledged = 0;
  #delivered = 0;
  #answers = 0;
  #pushes = 0;
  #refused = 0;
  #expectedPushes = 0;
  #measuredFrom = Infinity;
  #lastAcknowledgedAt = 0;

  constructor(job: ExchangeJob, clients: readonly Client[], form: Form, faults: Faults) {
    this.#job = job;
    this.#faults = faults;
    const run = newRun();
    this.#flows = job.flows.map((flow): Flow => {
      const sender = clients[flow.seat]!;
      const { user: from, platform } = sender.seat;
      const { to, conversation, sockets } = placeOf(flow, from, clients);
      const sends = sendsOf({ form, from, to, platform, run });
      return { sender, conversation, sends, sockets, sent: 0 };
    });
  }

  async run(): Promise<Exchanged> {
    const { pace, warmSeconds, seconds } = this.#job;
    const begun = performance.now();
    if (pace.kind === 'fill') return this.#fill(pace);
    const ticking = pace.kind === 'open' ? this.#open(pace.rate) : undefined;
    if (pace.kind === 'closed') this.#begin(pace.outstanding);
    await this.#until(begun + warmSeconds * 1_000);
    const from = this.#mark();
    this.#measuredFrom = from.at;
    this.#measuring = true;
    await this.#until(from.at + seconds * 1_000);
    this.#measuring = false;
    const to = this.#mark();
    const counted = { acknowledged: this.#acknowledged, delivered: this.#delivered };
    this.#sending = false;
    clearInterval(ticking);
    await this.#drain();
    return this.#result(from, to, counted);
  }

  answered(client: Client, index: number): void {
    const ledger = this.#ledger;
    if (!this.#waits(index)) {
      return this.#fault(client, `an answer to message ${String(index)}, which waits for none`);
    }
    ledger.acknowledged[index] = 1;
    this.#answers += 1;
    const number = ledger.flow[index]!;
    if (this.#measuring) {
      this.#acknowledged += 1;
      this.#sample(this.#acknowledgement, index);
    }
    if (this.#sending && this.#job.pace.kind !== 'open') this.#send(number, performance.now());
    else if (this.#answers === ledger.count) this.#lastAcknowledgedAt = Date.now();
  }

  /** The same message under the same id, as an SDK sends it for its user; it is due since it was due first. */
  refused(client: Client, index: number): boolean {
    const { again } = this.#ledger;
    const times = (again.get(index) ?? 0) + 1;
    if (this.#job.again !== true || !this.#waits(index) || times > AGAIN_MAX) return false;
    again.set(index, times);
    this.#refused += 1;
    const { sends } = this.#flows[this.#ledger.flow[index]!]!;
    setTimeout(() => client.write(sends.frame(index)), AGAIN_AFTER_MS);
    return true;
  }

  pushed(client: Client, index: number, seq: number): void {
    const ledger = this.#ledger;
    if (index < 0 || index >= ledger.count) {
      return this.#fault(client, `a message ${String(index)} that nobody sent`);
    }
    const { sender } = this.#flows[ledger.flow[index]!]!;
    if (client === sender && this.#isToldOnceMore(client, index, seq)) return;
    this.#place(client, index, seq);
    if (client === sender && !ledger.again.has(index) && ledger.acknowledged[index] !== 1) {
      this.#fault(client, 'the echo came before the answer');
    }
    this.#pushes += 1;
    if (this.#measuring && client.seat.user !== sender.seat.user) {
      this.#delivered += 1;
      this.#sample(this.#delivery, index);
    }
  }

  /** Who sends again what had been stored is told of it once more, with the number that it has. */
  #isToldOnceMore(client: Client, index: number, seq: number): boolean {
    const { again, seq: seqs, flow } = this.#ledger;
    const { conversation } = this.#flows[flow[index]!]!;
    return again.has(index) && seqs[index] === seq && seq <= (client.newest.get(conversation) ?? 0);
  }

  /** One number for each message everywhere, and no number left out. */
  #place(client: Client, index: number, seq: number): void {
    const { seq: seqs, flow } = this.#ledger;
    const { conversation } = this.#flows[flow[index]!]!;
    const before = client.newest.get(conversation) ?? 0;
    if (seq !== before + 1) {
      this.#fault(client, `${conversation}: ${String(seq)} came after ${String(before)}`);
    }
    client.newest.set(conversation, seq);
    const known = seqs[index]!;
    if (known === 0) seqs[index] = seq;
    else if (known !== seq) {
      this.#fault(client, `one message has the numbers ${String(known)} and ${String(seq)}`);
    }
  }

  #waits(index: number): boolean {
    const { count, acknowledged } = this.#ledger;
    return index >= 0 && index < count && acknowledged[index] !== 1;
  }

  /** Of what was due in the measured time alone. */
  #sample(samples: Samples, index: number): void {
    const dueAt = this.#ledger.dueAt[index]!;
    if (dueAt >= this.#measuredFrom) samples.add(performance.now() - dueAt);
  }

  #begin(outstanding: number): void {
    const now = performance.now();
    for (let round = 0; round < outstanding; round++) {
      for (let number = 0; number < this.#flows.length; number++) this.#send(number, now);
    }
  }

  /** Messages that a pause of ours has delayed still count from when they were due. */
  #open(rate: number): NodeJS.Timeout {
    const begun = performance.now();
    let issued = 0;
    return setInterval(() => {
      const due = Math.floor(((performance.now() - begun) * rate) / 1_000);
      for (; issued < due; issued++) {
        this.#send(issued % this.#flows.length, begun + (issued * 1_000) / rate);
      }
    }, TICK_MS);
  }

  async #fill({ outstanding }: { outstanding: number }): Promise<Exchanged> {
    const from = this.#mark();
    this.#measuring = true;
    this.#measuredFrom = from.at;
    this.#begin(outstanding);
    await this.#drain();
    const { count } = this.#ledger;
    return this.#result(from, this.#mark(), { acknowledged: count, delivered: count });
  }

  #send(number: number, dueAt: number): void {
    const flow = this.#flows[number]!;
    const { pace } = this.#job;
    if (pace.kind === 'fill' && flow.sent >= pace.each) return;
    flow.sent += 1;
    this.#expectedPushes += flow.sockets;
    flow.sender.write(flow.sends.frame(this.#ledger.begin(number, dueAt)));
  }

  #mark(): Mark {
    const { user, system } = process.cpuUsage();
    const cpu = { ...cpuSeconds(this.#job.pids), load: (user + system) / 1e6 };
    return { at: performance.now(), cpu };
  }

  async #until(time: number): Promise<void> {
    await Promise.race([pause(time - performance.now()), this.#faults.first]);
  }

  /** Waits for all that is under way, and then looks whether everything fits. */
  async #drain(): Promise<void> {
    let deadline = performance.now() + DRAINED_WITHIN_MS;
    let seen = -1;
    const isWhole = () =>
      this.#answers === this.#ledger.count && this.#pushes === this.#expectedPushes;
    while (!isWhole() && performance.now() < deadline && !this.#faults.some) {
      // While something still comes, there is hope.
      if (this.#pushes !== seen) deadline = performance.now() + DRAINED_WITHIN_MS;
      seen = this.#pushes;
      await pause(LOOK_EVERY_MS);
    }
    if (this.#faults.some || isWhole()) return;
    this.#faults.add(
      `of ${String(this.#ledger.count)} messages ${String(this.#answers)} were answered; of ` +
        `${String(this.#expectedPushes)} pushes ${String(this.#pushes)} came`,
    );
  }

  #result(from: Mark, to: Mark, counted: Pick<Exchanged, 'acknowledged' | 'delivered'>): Exchanged {
    return {
      ...counted,
      seconds: (to.at - from.at) / 1_000,
      acknowledgement: this.#acknowledgement.quantiles(),
      delivery: this.#delivery.quantiles(),
      cpu: { ...cpuBetween(from.cpu, to.cpu), load: to.cpu.load - from.cpu.load },
      total: this.#ledger.count,
      again: this.#refused,
      lastAcknowledgedAt: this.#lastAcknowledgedAt,
    };
  }

  #fault(client: Client, what: string): void {
    this.#faults.add(`${client.seat.user}: ${what}`);
  }
}

const pause = (milliseconds: number): Promise<void> =>
  new Promise((resolve) => {
    setTimeout(resolve, Math.max(milliseconds, 0));
  });
