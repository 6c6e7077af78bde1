import { describe, expect, test } from 'vitest';
import type { Decided } from '../../../core/kernel/decider.ts';
import type { TokenId } from '../../../core/kernel/ids.ts';
import {
  login,
  standingOf,
  type ActivateLogin,
  type ForceLogout,
  type IssueToken,
} from '../../../core/login/decider.ts';
import type { LoginEvent, Token, TokenState } from '../../../core/login/events.ts';
import { ann, by, eventId } from '../../support/people.ts';
import { specFor } from '../../support/spec.ts';

const given = specFor(login);
const WEB = 5;
const tokenId = (name: string): TokenId => name as TokenId;

const token = (name: string, state: TokenState = 'normal', connected = false): Token => ({
  id: tokenId(name),
  platform: WEB,
  issuedAt: 10,
  expiresAt: 100,
  state,
  connected,
});
const issued = (...tokens: readonly Token[]): Decided<LoginEvent> => ({
  id: eventId(`issue ${String(tokens.length)}`),
  type: 'TokenIssued',
  data: { user: ann, token: tokens.at(-1)?.id ?? tokenId(''), platform: WEB, tokens },
});
const issue = (name: string, at = 10): IssueToken => ({
  type: 'IssueToken',
  id: eventId(name),
  at,
  meta: by('imAdmin'),
  data: { user: ann, token: tokenId(name), platform: WEB, expiresAt: 100, policy: 1 },
});

const connect: ActivateLogin = {
  type: 'ActivateLogin',
  id: eventId('on'),
  at: 20,
  meta: by(ann),
  data: { user: ann, token: tokenId('b') },
};
/** The first socket of token b, by which token a is cut. */
const activated: Decided<LoginEvent> = {
  id: eventId('on'),
  type: 'LoginActivated',
  data: {
    user: ann,
    token: tokenId('b'),
    platform: WEB,
    kicks: [tokenId('a')],
    tokens: [token('a', 'kicked', true), token('b', 'normal', true)],
  },
};
const logout: ForceLogout = {
  type: 'ForceLogout',
  id: eventId('out'),
  at: 20,
  meta: by('imAdmin'),
  data: { user: ann, platform: WEB },
};

describe('tokens', () => {
  test('[TOK-4] a new one kicks those the policy says', () =>
    given(issued(token('a')))
      .when(issue('b'))
      .then({
        id: eventId('b'),
        type: 'TokenIssued',
        data: {
          user: ann,
          token: tokenId('b'),
          platform: WEB,
          tokens: [token('a', 'kicked'), token('b')],
        },
      }));
  test('[TOK-4] a new one forgets those kicked or expired before', () =>
    given(issued({ ...token('old'), expiresAt: 5 }, token('a', 'kicked'), token('b')))
      .when(issue('c'))
      .then({
        id: eventId('c'),
        type: 'TokenIssued',
        data: {
          user: ann,
          token: tokenId('c'),
          platform: WEB,
          tokens: [token('b', 'kicked'), token('c')],
        },
      }));
  test('[TOK-6] a new one still knows a kicked one that has sockets, so that they can be cut', () =>
    given(issued(token('a', 'kicked', true), token('b')))
      .when(issue('c'))
      .then({
        id: eventId('c'),
        type: 'TokenIssued',
        data: {
          user: ann,
          token: tokenId('c'),
          platform: WEB,
          tokens: [token('a', 'kicked', true), token('b', 'kicked'), token('c')],
        },
      }));
  test('[TOK-6] the first socket of a token tells which others are to be cut', () =>
    given(issued(token('a', 'kicked', true), token('b')))
      .when(connect)
      .then(activated));
  test('[TOK-6] those that have been cut are connected no more, and the next token forgets them', () =>
    given(issued(token('a', 'kicked', true), token('b')), activated)
      .when(issue('c'))
      .then({
        id: eventId('c'),
        type: 'TokenIssued',
        data: {
          user: ann,
          token: tokenId('c'),
          platform: WEB,
          tokens: [token('b', 'kicked', true), token('c')],
        },
      }));
  test.each([
    ['again', token('b', 'normal', true)],
    ['kicked meanwhile', token('b', 'kicked')],
  ])('[TOK-6] a token %s changes nothing as it connects', (_, known) =>
    given(issued(known)).when(connect).then(),
  );
  test('[TOK-7] a forced logout kicks all of the platform', () =>
    given(issued(token('a'), { ...token('b'), platform: 1 }))
      .when(logout)
      .then({
        id: eventId('out'),
        type: 'LogoutForced',
        data: {
          user: ann,
          platform: WEB,
          kicks: [tokenId('a')],
          tokens: [token('a', 'kicked'), { ...token('b'), platform: 1 }],
        },
      }));
  test('[TOK-7] a forced logout cuts the sockets of one that was kicked before, and no others', () =>
    given(
      issued(
        token('a', 'kicked', true),
        { ...token('b', 'kicked', true), platform: 1 },
        { ...token('c'), platform: 1 },
      ),
    )
      .when(logout)
      .then({
        id: eventId('out'),
        type: 'LogoutForced',
        data: {
          user: ann,
          platform: WEB,
          kicks: [tokenId('a')],
          tokens: [
            token('a', 'kicked', true),
            { ...token('b', 'kicked', true), platform: 1 },
            { ...token('c'), platform: 1 },
          ],
        },
      }));
  test('[TOK-7] a forced logout of nobody changes nothing', () => given().when(logout).then());
  test('[TOK-3] kicked ones are told from unknown ones', () => {
    const state = { tokens: [token('a', 'kicked'), token('b')] };
    expect(standingOf(state, tokenId('a'))).toBe('kicked');
    expect(standingOf(state, tokenId('b'))).toBe('normal');
    expect(standingOf(state, tokenId('c'))).toBe('not-exist');
  });
});
