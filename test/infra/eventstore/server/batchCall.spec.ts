import { randomUUID } from 'node:crypto';
import { EventEmitter } from 'node:events';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { appendRequest } from '../../../../infra/eventstore/esdb/wireRequests.ts';
import { BatchCall, type BatchStream } from '../../../../infra/eventstore/server/batchCall.ts';
import type { Writes } from '../../../../infra/eventstore/server/writes.ts';
import { event } from '../../../support/eventStore/events.ts';

const MEGABYTE = 1024 * 1024;
const HALF_MEGABYTE = MEGABYTE / 2 - 1024;

/** The server's side of a call whose client sends whatever it is told to, and takes every answer. */
class FakeStream extends EventEmitter {
  readonly answers: Buffer[] = [];
  readonly writableNeedDrain = false;
  #paused = false;

  write(answer: Buffer): boolean {
    return this.answers.push(answer) > 0;
  }
  pause(): void {
    this.#paused = true;
  }
  resume(): void {
    this.#paused = false;
  }
  isPaused(): boolean {
    return this.#paused;
  }
}

describe('appends of one client in a batch call', () => {
  afterEach(() => vi.useRealTimers());

  test('[STO-33] what the disk has not taken yet counts, though it has been answered as late', async () => {
    vi.useFakeTimers();
    const ends: (() => void)[] = [];
    const stream = new FakeStream();
    const appended = { revision: 0, position: 1 } as const;
    const writes: Pick<Writes, 'ready' | 'append'> = {
      ready: () => Promise.resolve(),
      append: () => new Promise((resolve) => ends.push(() => resolve(appended))),
    };
    new BatchCall(stream as unknown as BatchStream, {
      ...{ writes: writes as Writes, now: Date.now, onFault: () => undefined },
      onEnd: () => undefined,
    });
    const send = (): void => {
      const half = { ...event('Large'), data: Buffer.alloc(HALF_MEGABYTE / 2) };
      const events = [half, { ...half, id: event().id }];
      const append = { id: randomUUID(), stream: 'slow', expected: 'any', events } as const;
      stream.emit('data', appendRequest(append, Date.now()));
    };
    for (let sent = 0; sent < 70; sent++) send();
    expect(stream.isPaused()).toBe(true);
    await vi.advanceTimersByTimeAsync(2_000);
    expect([stream.answers.length, ends.length]).toEqual([70, 70]);
    expect(stream.isPaused()).toBe(true);
    for (const end of ends) end();
    await vi.advanceTimersByTimeAsync(0);
    expect(stream.isPaused()).toBe(false);
    expect(stream.answers).toHaveLength(70);
  });
});
