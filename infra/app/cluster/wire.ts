import type { AppendOnce } from '../../../core/conversation/appendOnce.ts';
import type { AppendNumbered } from '../../../core/conversation/decider.ts';
import type { NumberedEvent } from '../../../core/conversation/events.ts';
import type { Recorded } from '../../../core/kernel/fact.ts';
import type { Millis, Position } from '../../../core/kernel/ids.ts';
import type { Passing } from '../../../core/sequence/shown.ts';
import { subjectOf } from '../../bus/bus.ts';

/**
 * What processes of one cluster tell each other, as JSON. Nothing of it is kept. During an upgrade they are of two
 * versions: one that does not know a kind of message passes over it, and a kind keeps what it means.
 */
export type ToUser =
  /** Stored events of one append, by who has appended them. */
  | Readonly<{ kind: 'stored'; events: readonly Recorded<NumberedEvent>[] }>
  /** What is not stored. `after`: it must not overtake what stands there; `fact`: when that happened. */
  | Readonly<{ kind: 'passing'; passing: Passing; after?: Position; fact?: Millis }>
  /** Something is wished of the subscriptions of the user's connections; `may`: whether they could have these too. */
  | Readonly<{
      kind: 'watch';
      ask: string;
      /** The process that is to be answered. */
      from: string;
      act: 'may' | 'watch' | 'unwatch' | 'list';
      watched: readonly string[];
    }>;

/** To the one process that has asked: the answer to `ask`. */
export type ToOne = Readonly<{
  kind: 'watched';
  ask: string;
  done: boolean;
  watched: readonly string[];
}>;

/**
 * A conversation's event that another process is to append, and what has come of it; absent: a fault. Lists of them are
 * sent.
 */
export type Forwarded = Readonly<{
  ask: number;
  from: string;
  wish: AppendNumbered;
  /**
   * What is asked about one conversation in a row, and the place in it: what comes without all before it is not to be
   * appended. A process of an older version does not say it.
   */
  run?: number;
  place?: number;
}>;
export type ForwardedAnswer = Readonly<{ ask: number; once?: Awaited<ReturnType<AppendOnce>> }>;

export type ToAll =
  /** Several processes write to a conversation at once, and `by` is one of them. */
  | Readonly<{ kind: 'contended'; stream: string; by: string }>
  /** Each second, and as a process ends. */
  | Readonly<{ kind: 'member' } & Member>
  | Readonly<{ kind: 'gone'; id: string }>
  /** Changes of who is connected to a gateway, the newest of which has the number `index`. */
  | Readonly<{ kind: 'presence'; id: string; index: number; changes: readonly Online[] }>
  /** All of it as of `index`, in so many parts. */
  | Readonly<{
      kind: 'whole';
      id: string;
      index: number;
      part: number;
      parts: number;
      online: readonly Online[];
    }>
  /** A process lacks what a gateway has said of presence. */
  | Readonly<{ kind: 'ask'; id: string }>
  /** Where these read models have come to, by their keys. */
  | Readonly<{ kind: 'standing'; positions: Readonly<Record<string, Position>> }>;

/** A user and its platforms; none: it has gone. `asleep`: those of them where nothing is pushed. */
export type Online = readonly [
  user: string,
  platforms: readonly number[],
  asleep?: readonly number[],
];

export type Member = Readonly<{
  id: string;
  /** What it does that only one does at a time. */
  leads: readonly string[];
  /** Events it can read, each in all versions that it can. */
  knows: readonly string[];
  /** Of the newest change of presence; 0: there was none. */
  index: number;
  /** It takes lists of sends that others forward, and stores them as all do that say the same here. */
  appends?: string;
  /** For people; a process of an older version does not say it. */
  name?: string;
}>;

export const EVERYBODY = subjectOf('all', 'processes');
/** Where it is asked what became of a message. */
export const TRACES = subjectOf('all', 'traces');

export const written = (message: ToUser | ToAll | ToOne): Uint8Array =>
  Buffer.from(JSON.stringify(message));

/** It comes from a process of the same cluster, whose logins NATS has looked at. */
export const read = <
  T extends ToUser | ToAll | ToOne | readonly Forwarded[] | readonly ForwardedAnswer[],
>({
  buffer,
  byteOffset,
  byteLength,
}: Uint8Array): T => {
  const parsed: unknown = JSON.parse(Buffer.from(buffer, byteOffset, byteLength).toString());
  return parsed as T;
};
