import {
  DummyDriver,
  Kysely,
  PostgresAdapter,
  PostgresIntrospector,
  PostgresQueryCompiler,
  type QueryResult,
} from 'kysely';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { NotAnswerable } from '../../../../gateways/ports.ts';
import { openAtHead, openChats } from '../../../../infra/app/capabilities/chats.ts';
import {
  HTTP_ANSWER_MS_MAX,
  SOCKET_ANSWER_MS_MAX,
} from '../../../../infra/app/capabilities/exactly.ts';
import type { AnyTables } from '../../../../projections/kernel/model.ts';
import { MemoryEventLog } from '../../../support/memoryEventLog.ts';
import { ann, annAndBob, bob } from '../../../support/people.ts';

/** A Postgres that answers when it is told to, with nothing but a checkpoint. */
class SlowPostgres extends DummyDriver {
  asked = 0;
  #waiting: (() => void)[] = [];

  override acquireConnection(): ReturnType<DummyDriver['acquireConnection']> {
    const rows = [{ checkpoint: 1 }];
    return Promise.resolve({
      executeQuery: <R>(): Promise<QueryResult<R>> => {
        this.asked += 1;
        return new Promise((resolve) => {
          this.#waiting.push(() => {
            // What a driver gives is for its caller to name.
            resolve({ rows: rows as unknown as R[] });
          });
        });
      },
      streamQuery: () => {
        throw new Error('nothing is streamed');
      },
    });
  }

  answer(): void {
    for (const wake of this.#waiting.splice(0)) wake();
  }
}

const slowChats = (withinMs: number) => {
  const postgres = new SlowPostgres();
  const db = new Kysely<AnyTables>({
    dialect: {
      createAdapter: () => new PostgresAdapter(),
      createDriver: () => postgres,
      createIntrospector: (kysely) => new PostgresIntrospector(kysely),
      createQueryCompiler: () => new PostgresQueryCompiler(),
    },
  });
  const tail = { touching: () => [], covers: () => true };
  const log = new MemoryEventLog();
  const atHead = openAtHead(db, tail, Date.now);
  const chats = openChats({ atHead, log, versionIdOf: () => 'v', withinMs });
  return { chats, postgres };
};

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

test('[WIR-44] what HTTP asks may take longer than what a socket asks', async () => {
  const { chats, postgres } = slowChats(HTTP_ANSWER_MS_MAX);
  const asked = chats.lastVisible(ann, [annAndBob]);
  // Two questions, one after the other.
  for (const _ of [1, 2]) {
    await vi.advanceTimersByTimeAsync(2 * SOCKET_ANSWER_MS_MAX);
    postgres.answer();
  }
  expect(await asked).toEqual(new Map());
});

test('[WIR-25] a question that is asked again waits for the answer to the first', async () => {
  const { chats, postgres } = slowChats(SOCKET_ANSWER_MS_MAX);
  const range = [{ conversation: annAndBob, begin: 1, end: 2, num: 2 }];
  const ask = () => [
    chats.newestSeqs(ann),
    chats.readStates(ann, []),
    chats.conversations(ann),
    chats.pullRanges(ann, range, 'ascending'),
  ];
  for (let round = 0; round < 4; round++) {
    const late = Promise.all(ask().map((one) => expect(one).rejects.toThrow(NotAnswerable)));
    await vi.advanceTimersByTimeAsync(SOCKET_ANSWER_MS_MAX);
    await late;
  }
  expect(postgres.asked).toBe(2);
  const again = Promise.all(ask());
  await vi.advanceTimersByTimeAsync(1);
  postgres.answer();
  expect(await again).toHaveLength(4);
  expect(postgres.asked).toBe(2);
  // What has been answered and not been touched since is remembered.
  const fresh = Promise.all([chats.newestSeqs(bob), chats.newestSeqs(ann)]);
  await vi.advanceTimersByTimeAsync(1);
  expect(postgres.asked).toBe(3);
  postgres.answer();
  await fresh;
});
