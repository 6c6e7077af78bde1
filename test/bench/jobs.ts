import type { Form } from '../support/rawWire.ts';
import type { CpuSeconds, Pids } from './processes.ts';
import type { Quantiles } from './quantiles.ts';

/** What the driver asks of the load process, and what comes back. Both are plain data. */

export type Seat = Readonly<{
  user: string;
  token: string;
  platform: number;
  localAddress?: string;
  /** Of its gateway, where not all are at the same. */
  wsAddr?: string;
}>;

/** Opens one socket a seat, each synced as an SDK does it: 1006, 1001, 1002. */
export type ConnectJob = Readonly<{
  kind: 'connect';
  wsAddr: string;
  form: Form;
  seats: readonly Seat[];
  /** Dials under way at a time. */
  atOnce: number;
  /** Notices of what was done before may still come, and are passed over; otherwise each is a fault. */
  lateNotices?: boolean;
  /** Who is told that it cannot be let in for now comes again; otherwise that is a fault. */
  again?: boolean;
}>;
export type Connected = Readonly<{
  seconds: number;
  /** From the dial to the last answer of the sync, in milliseconds. */
  synced: Quantiles;
}>;

/** From a seat to a user. */
export type SingleFlow = Readonly<{ seat: number; to: string }>;
/** From a seat to a group; the users of all seats are in it. */
type GroupFlow = Readonly<{ seat: number; group: string }>;
export type Flow = SingleFlow | GroupFlow;

export type ExchangeJob = Readonly<{
  kind: 'exchange';
  pids: Pids;
  flows: readonly Flow[];
  warmSeconds: number;
  seconds: number;
  pace:
    | Readonly<{ kind: 'closed'; outstanding: number }>
    /** Messages a second over all flows; times count from when each was due. */
    | Readonly<{ kind: 'open'; rate: number }>
    /** So many of each flow, as fast as may be; its times say something only with one under way. */
    | Readonly<{ kind: 'fill'; outstanding: number; each: number }>;
  /** A send that the server wants to be made again is made again, and counted; otherwise that is a fault. */
  again?: boolean;
}>;
export type Exchanged = Readonly<{
  /** Within the measured seconds. */
  acknowledged: number;
  delivered: number;
  seconds: number;
  acknowledgement: Quantiles;
  delivery: Quantiles;
  cpu: CpuSeconds & Readonly<{ load: number }>;
  /** With what went before and after the measured seconds. */
  total: number;
  /** Sends that were to be made again, of all. */
  again: number;
  /** Unix time of the last acknowledgement, in milliseconds. */
  lastAcknowledgedAt: number;
}>;

/** Every seat reads the whole of its conversation with `other`, page after page. */
export type PullJob = Readonly<{
  kind: 'pull';
  pids: Pids;
  by: 'range' | 'seqs';
  page: number;
  readers: readonly Readonly<{ seat: number; other: string }>[];
}>;
export type Pulled = Readonly<{
  messages: number;
  seconds: number;
  page: Quantiles;
  cpu: CpuSeconds & Readonly<{ load: number }>;
}>;

/** Whether every socket is still there and none has heard anything. */
export type StillJob = Readonly<{ kind: 'still' }>;

export type Job = ConnectJob | ExchangeJob | PullJob | StillJob;

export type Results = {
  connect: Connected;
  exchange: Exchanged;
  pull: Pulled;
  still: Readonly<{ sockets: number }>;
};

/** A run with a fault gives no figures. */
export type Outcome =
  | Readonly<{ kind: 'done'; result: Results[keyof Results] }>
  | Readonly<{ kind: 'failed'; faults: readonly string[] }>;
