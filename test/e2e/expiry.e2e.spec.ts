import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { launchChromium, type Chromium } from '../support/chromium.ts';
import { addressOf, dial, dialNatively } from '../support/rawSocket.ts';
import { GOB_FORM } from '../support/rawWire.ts';
import { WEB } from '../support/sdkClient.ts';
import { startSeqline, type Seqline } from '../support/seqline.ts';
import { holdsFor } from '../support/until.ts';
import { devicesOn, untilExpired, registered, type Devices } from './kits.ts';

/** Time enough to load an SDK and log in with a fresh token, and not long to wait for its end. */
const TOKEN_SECONDS = 15;
/** Longer than the Go core's first three waits before a reconnect (1, 2 and 4 s). */
const NO_RECONNECT_FOR = 8_000;

let chromium: Chromium;
let server: Seqline;
let devices: Devices;

beforeAll(async () => {
  [server, chromium] = await Promise.all([
    startSeqline({ SEQLINE_TOKEN_LIFETIME: `${String(TOKEN_SECONDS)}s` }),
    launchChromium(),
  ]);
  devices = devicesOn(server, chromium);
});
afterEach(() => devices.closeAll());
afterAll(async () => {
  await chromium.close();
  await server.dispose();
});

describe('a token whose time is over', () => {
  test.each(['wasm', 'js'] as const)('ends a login with the %s SDK', async (sdk) => {
    const ann = await registered(server, 'ann');
    const token = await server.tokenOf(ann, WEB);
    await untilExpired(server, token);
    const { client, link } = await devices.make(sdk, ann, token);

    await client.login();

    await client.events.heard('OnUserTokenExpired');
    expect(client.events.count('OnConnectSuccess')).toBe(0);
    const dials = link.dials();
    // The JS SDK goes on dialling every five seconds, whatever it has told its app.
    const allowed = sdk === 'js' ? 2 : 0;
    await holdsFor('it does not storm', NO_RECONNECT_FOR, () => link.dials() <= dials + allowed);
  });

  test('is refused at both doors', async () => {
    const ann = await registered(server, 'ann');
    const token = await server.tokenOf(ann, WEB);
    await untilExpired(server, token);
    const login = { wsAddr: server.wsAddr, userID: ann, token, platformID: WEB, form: GOB_FORM };
    await expect(dial(login)).rejects.toMatchObject({ errCode: 1501 });
    const native = await dialNatively(addressOf(login, { isMsgResp: 'false' }));
    expect(native).toMatchObject({ status: 200, body: { errCode: 1501 } });
    const called = await server.api('/user/get_users_info', { userIDs: [ann] }, { token });
    expect(called.errCode).toBe(1501);
  });

  test('ends a session of the wasm SDK that had begun before', async () => {
    const [ann, bob] = [await registered(server, 'ann'), await registered(server, 'bob')];
    const { client, link, token } = await devices.make('wasm', ann);
    await client.login();
    await client.events.heard('OnSyncServerFinish');
    await untilExpired(server, token);

    // The next call tells the SDK, unless the server has already cut the connection.
    await client.lookUp(bob).catch(() => undefined);

    await client.events.heard('OnUserTokenExpired');
    const dials = link.dials();
    await holdsFor('it does not connect again', NO_RECONNECT_FOR, () => link.dials() === dials);
  });
});
