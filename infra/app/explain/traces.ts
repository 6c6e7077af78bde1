import type { Millis } from '../../../core/kernel/ids.ts';
import { asking } from '../../bus/ask.ts';
import type { Config } from '../../config/config.ts';
import {
  Traces,
  type OwnersOf,
  type TraceQuestion,
  type TracesFound,
} from '../../observe/traces.ts';
import type { Cluster } from '../cluster/cluster.ts';
import { TRACES } from '../cluster/wire.ts';

/** How often what is too old is forgotten. */
const TICK_MS: Millis = 5_000;
/** How long other processes have for saying what they know. */
const ANSWER_MS: Millis = 2_000;

export type OpenTraces = Readonly<{
  /** None: nothing is remembered here. */
  noted: Traces | undefined;
  size: () => Readonly<{ bytes: number; completeAfter: Millis }>;
  close: () => Promise<void>;
}>;

/** What this process remembers of what becomes of messages, as it is set to. */
export const openTraces = ({ bytes, keptMs }: Config['traces'], now: () => Millis): OpenTraces => {
  const noted = bytes === 0 ? undefined : new Traces({ bytes, keptMs, now });
  const timer = setInterval(() => noted?.tick(), TICK_MS);
  timer.unref();
  return {
    noted,
    size: () => noted?.size ?? { bytes: 0, completeAfter: now() },
    close: () => {
      clearInterval(timer);
      return Promise.resolve();
    },
  };
};

/** What a process has said; `keptMs` 0: it remembers nothing. */
export type NodeTraces = Readonly<{ name: string; keptMs: Millis }> & TracesFound;

export type TracesEverywhere = Readonly<{
  nodes: readonly NodeTraces[];
  /** Those that are there and have not answered in time. */
  silent: readonly string[];
}>;

export type AskTraces = (question: TraceQuestion) => Promise<TracesEverywhere>;

/** A process without sockets knows none. */
export const ownersOf =
  (gateway: Readonly<{ ownersOf: OwnersOf }> | undefined): OwnersOf =>
  (sockets) =>
    gateway?.ownersOf(sockets) ?? new Map();

type Deps = Readonly<{
  cluster: Pick<Cluster, 'bus' | 'id' | 'name' | 'members'>;
  traces: Pick<OpenTraces, 'noted'>;
  ownersOf: OwnersOf;
  now: () => Millis;
  answerMs?: Millis;
}>;

/** Asks this process and all others, and answers the others. */
export const tracesEverywhere = (
  deps: Deps,
): Readonly<{ ask: AskTraces; close: () => Promise<void> }> => {
  const { cluster, traces, ownersOf, now, answerMs = ANSWER_MS } = deps;
  const { bus, id, name, members } = cluster;
  const here = (question: TraceQuestion): NodeTraces => {
    const { noted } = traces;
    return noted === undefined
      ? { name, keptMs: 0, completeAfter: now(), ...NOTHING }
      : { name, keptMs: noted.keptMs, ...noted.about(question, ownersOf) };
  };
  const others = asking<TraceQuestion, NodeTraces>({ bus, id, subject: TRACES, answerTo: here });
  return {
    ask: async (question) => {
      const there = members.named;
      const answers = await others.ask(question, [...there.keys()], answerMs);
      const silent = [...there].filter(([one]) => !answers.has(one)).map(([, called]) => called);
      return { nodes: [here(question), ...answers.values()], silent: silent.sort() };
    },
    close: () => {
      others.close();
      return Promise.resolve();
    },
  };
};

const NOTHING = {
  asked: [],
  pushes: [],
  published: [],
  pulls: [],
  pulled: 0,
  projected: [],
} as const;
