/** As long as the largest message with all that goes with it; a NATS server takes 1 MiB unless told otherwise. */
export const PAYLOAD_BYTES_MAX = 512 * 1024;

/**
 * How processes reach each other, for what is worth more soon than surely. A message goes to those who listen
 * at that moment and is kept nowhere: whatever must not be lost is in the log, which every process follows.
 */
export interface Bus {
  /**
   * To all other processes that listen to the subject, in the order of this one's calls; never back to this
   * one. False: nobody was told, because the bus is away or the payload is above `PAYLOAD_BYTES_MAX`.
   */
  publish(subject: Subject, payload: Uint8Array): boolean;
  /** A throw of the listener is its own fault: it is told of, and nobody else notices. Returns how to end it. */
  subscribe(subject: Subject, listener: Listener): () => void;
  /**
   * Whether all that was published and subscribed here before has come to the bus within `ms` milliseconds:
   * what others publish afterwards is heard.
   */
  flush(ms: number): Promise<boolean>;
  /** Whether there may be others at all. */
  isShared(): boolean;
  /** Whether there is a way to others now. */
  isConnected(): boolean;
  /**
   * `cut` is called when what others publish may be missed from now on, and `whole` when everything that is
   * subscribed to is heard again.
   */
  onChange(listener: BusListener): () => void;
  close(): Promise<void>;
}

/** Made by `subjectOf` only: names are free text, and some of their characters mean something to NATS. */
export type Subject = string & { readonly subject: never };

export type Listener = (payload: Uint8Array) => void;

export type BusListener = Readonly<{ cut: () => void; whole: () => void }>;

/** `u`: of one user, `g`: of one group, `all`: of every process, `node`: of one. */
export type SubjectKind = 'u' | 'g' | 'all' | 'node';

/** Any name is one word of letters, digits, `-` and `_`, so that no name is part of or stands for another. */
export const subjectOf = (kind: SubjectKind, name: string): Subject =>
  // The one place that makes them. No name but the empty one is a single letter in base64.
  `${kind}.${name === '' ? '_' : Buffer.from(name).toString('base64url')}` as Subject;
