import { PAYLOAD_BYTES_MAX, type Bus, type Listener, type Subject } from './bus.ts';

type Member = Readonly<{ hear: (subject: Subject, payload: Uint8Array) => void }>;

/**
 * A bus within one process. A server that is alone joins one of its own, where it has nobody to tell; tests
 * put several into one.
 */
export const memoryBus = (
  failed: (error: unknown) => void = raise,
): Readonly<{ join: () => Bus }> => {
  const members = new Set<Member>();
  return { join: () => new MemoryBus(members, failed) };
};

/** Nobody was named who is to hear of it: the process does. */
const raise = (error: unknown): void => {
  throw error;
};

class MemoryBus implements Bus, Member {
  readonly #members: Set<Member>;
  readonly #failed: (error: unknown) => void;
  readonly #listeners = new Map<Subject, Set<Listener>>();

  constructor(members: Set<Member>, failed: (error: unknown) => void) {
    this.#members = members;
    this.#failed = failed;
    members.add(this);
  }

  publish(subject: Subject, payload: Uint8Array): boolean {
    if (payload.length > PAYLOAD_BYTES_MAX || !this.isConnected()) return false;
    for (const member of this.#members) {
      // Never within the call: who publishes need not think of who listens.
      if (member !== this) setImmediate(() => member.hear(subject, payload));
    }
    return true;
  }

  subscribe(subject: Subject, listener: Listener): () => void {
    const own: Listener = (payload) => listener(payload);
    const listeners = this.#listeners.get(subject) ?? new Set();
    this.#listeners.set(subject, listeners.add(own));
    return () => {
      listeners.delete(own);
      if (listeners.size === 0 && this.#listeners.get(subject) === listeners)
        this.#listeners.delete(subject);
    };
  }

  hear(subject: Subject, payload: Uint8Array): void {
    for (const listener of this.#listeners.get(subject) ?? []) {
      try {
        listener(payload);
      } catch (error) {
        this.#failed(error);
      }
    }
  }

  flush(): Promise<boolean> {
    return Promise.resolve(this.isConnected());
  }

  isShared(): boolean {
    return this.#members.size > 1;
  }

  isConnected(): boolean {
    return this.#members.has(this);
  }

  /** Memory is never cut. */
  onChange(): () => void {
    return () => undefined;
  }

  close(): Promise<void> {
    this.#members.delete(this);
    this.#listeners.clear();
    return Promise.resolve();
  }
}
