import type { Transaction } from 'kysely';
import { STREAM_PREFIXES, type SeqlineEvent } from '../../../core/kernel/catalogue.ts';
import type { StoredEvent } from '../../../core/kernel/eventStore.ts';
import type { Recorded } from '../../../core/kernel/fact.ts';
import type { Position } from '../../../core/kernel/ids.ts';
import { clientConfig as clientConfigModel } from '../../../projections/clientConfig/project.ts';
import { chats as chatsModel } from '../../../projections/chats/project.ts';
import { favourites as favouritesModel } from '../../../projections/favourites/project.ts';
import { friends as friendsModel } from '../../../projections/friends/project.ts';
import { groups as groupsModel } from '../../../projections/groups/project.ts';
import { keyOf, readCheckpoints } from '../../../projections/kernel/checkpoint.ts';
import type { AnyTables, Projection } from '../../../projections/kernel/model.ts';
import { users as usersModel } from '../../../projections/users/project.ts';
import { ChainCheck, type ChainReport } from '../../eventstore/chain/chainCheck.ts';
import type { ChainFolder } from '../../eventstore/chain/chainFolder.ts';
import { deriveId } from '../../ids.ts';
import { analyticsRecounts } from './analytics.ts';
import { compareTable, type Compared } from './compare.ts';
import { compareShown, type ComparedShown } from './compareShown.ts';
import { checkpointsOf, inSnapshot, NoTables, tablesThere, type Tables } from './database.ts';
import { ClientConfig } from './recount/clientConfig.ts';
import { Chats } from './recount/chats.ts';
import { chatTables } from './recount/chatTables.ts';
import { Favourites } from './recount/favourites.ts';
import { Findings } from './recount/findings.ts';
import { Friends } from './recount/friends.ts';
import { Groups } from './recount/groups.ts';
import { LogCheck } from './recount/logCheck.ts';
import type { ExpectedTable } from './recount/table.ts';
import { Users } from './recount/users.ts';
import type { Source } from './source.ts';

/** A read model beside what counts it again. */
type Recount = Readonly<{
  model: Projection;
  take: (event: Recorded<SeqlineEvent>) => void;
  tables: () => readonly ExpectedTable[];
  /** A server need not build it. */
  isOptional?: true;
}>;

export type Verified = Readonly<{
  log: Readonly<{
    name: string;
    id: string;
    head: Position;
    events: number;
    streams: number;
    conversations: number;
    types: Readonly<Record<string, number>>;
  }>;
  /** Where the read models stood as they were compared, by name and version. */
  checkpoints: Readonly<Record<string, Position>>;
  tables: readonly Compared[];
  shown: ComparedShown | undefined;
  /** What has been left out, and why. */
  leftOut: readonly string[];
  /** What has been signed of the log; undefined where nothing has. */
  chain: ChainReport | undefined;
  findings: Findings;
}>;

/** What is being done, and how far it is. */
export type Progress = (what: string, done: number, of: number) => void;

/** Read past an event that is skipped later on: all is to be counted again without it. */
class SkippedBefore extends Error {}

/**
 * Reads the whole log and counts it again, and compares the read models, if there are any, at the position
 * where they stand. Kept in memory: some hundred bytes for each stream and each mark of a user, and some 25
 * for each message.
 */
export const verify = async (
  source: Source,
  tables: Tables | undefined,
  progress: Progress,
  signed?: ChainFolder,
): Promise<Verified> => {
  const skips = new Set<string>();
  for (;;) {
    try {
      return await new Run(source, skips, progress, signed).all(tables);
    } catch (error) {
      if (!(error instanceof SkippedBefore)) throw error;
    }
  }
};

/** Once through the log. */
class Run {
  readonly #source: Source;
  readonly #skips: Set<string>;
  readonly #progress: Progress;
  readonly #findings = new Findings();
  readonly #check = new LogCheck(this.#findings, deriveId);
  readonly #chats = new Chats();
  readonly #recounts: readonly Recount[];
  readonly #leftOut: string[] = [];
  readonly #compared: Compared[] = [];
  #shown: ComparedShown | undefined;
  /** All up to here has been taken. */
  #at: Position = 0;
  #unreadable = 0;
  readonly #chain: ChainCheck | undefined;

