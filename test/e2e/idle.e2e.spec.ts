import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { launchChromium, type Chromium } from '../support/chromium.ts';
import { startSeqline, type Seqline } from '../support/seqline.ts';
import { holdsFor } from '../support/until.ts';
import { devicesOn, registered, type Devices } from './kits.ts';

/**
 * Longer than any deadline of a client (30 s) and than the server's own for a silent socket (90 s).
 * SEQLINE_TEST_IDLE_SECONDS=300 is OpenIM's own acceptance scenario (gateway reference 8.2, step 9).
 */
const IDLE_MS = Number(process.env['SEQLINE_TEST_IDLE_SECONDS'] ?? '100') * 1_000;

let chromium: Chromium;
let server: Seqline;
let devices: Devices;

beforeAll(async () => {
  [server, chromium] = await Promise.all([startSeqline({}), launchChromium()]);
  devices = devicesOn(server, chromium);
});
afterEach(() => devices.closeAll());
afterAll(async () => {
  await chromium.close();
  await server.dispose();
});

describe('users who say nothing', () => {
  test(
    '[WIR-3] stay connected with either SDK, and hear what comes at last',
    async () => {
      const [ann, bob] = [await registered(server, 'ann'), await registered(server, 'bob')];
      const [wasm, js] = [await devices.ready('wasm', ann), await devices.ready('js', bob)];

      await holdsFor(
        'nobody reconnects',
        IDLE_MS,
        () => wasm.link.dials() === 1 && js.link.dials() === 1,
      );

      await wasm.client.sendText(bob, 'still there?');
      await js.client.events.heard('OnRecvNewMessages');
      expect(wasm.client.events.count('OnConnectSuccess')).toBe(1);
      expect(js.client.events.count('OnConnectSuccess')).toBe(1);
    },
    IDLE_MS + 120_000,
  );
});
