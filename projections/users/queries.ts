import { type Kysely, sql } from 'kysely';
import type { Millis, UserId } from '../../core/kernel/ids.ts';
import type { GlobalReceive } from '../../core/user/events.ts';
import { countedByDay, type CountedByDay, type Span } from '../kernel/days.ts';
import type { AnyTables } from '../kernel/model.ts';
import type { Page } from '../kernel/page.ts';
import { storable } from '../kernel/text.ts';
import type { UserRow } from './schema.ts';

export type { CountedByDay, Span };

/** A user as it is shown; the profile is empty once it has been erased. */
export type ShownUser = Readonly<{
  user: UserId;
  nickname: string;
  faceUrl: string;
  ex: string;
  level: number;
  globalReceive: GlobalReceive;
  createdAt: Millis;
}>;

/** Each is looked for anywhere, in any case, taken literally. Users found by either are found. */
export type Filter = Readonly<{ userId?: string; nickname?: string }>;

/** More than any screen shows; a caller who wants all goes page by page. */
export const SHOW_NUMBER_MAX = 1_000;
/** Admins and notification accounts come above it, and are in no list of users. */
const ORDINARY_LEVEL_MAX = 1;
/** Notification accounts, and above them robots. */
const ACCOUNT_LEVEL_MIN = 3;

export type UserQueries = Readonly<{
  /** Those that exist, in the order asked for. */
  byIds: (users: readonly UserId[]) => Promise<readonly ShownUser[]>;
  existing: (users: readonly UserId[]) => Promise<ReadonlySet<UserId>>;
  /** Ordinary users (level 0 and 1), oldest first; found by either filter where both are given. */
  page: (
    request: Page & Filter,
  ) => Promise<Readonly<{ total: number; users: readonly ShownUser[] }>>;
  /** Ids of all users of any level, oldest first. */
  ids: (request: Page) => Promise<Readonly<{ total: number; ids: readonly UserId[] }>>;
  /**
   * Notification accounts and robots (level 3 and 4), oldest first; with a keyword those that have exactly
   * this id, and then those of exactly this name. `except`: app admins, whatever their level.
   */
  accounts: (
    request: Page & Readonly<{ keyword?: string; level?: number; except: readonly UserId[] }>,
  ) => Promise<Readonly<{ total: number; users: readonly ShownUser[] }>>;
  /** How many users of any level there are, how many came before a span, and on each day (UTC) of it. */
  registrations: (span: Span) => Promise<CountedByDay>;
}>;

type Condition = ReturnType<typeof sql<boolean>>;

export const userQueries = (db: Kysely<AnyTables>): UserQueries => ({
  byIds: async (users) => {
    const { rows } = await sql<UserRow>`
      select u.* from seqline.users_v1 u
      join unnest(${users}::text[]) with ordinality as asked (user_id, place) using (user_id)
      order by asked.place`.execute(db);
    return rows.map(shown);
  },

  existing: async (users) => {
    const { rows } = await sql<Pick<UserRow, 'user_id'>>`
      select user_id from seqline.users_v1 where user_id = any(${users}::text[])`.execute(db);
    return new Set(rows.map((row) => row.user_id));
  },

  page: async (request) => {
    const ordinary = sql<boolean>`level <= ${ORDINARY_LEVEL_MAX} and ${matching(request)}`;
    const { total, rows } = await find(db, ordinary, request);
    return { total, users: rows.map(shown) };
  },

  ids: async (request) => {
    const { total, rows } = await find(db, sql<boolean>`true`, request);
    return { total, ids: rows.map((row) => row.user_id) };
  },

  accounts: async ({ keyword, level, except, ...page }) => {
    const word = storable(keyword ?? '');
    const named =
      keyword === undefined ? sql`true` : sql`(user_id = ${word} or nickname = ${word})`;
    const ofLevel = level === undefined ? sql`true` : sql`level = ${level}`;
    const condition = sql<boolean>`level >= ${ACCOUNT_LEVEL_MIN} and ${ofLevel} and ${named}
      and user_id <> all(${except}::text[])`;
    const { total, rows } = await find(db, condition, page, sql`user_id <> ${word}, created_pos`);
    return { total, users: rows.map(shown) };
  },

  registrations: (span) => countedByDay(db, 'seqline.users_v1', span),
});

/** `strpos` knows no patterns, so there is nothing to escape. An empty text is no filter. */
const matching = ({ userId = '', nickname = '' }: Filter): Condition => {
  const conditions: Condition[] = [];
  if (userId !== '') {
    conditions.push(sql`strpos(lower(user_id), lower(${storable(userId)})) > 0`);
  }
  if (nickname !== '') {
    conditions.push(sql`coalesce(strpos(lower(nickname), lower(${storable(nickname)})), 0) > 0`);
  }
  return conditions.length === 0 ? sql`true` : sql`(${sql.join(conditions, sql` or `)})`;
};

type Found = Readonly<{ total: number }> & (UserRow | Readonly<{ user_id: null }>);

/** Page and total are one statement, so they are of one moment. */
const find = async (
  db: Kysely<AnyTables>,
  condition: Condition,
  { pageNumber, showNumber }: Page,
  order: ReturnType<typeof sql> = sql`created_pos`,
): Promise<Readonly<{ total: number; rows: readonly UserRow[] }>> => {
  const show = Math.min(Math.max(Math.trunc(showNumber), 0), SHOW_NUMBER_MAX);
  const skip = Math.max(Math.trunc(pageNumber) - 1, 0) * show;
  const { rows } = await sql<Found>`
    select counted.total, page.*
    from (select count(*) as total from seqline.users_v1 where ${condition}) as counted
    left join (
      select * from seqline.users_v1 where ${condition}
      order by ${order} limit ${show} offset ${skip}
    ) as page on true
    order by ${order}`.execute(db);
  return { total: rows[0]?.total ?? 0, rows: rows.filter(isUser) };
};

const isUser = (row: Found): row is Readonly<{ total: number }> & UserRow => row.user_id !== null;

const shown = (row: UserRow): ShownUser => ({
  user: row.user_id,
  nickname: row.nickname ?? '',
  faceUrl: row.face_url ?? '',
  ex: row.ex ?? '',
  level: row.level,
  globalReceive: row.global_receive,
  createdAt: row.created_at,
});
