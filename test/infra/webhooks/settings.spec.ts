import { describe, expect, test } from 'vitest';
import { KNOWN_CALLBACKS } from '../../../gateways/openim/callbacks.ts';
import { isPublicAddress } from '../../../infra/webhooks/addresses.ts';
import { parseWebhooks, readWebhooks } from '../../../infra/webhooks/settings.ts';

const parse = (value: unknown) => parseWebhooks(JSON.stringify(value), KNOWN_CALLBACKS, 'w.json');
const one = (endpoint: object) => ({
  endpoints: [{ name: 'app', url: 'https://app.example.com/cb', ...endpoint }],
});
const KEY = Buffer.alloc(32, 7).toString('base64');

describe('[HOK-8] the file of webhooks', () => {
  test('is read as it says', () => {
    const [endpoint] = parse(
      one({
        secrets: `whsec_${KEY}`,
        giveUpAfter: '2h',
        before: {
          beforeSendSingleMsg: { timeout: 2, failedContinue: true, attentionIds: ['ann'] },
          beforeMsgModify: { timeout: '800ms', deniedTypes: [102, '200-500'] },
        },
        after: { afterSendSingleMsg: { allowedTypes: [101] } },
      }),
    );
    const none = { allowedTypes: [], deniedTypes: [], attentionIds: new Set() };
    expect(endpoint).toEqual({
      name: 'app',
      url: 'https://app.example.com/cb',
      keys: [Buffer.alloc(32, 7)],
      allowPrivate: false,
      convention: 'v3',
      giveUpAfter: 7_200_000,
      before: new Map([
        [
          'beforeSendSingleMsg',
          {
            timeout: 2_000,
            failedContinue: true,
            filter: { ...none, attentionIds: new Set(['ann']) },
          },
        ],
        [
          'beforeMsgModify',
          {
            timeout: 800,
            failedContinue: false,
            filter: {
              ...none,
              deniedTypes: [
                [102, 102],
                [200, 500],
              ],
            },
          },
        ],
      ]),
      after: new Map([
        ['afterSendSingleMsg', { timeout: 5_000, filter: { ...none, allowedTypes: [[101, 101]] } }],
      ]),
    });
  });

  test('is not needed', () => {
    expect(readWebhooks('', KNOWN_CALLBACKS)).toEqual([]);
  });

  test.each([
    [[], 'the file: must be an object'],
    [{}, 'endpoints: must be a list'],
    [{ endpoints: [], more: 1 }, 'more: there is no such setting'],
    [one({ name: 'A-B' }), 'endpoints[0].name: must be 1 to 32'],
    [one({ url: 'ftp://x/' }), 'endpoints[0].url: must be an address'],
    [one({ url: 'https://u:p@x/' }), 'endpoints[0].url: must have neither user'],
    [one({ url: 'http://127.0.0.1/' }), 'endpoints[0].url: 127.0.0.1 is a private address'],
    [one({ url: 'http://[::1]/' }), 'endpoints[0].url: ::1 is a private address'],
    [one({ url: 'http://2130706433/' }), 'endpoints[0].url: 127.0.0.1 is a private address'],
    [one({ secrets: 'topsecret' }), 'endpoints[0].secrets: must be one or two'],
    [one({ secrets: [KEY, KEY, KEY] }), 'endpoints[0].secrets: must be one or two'],
    [one({ secret: KEY }), 'endpoints[0].secret: there is no such setting'],
    [one({ convention: 'v4' }), 'endpoints[0].convention: must be "v3" or "v2"'],
    [one({ giveUpAfter: '100y' }), 'endpoints[0].giveUpAfter: must be a time like'],
    [
      one({ before: { beforeAll: {} } }),
      'endpoints[0].before.beforeAll: there is no such callback',
    ],
    [
      one({ after: { beforeMsgModify: {} } }),
      'endpoints[0].after.beforeMsgModify: belongs under before',
    ],
    [
      one({ before: { beforeMsgModify: { timeout: 0 } } }),
      'endpoints[0].before.beforeMsgModify.timeout: must be a time',
    ],
    [
      one({ before: { beforeMsgModify: { failedContinue: 'yes' } } }),
      'endpoints[0].before.beforeMsgModify.failedContinue: must be true or false',
    ],
    [
      one({ before: { beforeAddBlack: { attentionIds: [] } } }),
      'endpoints[0].before.beforeAddBlack.attentionIds: there is no such setting',
    ],
    [
      one({ before: { beforeMsgModify: { deniedTypes: ['x'] } } }),
      'endpoints[0].before.beforeMsgModify.deniedTypes: must be a list',
    ],
  ])('with %j names the field', (value, problem) => {
    expect(() => parse(value)).toThrow(`w.json: ${problem}`);
  });

  test('names two endpoints that are called the same, or asked the same', () => {
    const [endpoint] = one({ before: { beforeMsgModify: {} } }).endpoints;
    const both = { endpoints: [endpoint, endpoint] };
    expect(() => parse(both)).toThrow(/endpoints\[1\].name: there are two endpoints called app/);
    expect(() => parse(both)).toThrow(/endpoints\[1\].before.beforeMsgModify: is asked at app/);
  });

  test('shows no secret when it is wrong, not even where it is no JSON', () => {
    const secret = 'dG9wc2VjcmV0';
    for (const text of [
      JSON.stringify(one({ secrets: [secret] })),
      `{"endpoints":[{"secrets":"${secret}",}]}`,
      `{"secrets":"${secret}"`,
      `"${secret}`,
    ]) {
      expect(() => parseWebhooks(text, KNOWN_CALLBACKS, 'w.json')).toThrow(/^w\.json: /);
      expect(() => parseWebhooks(text, KNOWN_CALLBACKS, 'w.json')).not.toThrow(secret);
    }
  });

  test('that is not there is told by its name', () => {
    expect(() => readWebhooks('no/such/file.json', KNOWN_CALLBACKS)).toThrow(
      /SEQLINE_WEBHOOKS: no\/such\/file.json cannot be read/,
    );
  });
});

describe('[HOK-7] an address is public', () => {
  test.each(['8.8.8.8', '172.32.0.1', '2606:4700::1'])('%s', (address) => {
    expect(isPublicAddress(address)).toBe(true);
  });
});
describe('[HOK-7] an address is not public', () => {
  test.each([
    '127.0.0.1',
    '0.0.0.0',
    '10.1.2.3',
    '172.16.0.1',
    '192.168.1.1',
    '169.254.169.254',
    '100.64.1.1',
    '224.0.0.1',
    '::',
    '::1',
    '::ffff:127.0.0.1',
    '::ffff:8.8.8.8',
    '64:ff9b::7f00:1',
    'fe80::1',
    'fe80::1%eth0',
    'fd00::1',
    'localhost',
    '',
  ])('%s', (address) => {
    expect(isPublicAddress(address)).toBe(false);
  });
});
