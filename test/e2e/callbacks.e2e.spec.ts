import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { launchChromium, type Chromium } from '../support/chromium.ts';
import { receiver, type Receiver } from '../support/receiver.ts';
import { SdkRefusal, singleChat } from '../support/sdkClient.ts';
import { startSeqline, type Seqline } from '../support/seqline.ts';
import { untilTrue } from '../support/until.ts';
import { devicesOn, registered, type Devices } from './kits.ts';

let chromium: Chromium;
let server: Seqline;
let devices: Devices;
let app: Receiver;
let folder: string;

/** An app server that masks one word, refuses another, and is told of all that was sent. */
beforeAll(async () => {
  app = await receiver(({ body }) => {
    const said = String(body['content']);
    if (body['callbackCommand'] === 'callbackBeforeSendSingleMsgCommand') {
      return said.includes('forbidden')
        ? { actionCode: 0, errCode: 5001, errMsg: 'not here', errDlt: '', nextCode: 1 }
        : {};
    }
    return said.includes('damn') ? { content: said.replaceAll('damn', '****') } : {};
  });
  folder = await mkdtemp(join(tmpdir(), 'seqline-callbacks-'));
  const file = join(folder, 'webhooks.json');
  const endpoint = {
    name: 'moderation',
    url: app.url,
    allowPrivate: true,
    before: { beforeSendSingleMsg: {}, beforeMsgModify: {} },
    after: { afterSendSingleMsg: {} },
  };
  await writeFile(file, JSON.stringify({ endpoints: [endpoint] }));
  [server, chromium] = await Promise.all([
    startSeqline({ SEQLINE_WEBHOOKS: file }),
    launchChromium(),
  ]);
  devices = devicesOn(server, chromium);
});
afterEach(() => devices.closeAll());
afterAll(async () => {
  await chromium.close();
  await server.dispose();
  await app.end();
  await rm(folder, { recursive: true });
});

describe('two users with the wasm SDK, and an app server that moderates', () => {
  test('[HOK-2] [HOK-3] what it masks is what the other sees, and what it refuses nobody', async () => {
    const [ann, bob] = [await registered(server, 'ann'), await registered(server, 'bob')];
    const [{ client: anns }, { client: bobs }] = await Promise.all([
      devices.ready('wasm', ann),
      devices.ready('wasm', bob),
    ]);
    await anns.sendText(bob, 'damn it');
    const refused = await anns.sendText(bob, 'forbidden').then(
      () => 0,
      (error: unknown) => (error instanceof SdkRefusal ? error.errCode : -1),
    );
    expect(refused).toBe(5001);
    await anns.sendText(bob, 'well');
    await untilTrue('bob has both', () => bobs.events.messages().length >= 2);
    const seen = ['**** it', 'well'];
    expect(bobs.events.messages().map(({ text }) => text)).toEqual(seen);
    expect((await bobs.history(singleChat(ann, bob), 10)).map(({ text }) => text)).toEqual(seen);
    // What it is told is what everybody has.
    const told = () =>
      app.received
        .filter(({ body }) => body['callbackCommand'] === 'callbackAfterSendSingleMsgCommand')
        .map(({ body }) => [body['seq'], body['content']]);
    await untilTrue('the app server has been told', () => told().length >= 2);
    expect(told()).toEqual([
      [1, '{"content":"**** it"}'],
      [2, '{"content":"well"}'],
    ]);
  });
});
