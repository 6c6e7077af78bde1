import type { Millis } from '../kernel/ids.ts';

/** A range of content types, both ends included. */
export type TypeRange = readonly [from: number, to: number];

/** Which messages a callback is about; empty lists do not restrict. */
export type Filter = Readonly<{
  allowedTypes: readonly TypeRange[];
  deniedTypes: readonly TypeRange[];
  /** Users and groups: the sender, the receiver or the group has to be among them. */
  attentionIds: ReadonlySet<string>;
}>;

/** A callback that is asked first. */
export type Before = Readonly<{
  timeout: Millis;
  /** What becomes of the command when no answer can be had: it goes on, or it is refused. */
  failedContinue: boolean;
  filter: Filter;
}>;

/** A callback that tells of what has been done. */
export type After = Readonly<{ timeout: Millis; filter: Filter }>;

/**
 * Which answers say no, and where a callback is posted to. `v3`: to the URL with the command's name behind
 * it; actionCode 0 with nextCode 1 refuses. `v2`: to the bare URL; any actionCode but 0 refuses.
 */
export type Convention = 'v3' | 'v2';

/** An address of the app server that callbacks go to. Names of callbacks are those of OpenIM's webhooks.yml. */
export type Endpoint = Readonly<{
  /** 1 to 32 of a-z, 0-9 and _. */
  name: string;
  /** http:// or https://, without user, password or fragment. */
  url: string;
  /** Keys that each call is signed with, newest first; none: calls are not signed. */
  keys: readonly Uint8Array[];
  /** It may lie on this machine or in a private network. */
  allowPrivate: boolean;
  convention: Convention;
  /** What could not be delivered for so long is given up. */
  giveUpAfter: Millis;
  before: ReadonlyMap<string, Before>;
  after: ReadonlyMap<string, After>;
}>;

/** One call of an endpoint. */
export type Call = Readonly<{
  /** The same for each try: receivers drop what they have by it. */
  id: string;
  /** The last part of the path, and `callbackCommand` in the body. */
  command: string;
  /** JSON. */
  body: string;
  operationId: string;
  timeout: Millis;
  /** The `key` that some message callbacks carry in their address. */
  key?: string;
  /** 1 for the first try. */
  attempt?: number;
  /** Sent because somebody has asked for it again. */
  replay?: string;
}>;

/**
 * `unreachable`: no connection, or it ended early. `too-slow`: no whole answer in time. `too-long`,
 * `redirect`, `compressed`: an answer that is not taken. `forbidden`: an address that is not allowed.
 */
export type PostFailure =
  'unreachable' | 'too-slow' | 'too-long' | 'redirect' | 'compressed' | 'forbidden';

export type Posted =
  | Readonly<{ kind: 'answered'; status: number; body: string }>
  | Readonly<{ kind: 'failed'; failure: PostFailure; detail: string }>;

/** Never throws. */
export type Post = (endpoint: Endpoint, call: Call) => Promise<Posted>;
