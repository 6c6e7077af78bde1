import { createHmac } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import Fastify, { type FastifyInstance } from 'fastify';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { AFTER, BEFORE, KNOWN_CALLBACKS } from '../../../gateways/openim/callbacks.ts';
import { askedKeys, toldKeys } from '../../support/callbackBodies.ts';
import { signatureOf } from '../../../infra/webhooks/signature.ts';
import { parseWebhooks } from '../../../infra/webhooks/settings.ts';

const textOf = (page: string) => readFileSync(new URL(`../../../${page}`, import.meta.url), 'utf8');
const PAGE = textOf('docs/CALLBACKS.md');
const README = textOf('README.md');

/** What stands between a heading of the second rank and the next. */
const part = (heading: string): string => {
  const from = PAGE.indexOf(`\n## ${heading}`);
  return PAGE.slice(from, PAGE.indexOf('\n## ', from + 1));
};
/** Names in the first column of the tables there. */
const named = (heading: string): readonly string[] =>
  [...part(heading).matchAll(/^\| ([^|]*)\|/gm)].flatMap(([, cell = '']) =>
    [...cell.matchAll(/`((?:before|after)\w+)`/g)].map(([, name = '']) => name),
  );
const blocks = (text: string, language: string): readonly string[] =>
  [...text.matchAll(new RegExp(`^\`\`\`${language}\n(.*?)^\`\`\``, 'gms'))].map(
    ([, code = '']) => code,
  );

/** Those of OpenIM's webhooks.yml (REST reference 10.6), and of its older versions, that are not served. */
const OTHERS = [
  'beforeOnlinePush',
  'beforeGroupOnlinePush',
  'beforeCreateSingleChatConversations',
  'beforeCreateGroupChatConversations',
  'afterGroupMsgRevoke',
  'beforeSetMessageReactionExtensions',
  'beforeDeleteMessageReactionExtensions',
  'beforeGetMessageListReactionExtensions',
  'beforeAddMessageReactionExtensions',
];

