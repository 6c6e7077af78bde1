import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { EXAMPLE_KEY, inspectWebhooks } from '../../../infra/cli/doctorWebhooks.ts';
import { consent, receiver, type Receiver } from '../../support/receiver.ts';

const KEY = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;
let folder: string;
let app: Receiver;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'seqline-doctor-'));
  app = await receiver();
});
afterAll(async () => {
  await app.end();
  await rm(folder, { recursive: true });
});

const said = async (...endpoints: readonly object[]) => {
  const file = join(folder, 'webhooks.json');
  await writeFile(file, JSON.stringify({ endpoints }));
  const findings = await inspectWebhooks(file);
  return findings.map(({ good, what }) => `${good ? '✓' : '✗'} ${what.replaceAll(file, 'FILE')}`);
};
const here = (more: object = {}) => ({
  name: 'crm',
  url: app.url,
  allowPrivate: true,
  secrets: KEY,
  after: { afterSendSingleMsg: {} },
  ...more,
});

describe('[HOK-49] seqline doctor says of the file of webhooks', () => {
  test('nothing where there is none', async () => {
    expect(await inspectWebhooks('')).toEqual([]);
  });

  test('that all is well, and posts a test to each', async () => {
    const { origin } = new URL(app.url);
    expect(await said(here())).toEqual([
      '✓ SEQLINE_WEBHOOKS FILE can be read',
      `✓ crm at ${origin} takes calls`,
    ]);
    expect(app.commands()).toEqual(['callbackSeqlineTest']);
    expect(app.received[0]!.headers['webhook-signature']).toMatch(/^v1,/);
  });

  test('each field that is wrong, without its secrets', async () => {
    const lines = await said(here({ secrets: 'hunter2' }), here({ name: 'A', timeout: 1 }));
    expect(lines).toEqual([
      expect.stringMatching(/^✗ FILE: endpoints\[0\]\.secrets: must be one or two/),
      expect.stringMatching(/^✗ FILE: endpoints\[1\]\.timeout: there is no such setting/),
      expect.stringMatching(/^✗ FILE: endpoints\[1\]\.name: must be 1 to 32/),
    ]);
    expect(lines.join()).not.toContain('hunter2');
    const gone = await inspectWebhooks(join(folder, 'none.json'));
    expect(gone).toMatchObject([
      { good: false, what: expect.stringContaining('cannot be read') as string },
    ]);
  });

  test('which endpoint has no key, or one that everybody knows', async () => {
    const lines = await said(
      here({ secrets: undefined }),
      here({ name: 'b', secrets: EXAMPLE_KEY }),
    );
    expect(lines).toContainEqual(expect.stringMatching(/^✗ endpoints\[0\]\.secrets: .*not signed/));
    expect(lines).toContainEqual(expect.stringMatching(/^✗ endpoints\[1\]\.secrets: .*everybody/));
    const pages = await Promise.all(
      ['docs/CALLBACKS.md', 'README.md'].map((page) => readFile(page, 'utf8')),
    );
    for (const page of pages) expect(page).toContain(EXAMPLE_KEY);
  });

  test('which one is on a private address by its name, in the clear, away, or does not answer well', async () => {
    const { port } = new URL(app.url);
    const named = { url: `http://localhost:${port}/cb`, allowPrivate: false };
    const away = { name: 'away', url: 'http://127.0.0.1:9/' };
    const lines = await said(here(named), here(away));
    expect(lines).toContainEqual(
      expect.stringMatching(/^✗ endpoints\[0\]\.url: .*private address.*allowPrivate/),
    );
    expect(lines).toContainEqual(expect.stringMatching(/^✗ endpoints\[0\]\.url: .*use https:/));
    expect(lines).toContainEqual(
      expect.stringMatching(/^✗ endpoints\[1\]\.url: away .*check that it runs/),
    );
    app.behave((_, reply) => reply.code(404).send());
    expect((await said(here())).at(-1)).toMatch(
      /^✗ endpoints\[0\]\.url: .*HTTP 404: check the path/,
    );
    app.behave((_, reply) => reply.redirect('/elsewhere'));
    expect((await said(here())).at(-1)).toMatch(/^✗ endpoints\[0\]\.url: .*redirects to/);
    app.behave(consent);
  });
});
