import { describe, expect, test } from 'vitest';
import { NotAnswerable, type Caller, type Refusal } from '../../../gateways/ports.ts';
import { answerOf, readQuery, welcome, type Welcome } from '../../../gateways/ws/handshake.ts';
import type { TokenId, UserId } from '../../../core/kernel/ids.ts';

const GOOD = { sendID: 'ann', token: 'good', platformID: '5', operationID: 'op' };

const query = (changes: Readonly<Record<string, string | undefined>> = {}): string => {
  const all: [string, string | undefined][] = Object.entries({ ...GOOD, ...changes });
  return all.flatMap(([name, value]) => (value === undefined ? [] : `${name}=${value}`)).join('&');
};

const ann: Caller = {
  user: 'ann' as UserId,
  platform: 5,
  token: 't' as TokenId,
  expiresAt: 1,
  admin: false,
};

const ask = (
  text: string,
  {
    refusal,
    full = false,
    crowded = false,
    closing = false,
    caller = ann,
    header = '',
    fault = false,
    groupless = false,
  }: Readonly<{
    refusal?: Refusal;
    full?: boolean;
    crowded?: boolean;
    closing?: boolean;
    caller?: Caller;
    header?: string;
    fault?: boolean;
    groupless?: boolean;
  }> = {},
): Promise<Welcome> =>
  welcome({
    logins: {
      check: () => {
        if (fault) return Promise.reject(new Error('the store is away'));
        return Promise.resolve(
          refusal === undefined
            ? { kind: 'done', caller }
            : { kind: 'refused', reason: refusal, detail: 'so' },
        );
      },
    },
    groups: () => {
      if (groupless) return Promise.reject(new NotAnswerable('the lists are behind'));
      return Promise.resolve({ groups: [], asOf: 0 });
    },
    full: () => full,
    crowded: () => crowded,
    closing: () => closing,
    failed: () => undefined,
  })(readQuery(text, header));

const codeOf = (answer: Welcome): number => (answer.kind === 'refused' ? answer.error.errCode : 0);

const formOf = (answer: Welcome) =>
  answer.kind === 'accepted' ? answer.introduction.form : undefined;

describe('who may connect', () => {
  test.each([
    ['no token', query({ token: undefined }), 1602],
    ['an empty token', query({ token: '' }), 1602],
    ['no sendID', query({ sendID: undefined }), 1602],
    ['no operationID', query({ operationID: undefined }), 1602],
    ['a very long operationID', query({ operationID: 'x'.repeat(257) }), 1602],
    ['no platform', query({ platformID: undefined }), 1602],
    ['a platform that is no number', query({ platformID: 'web' }), 1602],
    ['an unknown platform', query({ platformID: '12' }), 1602],
    ['an unknown sdkType', query({ sdkType: 'c' }), 1602],
    ['a malformed isMsgResp', query({ isMsgResp: 'yes' }), 1602],
    ['a malformed isBackground', query({ isBackground: 'maybe' }), 1602],
    ['an unreadable v', `${query()}&v=!!!`, 1602],
    ['all that is needed', query(), 0],
    ['sdkType go', query({ sdkType: 'go', isBackground: 'T' }), 0],
  ])('[WIR-1] %s', async (_, text, code) => {
    expect(codeOf(await ask(text))).toBe(code);
  });

  test.each<[Refusal, number]>([
    ['token/malformed', 1503],
    ['token/expired', 1501],
    ['token/not-yet-valid', 1504],
    ['token/unknown', 1505],
    ['token/not-exist', 1507],
    ['token/kicked', 1506],
    ['service/unavailable', 500],
  ])('[WIR-1] a token refused as %s', async (refusal, code) => {
    expect(codeOf(await ask(query(), { refusal }))).toBe(code);
  });

  test('[WIR-1] a token of another user or platform is 1502', async () => {
    expect(codeOf(await ask(query({ sendID: 'bob' })))).toBe(1502);
    expect(codeOf(await ask(query({ platformID: '1' })))).toBe(1502);
  });

  test('[WIR-1] too many connections come before wrong arguments, and those before the token', async () => {
    const refusal = 'token/expired';
    expect(codeOf(await ask('', { full: true, refusal }))).toBe(1601);
    expect(codeOf(await ask(query({ platformID: '' }), { refusal }))).toBe(1602);
  });

  test('[WIR-70] a user with too many connections is told so once its token is known to be good', async () => {
    expect(codeOf(await ask(query(), { crowded: true }))).toBe(1601);
    expect(codeOf(await ask(query(), { crowded: true, refusal: 'token/kicked' }))).toBe(1506);
    // Its groups are not looked up for that.
    expect(codeOf(await ask(query(), { crowded: true, groupless: true }))).toBe(1601);
  });

  test('[WIR-1] what fails without a code is 500', async () => {
    expect(codeOf(await ask(query(), { fault: true }))).toBe(500);
    expect(codeOf(await ask(query(), { closing: true }))).toBe(500);
  });

  test('[WIR-60] nor is anybody let in whose groups cannot be told: clients come again', async () => {
    expect(codeOf(await ask(query(), { groupless: true }))).toBe(500);
  });
});

