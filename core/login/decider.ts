import { accept, type Decided, type Decider, type Outcome } from '../kernel/decider.ts';
import type { Command } from '../kernel/fact.ts';
import type { Millis, TokenId, UserId } from '../kernel/ids.ts';
import type { LoginEvent, Token } from './events.ts';
import { losers, type LoginPolicy } from './policy.ts';

export type IssueToken = Command<
  'IssueToken',
  { user: UserId; token: TokenId; platform: number; expiresAt: Millis; policy: LoginPolicy }
>;
export type ActivateLogin = Command<'ActivateLogin', { user: UserId; token: TokenId }>;
export type ForceLogout = Command<'ForceLogout', { user: UserId; platform: number }>;
export type LoginCommand = IssueToken | ActivateLogin | ForceLogout;

/** The complete set, in the order the tokens were issued; the newest event alone is the state. */
export type Login = Readonly<{ tokens: readonly Token[] }>;

type Decision = Outcome<Decided<LoginEvent>, never>;

export type TokenStanding = 'normal' | 'kicked' | 'not-exist';

export const standingOf = ({ tokens }: Login, token: TokenId): TokenStanding =>
  tokens.find(({ id }) => id === token)?.state ?? 'not-exist';

const kick = (tokens: readonly Token[], lost: ReadonlySet<TokenId>): readonly Token[] =>
  tokens.map((token) => (lost.has(token.id) ? { ...token, state: 'kicked' } : token));

const kicked = (tokens: readonly Token[]): readonly TokenId[] =>
  tokens.filter(({ state }) => state === 'kicked').map(({ id }) => id);

/**
 * A kicked token is remembered until the next one is issued, and from then on it is unknown; but for one
 * that has sockets: they are cut when another token connects, and until then it has to be known.
 */
const isRemembered = ({ state, connected }: Token): boolean => state === 'normal' || connected;

/** The sockets of these are being cut: they are connected no more. */
const cut = (tokens: readonly Token[], kicks: readonly TokenId[]): readonly Token[] =>
  tokens.map((token) => (kicks.includes(token.id) ? { ...token, connected: false } : token));

const issue = ({ id, at, data }: IssueToken, { tokens }: Login): Decision => {
  const { user, token, platform, expiresAt, policy } = data;
  if (tokens.some((known) => known.id === token)) return accept();
  const live = tokens.filter((known) => isRemembered(known) && known.expiresAt > at);
  const issued: Token = {
    id: token,
    platform,
    issuedAt: at,
    expiresAt,
    state: 'normal',
    connected: false,
  };
  const normal = live.filter(({ state }) => state === 'normal');
  const set = [...kick(live, losers(policy, normal, platform)), issued];
  return accept({ id, type: 'TokenIssued', data: { user, token, platform, tokens: set } });
};

const activate = ({ id, data }: ActivateLogin, { tokens }: Login): Decision => {
  const token = tokens.find((known) => known.id === data.token);
  // Only the first socket of a token says anything new.
  if (token?.state !== 'normal' || token.connected) return accept();
  const set = tokens.map((known) =>
    known.id === data.token ? { ...known, connected: true } : known,
  );
  const { user } = data;
  return accept({
    id,
    type: 'LoginActivated',
    data: { user, token: token.id, platform: token.platform, kicks: kicked(set), tokens: set },
  });
};

const forceLogout = (
  { id, data: { user, platform } }: ForceLogout,
  { tokens }: Login,
): Decision => {
  const lost = tokens.filter((token) => token.platform === platform);
  // A token that was kicked before may have sockets still, which wait for the next one to connect.
  if (!lost.some(isRemembered)) return accept();
  const kicks = lost.map((token) => token.id);
  const set = tokens.map((token): Token =>
    token.platform === platform ? { ...token, state: 'kicked' } : token,
  );
  return accept({ id, type: 'LogoutForced', data: { user, platform, kicks, tokens: set } });
};

export const login: Decider<LoginCommand, LoginEvent, Login, never> = {
  initialState: { tokens: [] },
  evolve: (_, { type, data }) => ({
    tokens: type === 'TokenIssued' ? data.tokens : cut(data.tokens, data.kicks),
  }),
  decide: (command, state) => {
    switch (command.type) {
      case 'IssueToken':
        return issue(command, state);
      case 'ActivateLogin':
        return activate(command, state);
      case 'ForceLogout':
        return forceLogout(command, state);
    }
  },
};