describe('[HOK-50] docs/CALLBACKS.md', () => {
  test('names as asked and told exactly the callbacks that are', () => {
    expect([...named('Asked')].sort()).toEqual(Object.keys(BEFORE).sort());
    expect([...named('Told')].sort()).toEqual(Object.keys(AFTER).sort());
  });

  test('has the command and the fields of each, as they are', async () => {
    const message = /For "message": ([^;]*);/.exec(part('Each call'))?.[1] ?? '';
    const rows = [...part('Each call').matchAll(/^\| `(\w+)`\s*\| `(\w+)`\s*\| (.*?)\s*\|$/gm)];
    const commands = { ...BEFORE, ...AFTER };
    expect(Object.fromEntries(rows.map(([, name, command]) => [name, command]))).toEqual(commands);
    const keys = new Map([...(await askedKeys()), ...(await toldKeys())]);
    for (const [, name = '', , fields = ''] of rows) {
      const whole = fields.replace(/^message/, message).replaceAll(/\s+/g, ' ');
      const wanted = ['callbackCommand', 'operationID', ...whole.split(', ')];
      expect([name, [...(keys.get(name) ?? [])].sort()]).toEqual([name, wanted.sort()]);
    }
  });

  test('says of every other callback of OpenIM why it is not there', () => {
    expect([...named('Not there')].sort()).toEqual([...OTHERS].sort());
    const reasons = [...part('Not there').matchAll(/^\| `.*?\| (.*?)\s*\|$/gm)];
    for (const [, reason = ''] of reasons) expect(reason.length).toBeGreaterThan(40);
    expect(reasons).toHaveLength(4);
  });

  test('shows files that can be used as they are, as does README.md', () => {
    const files = [...blocks(PAGE, 'json'), ...blocks(README, 'json')].filter((text) =>
      text.includes('"endpoints"'),
    );
    expect(files).toHaveLength(2);
    for (const file of files) {
      expect(parseWebhooks(file, KNOWN_CALLBACKS, 'the page')).toHaveLength(1);
    }
    for (const text of blocks(PAGE, 'json'))
      expect(() => JSON.parse(text) as unknown).not.toThrow();
  });
});

type Headers = Readonly<Record<string, string>>;
type Examples = Readonly<{
  isFromSeqline: (headers: Headers, body: string) => boolean;
  isOurs: (headers: Headers, body: string, key: Buffer) => boolean;
  masking: (app: FastifyInstance) => void;
  pushing: (
    app: FastifyInstance,
    send: (users: readonly string[], push: object) => Promise<void>,
  ) => void;
}>;

describe('[HOK-50] the code of the pages, run as it stands there,', () => {
  let folder: string;
  let code: Examples;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'seqline-examples-'));
    const readme = blocks(README, 'js').find((block) => block.includes('webhook-signature')) ?? '';
    const wrapped = `export const isOurs = (headers, body, key) => {\n${readme}\nreturn isOurs;\n};\n`;
    const file = join(folder, 'examples.mjs');
    await writeFile(file, [...blocks(PAGE, 'js'), wrapped].join('\n'));
    code = (await import(/* @vite-ignore */ pathToFileURL(file).href)) as Examples;
  });
  afterAll(() => rm(folder, { recursive: true }));

  const key = Buffer.from('c2VxbGluZSBleGFtcGxlIGtleSwgMzIgYnl0ZXMh', 'base64');
  const body = '{"callbackCommand":"callbackAfterUserRegisterCommand","users":[]}';
  const signed = (keys: readonly Buffer[], seconds = Math.floor(Date.now() / 1000)): Headers => ({
    'webhook-id': 'id-1',
    'webhook-timestamp': String(seconds),
    'webhook-signature': signatureOf(keys, { id: 'id-1', seconds, body }),
  });

  test('[HOK-10] knows what is signed, with the older of two keys too, and nothing else', () => {
    const other = Buffer.alloc(32, 9);
    for (const isSigned of [code.isFromSeqline, code.isOurs]) {
      const check = (headers: Headers, text = body) => isSigned(headers, text, key);
      expect(check(signed([key]))).toBe(true);
      expect(check(signed([other, key]))).toBe(true);
      expect(check(signed([other]))).toBe(false);
      expect(check(signed([key]), `${body} `)).toBe(false);
      expect(check({ ...signed([key]), 'webhook-id': 'id-2' })).toBe(false);
      expect(check({ ...signed([key]), 'webhook-timestamp': '1' })).toBe(false);
    }
    // Signed well, and long ago.
    expect(code.isFromSeqline(signed([key], 1_700_000_000), body)).toBe(false);
    const hmac = createHmac('sha256', key).update(`id-1.1.${body}`).digest('base64');
    expect(signed([key], 1)['webhook-signature']).toBe(`v1,${hmac}`);
  });

  const posting = (build: (app: FastifyInstance) => void) => {
    const app = Fastify();
    build(app);
    return async (command: string, payload: object, headers: Headers = {}) => {
      const url = `/callback/${command}`;
      const answer = await app.inject({ method: 'POST', url, payload, headers });
      return { status: answer.statusCode, json: answer.json<Record<string, unknown>>() };
    };
  };

  test('masks what the page says', async () => {
    const post = posting((app) => code.masking(app));
    const call = blocks(PAGE, 'json').find((text) => text.includes(BEFORE.beforeMsgModify)) ?? '';
    const asked = JSON.parse(call) as object;
    const { json } = await post(BEFORE.beforeMsgModify, asked);
    expect(json).toEqual({ content: '{"content":"**** it"}' });
    expect(PAGE).toContain(JSON.stringify(json));
    const fine = { ...asked, content: '{"content":"fine"}' };
    expect((await post(BEFORE.beforeMsgModify, fine)).json).toEqual({});
    expect((await post(BEFORE.beforeMsgModify, { ...asked, contentType: 102 })).json).toEqual({});
  });

  test('pushes once, and neither what is old nor a replay', async () => {
    const sent: unknown[] = [];
    let isDown = false;
    const post = posting((app) =>
      code.pushing(app, async (users, push) => {
        if (isDown) throw new Error('the provider is down');
        sent.push([users, push]);
      }),
    );
    const command = AFTER.beforeOfflinePush;
    const call = blocks(PAGE, 'json').find((text) => text.includes(command)) ?? '';
    const told = { ...(JSON.parse(call) as object), sendTime: Date.now() };
    isDown = true;
    expect((await post(command, told, { 'webhook-id': 'a' })).status).toBe(500);
    isDown = false;
    expect((await post(command, told, { 'webhook-id': 'a' })).status).toBe(200);
    await post(command, told, { 'webhook-id': 'a' });
    await post(command, told, { 'webhook-id': 'b', 'webhook-replay': 'r' });
    await post(command, { ...told, sendTime: 1 }, { 'webhook-id': 'c' });
    const data = { conversationID: 'sg_g1', seq: '17' };
    expect(sent).toEqual([[['bob', 'cat'], { title: 'Ann', text: 'hi', data }]]);
  });
});
