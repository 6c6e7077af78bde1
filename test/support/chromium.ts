import { chromium, type BrowserContext, type Page } from 'playwright-core';
import {
  clientOver,
  EventLog,
  type SdkClient,
  type SdkEvent,
  type SdkLogin,
  type SdkOutcome,
} from './sdkClient.ts';
import { serveSdkPage } from './sdkServer.ts';

/** 36 MB of WebAssembly are compiled in each page. */
const LOADED_WITHIN = 60_000;
/** The SDK's own log level: errors only. */
const LOG_ERRORS = 2;

const FLAGS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** One browser for a test file. A context is a device: its storage lives and ends with it. */
export type Chromium = Readonly<{
  device: () => Promise<BrowserContext>;
  /**
   * A page with the wasm SDK on that device, which takes a while to load; then whose it is to be, and nothing is
   * connected before `login`.
   */
  open: (device: BrowserContext, userID: string) => Promise<(login: SdkLogin) => SdkClient>;
  close: () => Promise<void>;
}>;

/** A Go program that ends in the page says so only on the console. */
const tellsOfAFault = (line: string): boolean => /panic|fatal error|Go program has/i.test(line);

const watch = async (page: Page, events: EventLog): Promise<string[]> => {
  const faults: string[] = [];
  page.on('pageerror', (error) => faults.push(error.message));
  page.on('console', (message) => {
    if (tellsOfAFault(message.text())) faults.push(message.text());
  });
  await page.exposeFunction('heard', (event: SdkEvent) => {
    events.add(event);
  });
  return faults;
};

const openWasmClient = async (
  device: BrowserContext,
  url: string,
  userID: string,
): Promise<(login: SdkLogin) => SdkClient> => {
  const page = await device.newPage();
  const events = new EventLog(`${userID} (wasm)`);
  const faults = await watch(page, events);
  await page.goto(url);
  await page.waitForFunction('window.loaded', undefined, { timeout: LOADED_WITHIN });
  const place = {
    // The page's globals are not the test's: the call goes over as text.
    run: (method: string, parameters: readonly unknown[]) =>
      page.evaluate<SdkOutcome>(`call(${JSON.stringify(method)}, ${JSON.stringify(parameters)})`),
    close: () => page.close(),
    logLevel: LOG_ERRORS,
  };
  return (login) => clientOver(place, login, events, faults);
};

export const launchChromium = async (): Promise<Chromium> => {
  const site = await serveSdkPage();
  const browser = await chromium.launch({
    executablePath: process.env['CHROMIUM_PATH'] ?? '/usr/bin/chromium',
    headless: true,
    args: FLAGS,
  });
  return {
    device: () => browser.newContext(),
    open: (device, userID) => openWasmClient(device, site.url, userID),
    close: async () => {
      await browser.close();
      await site.close();
    },
  };
};
