import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { launchChromium, type Chromium } from '../support/chromium.ts';
import { conversationWhere, singleChat, type SdkMessage } from '../support/sdkClient.ts';
import { startSeqline, type Seqline } from '../support/seqline.ts';
import { until } from '../support/until.ts';
import { devicesOn, registered, type Devices } from './kits.ts';

let chromium: Chromium;
let server: Seqline;
let devices: Devices;

beforeAll(async () => {
  [server, chromium] = await Promise.all([startSeqline(), launchChromium()]);
  devices = devicesOn(server, chromium);
});
afterEach(() => devices.closeAll());
afterAll(async () => {
  await chromium.close();
  await server.dispose();
});

const numbers = (count: number): readonly number[] =>
  Array.from({ length: count }, (_, at) => at + 1);

const essence = (messages: readonly SdkMessage[]) =>
  messages.map(({ seq, clientMsgID, serverMsgID, sendID, sendTime, text }) => {
    return { seq, clientMsgID, serverMsgID, sendID, sendTime, text };
  });

test('the two SDKs read each other, and count the same', async () => {
  const [ann, bob] = [await registered(server, 'ann'), await registered(server, 'bob')];
  const [wasm, js] = [await devices.ready('wasm', ann), await devices.ready('js', bob)];
  const chat = singleChat(ann, bob);

  await wasm.client.sendText(bob, 'from wasm 1');
  // The JS SDK (0.0.14) asks for a chat it does not know, and counts what comes meanwhile twice or not at all.
  await conversationWhere(js.client, chat, ({ unreadCount }) => unreadCount === 1);
  for (const number of numbers(5).slice(1)) {
    await wasm.client.sendText(bob, `from wasm ${String(number)}`);
  }
  await conversationWhere(js.client, chat, ({ unreadCount }) => unreadCount === 5);
  await js.client.markRead(chat);
  await wasm.client.events.heard('OnRecvC2CReadReceipt');
  await conversationWhere(js.client, chat, ({ unreadCount }) => unreadCount === 0);

  for (const number of numbers(7)) await js.client.sendText(ann, `from js ${String(number)}`);
  await conversationWhere(wasm.client, chat, ({ unreadCount }) => unreadCount === 7);
  expect(await wasm.client.totalUnread()).toBe(7);
  await wasm.client.markRead(chat);
  await js.client.events.heard('OnRecvC2CReadReceipt');

  const seen = essence(await wasm.client.history(chat, 40));
  expect(essence(await js.client.history(chat, 40))).toEqual(seen);
  expect(seen.map(({ seq }) => seq)).toEqual(numbers(12));
  expect(seen.map(({ text }) => text)).toEqual([
    ...numbers(5).map((number) => `from wasm ${String(number)}`),
    ...numbers(7).map((number) => `from js ${String(number)}`),
  ]);
  expect(wasm.client.events.messages().map(({ seq }) => seq)).toEqual(numbers(12).slice(5));
  expect(js.client.events.messages().map(({ seq }) => seq)).toEqual(numbers(5));
});

test('what both send at once has one order for both', async () => {
  const [ann, bob] = [await registered(server, 'ann'), await registered(server, 'bob')];
  const [wasm, js] = [await devices.ready('wasm', ann), await devices.ready('js', bob)];
  const chat = singleChat(ann, bob);

  const sent = await Promise.all(
    numbers(10).flatMap((number) => [
      wasm.client.sendText(bob, `wasm ${String(number)}`),
      js.client.sendText(ann, `js ${String(number)}`),
    ]),
  );

  const complete = (client: typeof wasm.client) =>
    until(`${client.userID} has all twenty with their numbers`, async () => {
      const seen = essence(await client.history(chat, 40));
      return seen.filter(({ seq }) => seq > 0).length === 20 ? seen : undefined;
    });
  const seen = await complete(wasm.client);
  expect(await complete(js.client)).toEqual(seen);
  expect(seen.map(({ seq }) => seq)).toEqual(numbers(20));
  const ids = (messages: readonly { clientMsgID: string; serverMsgID: string }[]) =>
    messages.map(({ clientMsgID, serverMsgID }) => `${clientMsgID} ${serverMsgID}`).sort();
  expect(ids(seen)).toEqual(ids(sent));
  const times = seen.map(({ sendTime }) => sendTime);
  expect(times).toEqual([...times].sort((one, other) => one - other));
});
