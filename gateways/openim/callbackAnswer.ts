import type { Convention } from '../../core/webhook/ports.ts';
import { WIRE_ERRORS } from './errors.ts';

/** Characters of the app server's own words that are handed on. */
const WORDS_LENGTH_MAX = 1_000;
const CODE_MAX = 2_147_483_647;

export type Fields = Readonly<Record<string, unknown>>;

export type Verdict =
  | Readonly<{ kind: 'go-on'; fields: Fields }>
  | Readonly<{ kind: 'refused'; code: number; message: string; detail: string }>
  | Readonly<{ kind: 'unreadable'; why: string }>;

const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/**
 * What the app server has answered (REST reference 10.3). The HTTP status is not looked at, unless there is
 * nothing in the body to go by: the error page of a framework may be JSON too, and is no consent.
 */
export const verdictOf = (convention: Convention, status: number, body: string): Verdict => {
  let answer: unknown;
  try {
    answer = JSON.parse(body);
  } catch {
    return { kind: 'unreadable', why: `HTTP ${String(status)}, and the body is not JSON` };
  }
  if (!isFields(answer)) {
    return { kind: 'unreadable', why: `HTTP ${String(status)}, and the body is not a JSON object` };
  }
  const isSuccess = status >= 200 && status < 300;
  if (!isSuccess && !('actionCode' in answer) && !('nextCode' in answer)) {
    return { kind: 'unreadable', why: `HTTP ${String(status)} without an actionCode` };
  }
  if (!isRefusal(convention, answer)) return { kind: 'go-on', fields: answer };
  const code = numberOf(answer['errCode']);
  return {
    kind: 'refused',
    code: code > 0 && code <= CODE_MAX ? code : WIRE_ERRORS.serverInternal.errCode,
    message: wordsOf(answer['errMsg']),
    detail: wordsOf(answer['errDlt']),
  };
};

/** Of v3, an actionCode other than 0 says that the callback itself has failed, and all goes on. */
const isRefusal = (convention: Convention, answer: Fields): boolean => {
  const action = numberOf(answer['actionCode']);
  return convention === 'v2' ? action !== 0 : action === 0 && numberOf(answer['nextCode']) === 1;
};

const numberOf = (value: unknown): number => {
  const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
  return typeof number === 'number' && Number.isInteger(number) ? number : 0;
};

const wordsOf = (value: unknown): string =>
  typeof value === 'string' ? value.slice(0, WORDS_LENGTH_MAX) : '';
