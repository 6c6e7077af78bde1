/** Told of what has become durable; must not throw. */
export type CommitMeter = Readonly<{
  /** An event, and the bytes of its record. */
  stored: (type: string, bytes: number) => void;
  /** A group of appends, and how long it took. */
  flushed: (seconds: number) => void;
}>;
