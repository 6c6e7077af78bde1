import { sql } from 'kysely';
import { block, type BlockCommand } from '../../../core/block/decider.ts';
import { blockStream } from '../../../core/block/events.ts';
import { friendship, type FriendshipCommand } from '../../../core/friendship/decider.ts';
import { friendshipStream } from '../../../core/friendship/events.ts';
import type { Decider } from '../../../core/kernel/decider.ts';
import type { AnyFact, NewEvent } from '../../../core/kernel/fact.ts';
import type { EventId, UserId } from '../../../core/kernel/ids.ts';
import { userStream, type UserEvent } from '../../../core/user/events.ts';
import { deriveId } from '../../../infra/ids.ts';
import { friends } from '../../../projections/friends/project.ts';
import {
  friendQueries,
  type ShownBlack,
  type ShownFriend,
} from '../../../projections/friends/queries.ts';
import { Batches } from '../../../projections/kernel/batch.ts';
import { takeOver } from '../../../projections/kernel/checkpoint.ts';
import { knownEvents } from '../../../projections/kernel/follower.ts';
import type { AnyTables } from '../../../projections/kernel/model.ts';
import { Skips } from '../../../projections/kernel/skips.ts';
import { MemoryEventLog } from '../../support/memoryEventLog.ts';
import { by } from '../../support/people.ts';
import type { TestDatabase } from '../../support/postgres.ts';
import { SdkList } from '../../support/sdkList.ts';

export const VERSION_ID = '0123456789abcdef01234567';

/** Commands as callers give them; ids and times are the world's. */
type Wish<C> = C extends unknown ? Omit<C, 'id' | 'at' | 'meta'> : never;

/** The log, decided by the capabilities themselves, and the read model that grows from it. */
export class FriendWorld {
  readonly log = new MemoryEventLog();
  readonly queries: ReturnType<typeof friendQueries>;
  readonly #database: TestDatabase<AnyTables>;
  readonly #batches = new Batches(new Skips());
  #projected = 0;
  #ids = 0;

  private constructor(database: TestDatabase<AnyTables>) {
    this.#database = database;
    this.queries = friendQueries(database.db);
  }

  /** With empty tables. */
  static async open(database: TestDatabase<AnyTables>): Promise<FriendWorld> {
    await sql`drop schema if exists seqline cascade`.execute(database.db);
    await sql`create schema seqline`.execute(database.db);
    await database.db
      .transaction()
      .execute((db) => takeOver(db, [friends], { id: 'log', head: () => Promise.resolve(0) }));
    return new FriendWorld(database);
  }

  #nextId(): EventId {
    this.#ids += 1;
    return deriveId('test', String(this.#ids));
  }

  async user(event: UserEvent): Promise<void> {
    const made: NewEvent = { ...event, id: this.#nextId(), meta: by(event.data.user) };
    await this.log.append(userStream(event.data.user), 'any', [made]);
  }

  /** Whether it was accepted. */
  friend(actor: string, wish: Wish<FriendshipCommand>): Promise<boolean> {
    const { data } = wish;
    const [one, other] = 'from' in data ? [data.from, data.to] : [data.owner, data.friend];
    const meta = by(actor);
    // The wish is a command but for what is added here.
    const command = { ...wish, id: this.#nextId(), at: 1, meta } as FriendshipCommand;
    return this.#decide(friendshipStream(one, other), friendship, command);
  }

  block(wish: Wish<BlockCommand>): Promise<boolean> {
    const meta = by(wish.data.owner);
    const command = { ...wish, id: this.#nextId(), at: 1, meta } as BlockCommand;
    return this.#decide(blockStream(wish.data.owner), block, command);
  }

  async #decide<C extends { meta: NewEvent['meta'] }, E extends AnyFact, S, R extends string>(
    stream: string,
    { initialState, evolve, decide }: Decider<C, E, S, R>,
    command: C,
  ): Promise<boolean> {
    const events = await this.log.readStream<E>(stream, {
      from: 'start',
      direction: 'forwards',
      max: 10_000,
    });
    const outcome = decide(command, events.reduce<S>(evolve, initialState));
    if (outcome.kind === 'refused') return false;
    const added = outcome.events.map((event) => ({ ...event, meta: command.meta }));
    const expected = events.length === 0 ? 'no_stream' : events.length - 1;
    if (added.length > 0) await this.log.append(stream, expected, added);
    return true;
  }

  /** The tables come up to the head. */
  async project(): Promise<void> {
    const { events, next } = await this.log.readAll({ after: this.#projected, max: 100_000 });
    await this.#database.db
      .transaction()
      .execute((db) => this.#batches.apply(db, [friends], knownEvents(events)));
    this.#projected = next;
  }

  /** All that is in the tables. */
  async dump(): Promise<unknown> {
    const tables = ['friends', 'friend_requests', 'blacks', 'friend_lists', 'friend_profiles'];
    const rows = tables.map(async (name) => {
      const table = sql.table(`seqline.${name}_v1`);
      const found = await sql`select * from ${table} as r order by r::text`.execute(
        this.#database.db,
      );
      return [name, found.rows] as const;
    });
    return Object.fromEntries(await Promise.all(rows));
  }

  /** As if it had never been: everything once more, in batches of that size. */
  async rebuild(size: number): Promise<void> {
    const { db } = this.#database;
    await db.transaction().execute((tx) => friends.clear(tx));
    await db.transaction().execute((tx) => friends.create(tx));
    const batches = new Batches(new Skips());
    const { events } = await this.log.readAll({ after: 0, max: 100_000 });
    const known = knownEvents(events);
    for (let from = 0; from < known.length; from += size) {
      await db
        .transaction()
        .execute((tx) => batches.apply(tx, [friends], known.slice(from, from + size)));
    }
  }
}

const ALL = { pageNumber: 1, showNumber: 10_000 };

/** A client that knows its lists by what the server says has changed, and by that alone. */
export class ListClient {
  readonly friends = new SdkList<ShownFriend, UserId>();
  readonly blacks = new SdkList<ShownBlack, UserId>();
  readonly #world: FriendWorld;
  readonly #user: UserId;

  constructor(world: FriendWorld, user: UserId) {
    this.#world = world;
    this.#user = user;
  }

  async sync(): Promise<void> {
    const { queries } = this.#world;
    const user = this.#user;
    await this.friends.take(
      await queries.friendsSince(user, VERSION_ID, this.friends),
      ({ friend }) => friend,
      async () => (await queries.friends(user, ALL)).items,
    );
    await this.blacks.take(
      await queries.blacksSince(user, VERSION_ID, this.blacks),
      ({ blocked }) => blocked,
      async () => (await queries.blacks(user, ALL)).items,
    );
  }

  /** What a client that knew nothing would have. */
  async fresh(): Promise<readonly [readonly ShownFriend[], readonly ShownBlack[]]> {
    const { queries } = this.#world;
    const friends = await queries.friends(this.#user, ALL);
    const blacks = await queries.blacks(this.#user, ALL);
    return [friends.items, blacks.items];
  }

  shown() {
    return [this.friends.shown(), this.blacks.shown()];
  }
}
