import { CbEvents, getSDK } from '@openim/client-sdk';
import { WebSocket } from 'ws';
import { isRecord } from './json.ts';
import type { FromSdk, ToSdk } from './jsSdk.ts';
import type { SdkOutcome } from './sdkClient.ts';

/**
 * The SDK is written for browsers, whose sockets never give Node's buffers, and which let promises go on
 * between two messages: the SDK knows the echo of its own send only if its reply was worked off before.
 */
class BrowserSocket extends WebSocket {
  constructor(url: string) {
    super(url, { allowSynchronousEvents: false });
    this.binaryType = 'arraybuffer';
  }
}

/** `on` exists but is missing from the SDK's published types; the rest is called by name. */
type Sdk = { on: (event: string, listener: (event: unknown) => void) => void };
const isSdk = (value: object): value is Sdk => 'on' in value;

const tell = (message: FromSdk): void => {
  process.send?.(message);
};

process.on('unhandledRejection', (reason) => {
  tell({ kind: 'fault', fault: String(reason) });
});

Object.defineProperty(globalThis, 'WebSocket', { value: BrowserSocket });
const sdk: object = getSDK();
if (!isSdk(sdk)) throw new Error('the SDK has no "on"');

for (const name of new Set<string>(Object.values(CbEvents)))
  sdk.on(name, (event) => {
    const { data, errCode } = isRecord(event) ? event : {};
    const code = typeof errCode === 'number' ? errCode : 0;
    tell({ kind: 'event', event: { name, data: data ?? null, errCode: code } });
  });

/** Rejections are no errors but objects of the SDK's own: passed on as values. */
const refusalOf = (rejection: unknown): SdkOutcome => {
  const { errCode, errMsg } = isRecord(rejection) ? rejection : {};
  return {
    done: false,
    errCode: typeof errCode === 'number' ? errCode : -1,
    errMsg: String(errMsg ?? rejection),
  };
};

const run = async ({ method, parameters }: ToSdk): Promise<SdkOutcome> => {
  try {
    const called: unknown = Reflect.get(sdk, method);
    if (typeof called !== 'function') throw new Error(`the SDK has no "${method}"`);
    const answer: unknown = await Reflect.apply(called, sdk, parameters);
    return { done: true, data: isRecord(answer) ? (answer['data'] ?? null) : null };
  } catch (rejection) {
    return refusalOf(rejection);
  }
};

process.on('message', (call: ToSdk) => {
  void run(call).then((outcome) => {
    tell({ kind: 'outcome', id: call.id, outcome });
  });
});
