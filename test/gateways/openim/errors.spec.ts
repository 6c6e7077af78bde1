import { describe, expect, test } from 'vitest';
import { apiResp, WIRE_ERRORS } from '../../../gateways/openim/errors.ts';
import { isNotificationContent } from '../../../gateways/openim/numbers.ts';

describe('the catalogue of errors', () => {
  test('has each code and each name once', () => {
    const errors = Object.values(WIRE_ERRORS);
    expect(new Set(errors.map(({ errCode }) => errCode)).size).toBe(errors.length);
    expect(new Set(errors.map(({ errMsg }) => errMsg)).size).toBe(errors.length);
  });

  test('keeps 1501 to 1507, which log out an SDK, for tokens', () => {
    const names = Object.entries(WIRE_ERRORS)
      .filter(([, { errCode }]) => errCode >= 1501 && errCode <= 1507)
      .map(([name]) => name);
    expect(names).toHaveLength(7);
    expect(names.every((name) => name.startsWith('token'))).toBe(true);
  });

  test('makes answers', () => {
    expect(JSON.stringify(apiResp())).toBe('{"errCode":0,"errMsg":"","errDlt":""}');
    expect(apiResp(WIRE_ERRORS.args, 'userID: missing')).toEqual({
      errCode: 1001,
      errMsg: 'ArgsError',
      errDlt: 'userID: missing',
    });
  });
});

describe('numbers', () => {
  test('content types from 1000 to 5000 are the server’s', () => {
    expect([101, 999, 1000, 2200, 5000, 5001].map(isNotificationContent)).toEqual([
      false,
      false,
      true,
      true,
      true,
      false,
    ]);
  });
});