  constructor(source: Source, skips: Set<string>, progress: Progress, signed?: ChainFolder) {
    if (signed !== undefined && signed.checkpoints.length > 0) {
      this.#chain = new ChainCheck(signed.checkpoints, signed.publicKey, (fault) => {
        this.#findings.add({ ...fault, where: 'the log' });
      });
    }
    this.#source = source;
    this.#skips = skips;
    this.#progress = progress;
    const [users, chats, friends] = [new Users(), this.#chats, new Friends()];
    const [favourites, configs] = [new Favourites(), new ClientConfig()];
    const groups = new Groups();
    this.#recounts = [
      { model: usersModel, take: (event) => users.take(event), tables: () => [users.table] },
      { model: chatsModel, take: (event) => chats.take(event), tables: () => chatTables(chats) },
      { model: friendsModel, take: (event) => friends.take(event), tables: () => friends.tables },
      {
        model: favouritesModel,
        take: (event) => favourites.take(event),
        tables: () => [favourites.table],
      },
      {
        model: clientConfigModel,
        take: (event) => configs.take(event),
        tables: () => [configs.table],
      },
      { model: groupsModel, take: (event) => groups.take(event), tables: () => groups.tables },
      ...analyticsRecounts().map((recount) => ({ ...recount, isOptional: true as const })),
    ];
  }

  async all(tables: Tables | undefined): Promise<Verified> {
    const checkpoints = tables === undefined ? {} : await this.#compare(tables);
    const head = await this.#source.head();
    await this.#readTo(head, head);
    this.#findDoubles();
    const { events, streams, conversations, types } = this.#check;
    const { name, logId: id } = this.#source;
    return {
      log: {
        ...{ name, id, head, events, streams, conversations },
        types: Object.fromEntries([...types].toSorted()),
      },
      checkpoints,
      tables: this.#compared,
      shown: this.#shown,
      leftOut: this.#leftOut,
      chain: this.#chain?.finish(),
      findings: this.#findings,
    };
  }

  /** Most of the log is read before the snapshot is taken, so that Postgres need not keep it for long. */
  async #compare({ db }: Tables): Promise<Readonly<Record<string, Position>>> {
    const { logId } = this.#source;
    const compared = await this.#thoseBuilt(db);
    const models = compared.map(({ model }) => model);
    const before = await checkpointsOf(db, models, logId);
    await this.#readTo(Math.min(...before), await this.#source.head());
    return inSnapshot(db, async (snapshot) => {
      const now = await checkpointsOf(snapshot, models, logId);
      if (now.some((position) => position < this.#at)) {
        throw new NoTables('the read models have been built anew meanwhile: run it again');
      }
      const head = await this.#source.head();
      if (now.some((position) => position > head)) {
        throw new NoTables(
          'the read models are ahead of this log, which is an older copy of theirs',
        );
      }
      const order = compared.map((recount, index) => ({ recount, at: now[index] ?? 0 }));
      for (const { recount, at } of order.toSorted((one, other) => one.at - other.at)) {
        await this.#readTo(at, head);
        await this.#compareModel(snapshot, recount);
      }
      await this.#nameUnknown(snapshot);
      return Object.fromEntries(order.map(({ recount, at }) => [keyOf(recount.model), at]));
    });
  }

  async #thoseBuilt(db: Tables['db']): Promise<readonly Recount[]> {
    const built = await readCheckpoints(db);
    return this.#recounts.filter(({ model, isOptional }) => {
      if (isOptional === undefined || built.has(keyOf(model))) return true;
      this.#leftOut.push(`${keyOf(model)}: it has not been built here (SEQLINE_ANALYTICS)`);
      return false;
    });
  }

  async #compareModel(snapshot: Transaction<AnyTables>, { model, tables }: Recount): Promise<void> {
    if (this.#unreadable > 0) {
      this.#leftOut.push(`${keyOf(model)}: the log cannot be read up to where its tables stand`);
      return;
    }
    for (const table of tables()) {
      this.#progress(`comparing ${table.name}`, 0, 0);
      const name = `seqline.${table.name}_v${String(model.version)}`;
      this.#compared.push(await compareTable(snapshot, name, table, this.#findings));
    }
    if (model !== chatsModel) return;
    const progress = (done: number, of: number): void => {
      this.#progress('comparing what users are shown', done, of);
    };
    this.#shown = await compareShown(snapshot, this.#chats, this.#findings, progress);
  }

  async #nameUnknown(snapshot: Transaction<AnyTables>): Promise<void> {
    const known = new Set(['checkpoint', ...this.#compared.map(({ table }) => table)]);
    if (this.#unreadable > 0) return;
    const unknown = (await tablesThere(snapshot)).filter((name) => !known.has(name));
    for (const name of unknown)
      this.#leftOut.push(`${name}: it is not among what is counted again`);
  }

  async #readTo(until: Position, head: Position): Promise<void> {
    while (this.#at < until) {
      this.#progress('reading the log', this.#at, head);
      const { events, damaged, next } = await this.#source.page(this.#at, until);
      for (const { position, what, stream } of damaged) {
        this.#unreadable += 1;
        this.#chain?.unreadable();
        this.#findings.add({
          kind: 'damaged record',
          where: stream === undefined ? 'the log' : `the log, perhaps ${stream}`,
          key: `position ${String(position)}`,
          expected: 'the record that was written',
          found: what,
        });
      }
      for (const event of events) await this.#take(event);
      this.#at = next;
    }
  }

  async #take(event: StoredEvent): Promise<void> {
    const { stream, type, revision, position } = event;
    // What others keep in the same store, and what the store says of itself, is not ours to judge.
    if (type.startsWith('$') || !STREAM_PREFIXES.some((prefix) => stream.startsWith(prefix)))
      return;
    this.#check.placed(event);
    this.#chain?.take(event);
    const decoded = await this.#source.decode(event);
    if (decoded instanceof Error) {
      this.#unreadable += 1;
      this.#findings.add({
        kind: 'unreadable event',
        where: stream,
        key: `revision ${String(revision)}, position ${String(position)}`,
        expected: `a ${type} that can be read`,
        found: decoded.message,
      });
      return;
    }
    this.#check.take(decoded);
    if (decoded.type === 'ProjectionSkipped') this.#skip(decoded.data);
    for (const { model, take } of this.#recounts) {
      if (!this.#skips.has(`${keyOf(model)} ${String(position)}`)) take(decoded);
    }
  }

  /** An operator has had a read model do without an event, which was counted before this was known. */
  #skip(data: Readonly<{ projection: string; version: number; position: Position }>): void {
    const key = `${keyOf({ name: data.projection, version: data.version })} ${String(data.position)}`;
    if (this.#skips.has(key)) return;
    this.#skips.add(key);
    throw new SkippedBefore();
  }

  #findDoubles(): void {
    for (const chat of this.#chats.all.values()) {
      for (const [seq, first] of chat.doubles()) {
        this.#findings.add({
          kind: 'stored twice',
          where: chat.id,
          key: `message ${String(seq)}`,
          expected: 'each message once',
          found: `message ${String(first)} again; it is shown as deleted`,
        });
      }
    }
  }
}
