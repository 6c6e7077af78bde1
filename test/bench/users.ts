import { CHATS_VERSION } from '../../projections/chats/tables.ts';
import { textAt } from '../support/json.ts';
import type { Seat } from './jobs.ts';
import { until } from './until.ts';

/** What a benchmark asks of whatever it measures: users, their logins, and how far the read models are. */

export const USERS_A_CALL = 1_000;
const PLATFORM_WEB = 5;
const CALLS_AT_ONCE = 32;
const PROJECTED_WITHIN = 300_000;
const LOOK_EVERY_MS = 10;

/** Calls of an app admin, which must be done. */
type Asked = Readonly<{ asAdmin: (path: string, body: unknown) => Promise<unknown> }>;

export const registerUsers = async (server: Asked, names: readonly string[]): Promise<void> => {
  for (let at = 0; at < names.length; at += USERS_A_CALL) {
    const users = names
      .slice(at, at + USERS_A_CALL)
      .map((userID) => ({ userID, nickname: `${userID} of the benchmark` }));
    await server.asAdmin('/user/user_register', { users });
  }
};

/** Logins of users that exist, in their order. */
export const logInUsers = async (
  server: Asked,
  names: readonly string[],
  logins: number,
): Promise<readonly Seat[]> => {
  const wanted = names.flatMap((user) => Array.from({ length: logins }, () => user));
  const seats: Seat[] = [];
  const fetchTokens = async (): Promise<void> => {
    for (let user = wanted.pop(); user !== undefined; user = wanted.pop()) {
      const asked = { userID: user, platformID: PLATFORM_WEB };
      const token = textAt(await server.asAdmin('/auth/get_user_token', asked), 'token');
      seats.push({ user, token, platform: PLATFORM_WEB });
    }
  };
  await Promise.all(Array.from({ length: CALLS_AT_ONCE }, fetchTokens));
  const place = new Map(names.map((name, index) => [name, index]));
  return seats.sort((one, other) => place.get(one.user)! - place.get(other.user)!);
};

/** Resolves when the read models hold so many messages of all conversations together. */
export const allProjected = (
  messages: number,
  ask: (statement: string) => Promise<readonly Readonly<Record<string, unknown>>[]>,
): Promise<void> =>
  until(
    'the read models have every message',
    async () => {
      const [row] = await ask(
        `select coalesce(sum(max_seq), 0) as sum from seqline.heads_v${String(CHATS_VERSION)}`,
      );
      const sum = Number(row?.['sum']);
      if (sum > messages) throw new Error(`${String(sum)} messages, not ${String(messages)}`);
      return sum === messages;
    },
    { within: PROJECTED_WITHIN, every: LOOK_EVERY_MS },
  );
