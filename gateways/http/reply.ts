import type { Position } from '../../core/kernel/ids.ts';
import { apiResp, WIRE_ERRORS, type ApiResp, type WireError } from '../openim/errors.ts';
import { wireErrorOf } from '../openim/refusals.ts';
import type { Refusal, Refused } from '../ports.ts';

/** An answer as it goes out. */
export type Wire = Readonly<{
  status: number;
  body: ApiResp & Readonly<{ data?: unknown }>;
  /** Its data has bigints. */
  exact?: true;
}>;

/** What a route has come to. `position`: where what it did stands in the log. */
export type Answer<T> = Readonly<{ kind: 'done'; position?: Position; data?: T }> | Refused;

export const answer = <T>(data: T): Answer<T> => ({ kind: 'done', data });

export const refuse = (reason: Refusal, detail: string): Refused => ({
  kind: 'refused',
  reason,
  detail,
});

/** Business errors are HTTP 200: clients look at errCode alone (REST reference 1.6). 503: try again. */
export const refusedWire = (refused: Refused): Wire => {
  const error = wireErrorOf(refused);
  return {
    status: error === WIRE_ERRORS.serverInternal ? 503 : 200,
    body: apiResp(error, refused.detail),
  };
};

/** Refusals that OpenIM gives another number in one call than in others. */
export const refusedWith =
  (numbers: Partial<Record<Refusal, WireError>>) =>
  ({ reason, detail }: Refused): Wire | undefined => {
    const error = numbers[reason];
    return error && { status: 200, body: apiResp(error, detail) };
  };

/** Nothing is wrong with the call, nor with us: it is to be made again. The code is that of any fault. */
export const unavailableWire = (detail: string): Wire => ({
  status: 503,
  body: apiResp(WIRE_ERRORS.serverInternal, detail),
});

export const faultWire = (detail: string): Wire => ({
  status: 500,
  body: apiResp(WIRE_ERRORS.serverInternal, detail),
});

export const doneWire = (data: unknown, detail = ''): Wire => ({
  status: 200,
  body: { ...apiResp(undefined, detail), ...(data === undefined ? {} : { data }) },
});
