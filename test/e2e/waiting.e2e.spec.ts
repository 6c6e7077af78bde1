import { afterAll, beforeAll, describe, expect, test, type TestContext } from 'vitest';
import { launchChromium, type Chromium } from '../support/chromium.ts';
import { addressOf, dial, dialNatively } from '../support/rawSocket.ts';
import { GOB_FORM } from '../support/rawWire.ts';
import { WEB } from '../support/sdkClient.ts';
import { startSeqline, type Seqline } from '../support/seqline.ts';
import { holdsFor } from '../support/until.ts';
import { devicesOn, registered, untilExpired, type Devices } from './kits.ts';

/**
 * What takes a while because nothing is to happen: all at once, for they hardly use the machine.
 *
 * Longer than any deadline of a client (30 s) and than the server's own for a silent socket (90 s).
 * SEQLINE_TEST_IDLE_SECONDS=300 is OpenIM's own acceptance scenario (gateway reference 8.2, step 9).
 */
const IDLE_MS = Number(process.env['SEQLINE_TEST_IDLE_SECONDS'] ?? '100') * 1_000;
/** Time enough to log in with a fresh token, and not long to wait for its end. */
const TOKEN_SECONDS = 20;
/** Longer than the Go core's first three waits before a reconnect (1, 2 and 4 s). */
const NO_RECONNECT_FOR = 8_000;

let chromium: Chromium;
/** With tokens that last, and with tokens that do not. */
let server: Seqline;
let brief: Seqline;

beforeAll(async () => {
  [server, brief, chromium] = await Promise.all([
    startSeqline(),
    startSeqline({ SEQLINE_TOKEN_LIFETIME: `${String(TOKEN_SECONDS)}s` }),
    launchChromium(),
  ]);
});
afterAll(async () => {
  await chromium.close();
  await Promise.all([server.dispose(), brief.dispose()]);
});

/** Devices of one test, which ends while others go on. */
const devicesFor = ({ onTestFinished }: TestContext, on: Seqline): Devices => {
  const devices = devicesOn(on, chromium);
  onTestFinished(() => devices.closeAll());
  return devices;
};

describe.concurrent('while nothing happens', () => {
  test(
    '[WIR-3] users who say nothing stay connected with either SDK, and hear what comes at last',
    async (context) => {
      const devices = devicesFor(context, server);
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

  test.for(['wasm', 'js'] as const)(
    'a token whose time is over ends a login with the %s SDK',
    async (sdk, context) => {
      const devices = devicesFor(context, brief);
      const ann = await registered(brief, 'ann');
      const token = await brief.tokenOf(ann, WEB);
      await untilExpired(brief, token);
      const { client, link } = await devices.make(sdk, ann, token);

      await client.login();

      await client.events.heard('OnUserTokenExpired');
      expect(client.events.count('OnConnectSuccess')).toBe(0);
      const dials = link.dials();
      // The JS SDK goes on dialling every five seconds, whatever it has told its app.
      const allowed = sdk === 'js' ? 2 : 0;
      await holdsFor('it does not storm', NO_RECONNECT_FOR, () => link.dials() <= dials + allowed);
    },
  );

  test('a token whose time is over is refused at both doors', async () => {
    const ann = await registered(brief, 'ann');
    const token = await brief.tokenOf(ann, WEB);
    await untilExpired(brief, token);
    const login = { wsAddr: brief.wsAddr, userID: ann, token, platformID: WEB, form: GOB_FORM };
    await expect(dial(login)).rejects.toMatchObject({ errCode: 1501 });
    const native = await dialNatively(addressOf(login, { isMsgResp: 'false' }));
    expect(native).toMatchObject({ status: 200, body: { errCode: 1501 } });
    const called = await brief.api('/user/get_users_info', { userIDs: [ann] }, { token });
    expect(called.errCode).toBe(1501);
  });

  test('a token whose time is over ends a session of the wasm SDK that had begun before', async (context) => {
    const devices = devicesFor(context, brief);
    const [ann, bob] = [await registered(brief, 'ann'), await registered(brief, 'bob')];
    const { client, link, token } = await devices.make('wasm', ann);
    await client.login();
    await client.events.heard('OnSyncServerFinish');
    await untilExpired(brief, token);

    // The next call tells the SDK, unless the server has already cut the connection.
    await client.lookUp(bob).catch(() => undefined);

    await client.events.heard('OnUserTokenExpired');
    const dials = link.dials();
    await holdsFor('it does not connect again', NO_RECONNECT_FOR, () => link.dials() === dials);
  });
});
