import type { ConversationId } from '../../core/kernel/ids.ts';
import type { Connection } from './connection.ts';
import type { Frames } from './frames.ts';

/** Connections in a second: each of them then asks the server for something. */
export const UNHURRIED_PER_TICK = 500;

type Waiting = { push: Frames; readonly connections: Set<Connection> };

/**
 * What makes every client ask the server for something is told to some at a time. Of one conversation only
 * the newest is kept: who has not been told of the one before learns both at once.
 */
export class Unhurried {
  readonly #waiting = new Map<ConversationId, Waiting>();
  #left = UNHURRIED_PER_TICK;

  /** Connections that have yet to be told of something. */
  get size(): number {
    let size = 0;
    for (const { connections } of this.#waiting.values()) size += connections.size;
    return size;
  }

  tell(conversation: ConversationId, connections: Iterable<Connection>, push: Frames): void {
    const waiting = this.#waiting.get(conversation);
    if (waiting === undefined) {
      this.#waiting.set(conversation, { push, connections: new Set(connections) });
    } else {
      waiting.push = push;
      for (const connection of connections) waiting.connections.add(connection);
    }
    this.#go();
  }

  /** To be called once a second. */
  tick(): void {
    this.#left = UNHURRIED_PER_TICK;
    this.#go();
  }

  #go(): void {
    for (const [conversation, { push, connections }] of this.#waiting) {
      for (const connection of connections) {
        if (this.#left === 0) return;
        connections.delete(connection);
        if (!connection.takesPushes) continue;
        this.#left -= 1;
        connection.send(push(connection.form));
      }
      this.#waiting.delete(conversation);
    }
  }
}