describe('how it is spoken with', () => {
  test('gob unless js is asked for, gzip only where exactly that is', async () => {
    expect(formOf(await ask(query()))).toEqual({ kind: 'gob', gzip: false });
    expect(formOf(await ask(query({ sdkType: 'js', compression: 'gzip' })))).toEqual({
      kind: 'json',
      gzip: true,
    });
    expect(formOf(await ask(query({ compression: 'GZIP' })))).toEqual({ kind: 'gob', gzip: false });
  });

  test('the header compression counts where the parameter is absent', async () => {
    const header = 'gzip';
    expect(formOf(await ask(query(), { header }))?.gzip).toBe(true);
    expect(formOf(await ask(query({ compression: 'no' }), { header }))?.gzip).toBe(false);
  });

  test('`v` replaces the parameters', async () => {
    const packed = {
      token: 'good',
      userID: 'ann',
      platformID: 5,
      operationID: 'packed',
      compression: 'gzip',
      sdkType: 'js',
      sendResponse: true,
      background: true,
    };
    const v = Buffer.from(JSON.stringify(packed)).toString('base64url');
    const asked = readQuery(`v=${v}&sendID=bob`, '');
    expect(asked.answerByFrame).toBe(true);
    expect(asked.introduction).toEqual({
      user: 'ann',
      token: 'good',
      platform: 5,
      operationId: 'packed',
      background: true,
      form: { kind: 'json', gzip: true },
    });
  });

  test.each(['1', 't', 'T', 'TRUE', 'true', 'True'])('isMsgResp %s asks for a frame', (text) => {
    expect(readQuery(query({ isMsgResp: text }), '').answerByFrame).toBe(true);
  });

  test('a browser is told of every mistake in a frame, even of missing parameters', () => {
    expect(readQuery('isMsgResp=true', '').answerByFrame).toBe(true);
    expect(readQuery('', '').answerByFrame).toBe(false);
  });

  test('[WIR-69] a client waits for its frame if it asks for one, but for the JS SDK', () => {
    const waits = (text: string): boolean => readQuery(text, '').waitsForFrame;
    expect(waits(query())).toBe(false);
    expect(waits(query({ isMsgResp: 'true' }))).toBe(true);
    expect(waits(query({ isMsgResp: 'true', sdkType: 'go' }))).toBe(true);
    expect(waits(query({ isMsgResp: 'true', sdkType: 'js' }))).toBe(false);
    expect(waits('isMsgResp=true&v=!!!')).toBe(true);
    expect(waits('isMsgResp=true&sdkType=js&v=!!!')).toBe(false);
    const v = Buffer.from('{"sdkType":"js","sendResponse":true}').toString('base64url');
    expect(waits(`v=${v}`)).toBe(false);
  });

  test('[WIR-2] the answer is an ApiResp', async () => {
    expect(answerOf(await ask(query()))).toBe('{"errCode":0,"errMsg":"","errDlt":""}');
    expect(answerOf(await ask(query(), { refusal: 'token/kicked' }))).toBe(
      '{"errCode":1506,"errMsg":"TokenKickedError","errDlt":"so"}',
    );
  });
});
