import type { Millis, TokenId } from '../../core/kernel/ids.ts';
import type { Caller } from '../ports.ts';
import type { Connection } from './connection.ts';
import type { Connections } from './connections.ts';

/** A Go client whose socket is closed sooner than this may come back without a sync (decisions 5.4a). */
export const GIVES_WAY_AGE_MS: Millis = 6_000;

/** How many connections one user may have. */
export type Room = Readonly<{
  /** Whether the user can have no other one for now. */
  isFullFor: (caller: Caller) => boolean;
  /** Before one more is added: another is closed for it if need be. False: none gives way. */
  makeFor: (caller: Caller) => boolean;
}>;

export const roomFor = (
  connections: Pick<Connections, 'of'>,
  most: number,
  now: () => Millis,
): Room => {
  /** Who has to go before there is room; undefined: nobody gives way. */
  const inTheWay = ({ user, token }: Caller): readonly Connection[] | undefined => {
    const mine = connections.of(user);
    if (mine.size < most) return [];
    const one = givesWay(mine, token);
    return one === undefined || now() - one.openedAt < GIVES_WAY_AGE_MS ? undefined : [one];
  };
  return {
    isFullFor: (caller) => inTheWay(caller) === undefined,
    makeFor: (caller) => {
      const going = inTheWay(caller);
      for (const connection of going ?? []) connection.close('too-many-connections');
      return going !== undefined;
    },
  };
};

/**
 * Clients that lose their network leave sockets behind that nobody is at any more, so the oldest one of the login that
 * has the most gives way, the new one counted too. No login loses its only connection, for two devices would then take
 * turns for ever; and a client that connects in a loop gets no further than its own sockets grow old. `mine` is in the
 * order of opening.
 */
const givesWay = (mine: Iterable<Connection>, token: TokenId): Connection | undefined => {
  const byLogin = new Map<TokenId, { count: number; oldest?: Connection }>([[token, { count: 1 }]]);
  for (const connection of mine) {
    const login = byLogin.get(connection.caller.token) ?? { count: 0 };
    login.count += 1;
    login.oldest ??= connection;
    byLogin.set(connection.caller.token, login);
  }
  const [most] = [...byLogin.values()].sort((one, other) => other.count - one.count);
  return most !== undefined && most.count > 1 ? most.oldest : undefined;
};
