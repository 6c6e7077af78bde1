import type { Chromium } from '../support/chromium.ts';
import { openJsClient } from '../support/jsSdk.ts';
import { openLink, type Link } from '../support/link.ts';
import { WEB, type SdkClient } from '../support/sdkClient.ts';
import type { Seqline } from '../support/seqline.ts';
import { untilTrue } from '../support/until.ts';

export type SdkName = 'wasm' | 'js';

/** One user's device: an official SDK with empty storage behind a network that can be cut. */
export type Device = Readonly<{ client: SdkClient; link: Link; token: string }>;

/** Gives devices to one test and takes them all back. */
export type Devices = Readonly<{
  /** Not logged in yet. A token is made for the user unless one is given. */
  make: (sdk: SdkName, userID: string, token?: string) => Promise<Device>;
  /** Logged in and synced. */
  ready: (sdk: SdkName, userID: string) => Promise<Device>;
  closeAll: () => Promise<void>;
}>;

/** What an SDK tells its app, in order, of a first login on an empty device; progress left out. */
export const FIRST_LOGIN = [
  'OnConnecting',
  'OnConnectSuccess',
  'OnSyncServerStart',
  'OnSyncServerFinish',
] as const;

export const connectionEvents = (client: SdkClient): readonly string[] =>
  client.events
    .names()
    .filter((name) => /^On(Connect|SyncServer|Kicked|UserToken)/.test(name))
    .filter((name) => name !== 'OnSyncServerProgress');

/** As much of a server as a device needs. */
type Door = Pick<Seqline, 'httpPort' | 'wsPort' | 'tokenOf'>;

export const devicesOn = (server: Door, chromium: Chromium): Devices => {
  const endings: (() => Promise<void>)[] = [];

  const make = async (sdk: SdkName, userID: string, given?: string): Promise<Device> => {
    const link = await openLink(server);
    endings.push(link.close);
    // Made once the SDK has been loaded, which takes as long as some tokens last.
    const loginNow = async () => {
      const token = given ?? (await server.tokenOf(userID, WEB));
      return { userID, token, apiAddr: link.apiAddr, wsAddr: link.wsAddr };
    };
    if (sdk === 'js') {
      const login = await loginNow();
      const client = openJsClient(login);
      endings.push(() => client.close());
      return { client, link, token: login.token };
    }
    const device = await chromium.device();
    endings.push(() => device.close());
    const clientOf = await chromium.open(device, userID);
    const login = await loginNow();
    return { client: clientOf(login), link, token: login.token };
  };

  return {
    make,
    ready: async (sdk, userID) => {
      const device = await make(sdk, userID);
      await device.client.login();
      await device.client.events.heard('OnSyncServerFinish');
      return device;
    },
    closeAll: async () => {
      // Clients first, then what they were connected through.
      for (const end of endings.splice(0).reverse()) await end();
    },
  };
};

let users = 0;

/** A user of the test's own, registered; its id begins with the name. */
export const registered = async (server: Seqline, name: string): Promise<string> => {
  users += 1;
  const userID = `${name}${String(users)}`;
  await server.registerUsers(userID);
  return userID;
};

/** Once the token is over its time; the server itself is asked. */
export const untilExpired = (server: Seqline, token: string): Promise<void> =>
  untilTrue('the token has expired', async () => {
    const { errCode } = await server.api('/auth/parse_token', { token });
    return errCode === 1501;
  });
