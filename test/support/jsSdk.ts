import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import {
  clientOver,
  EventLog,
  type SdkClient,
  type SdkEvent,
  type SdkLogin,
  type SdkOutcome,
} from './sdkClient.ts';

/**
 * Version 0.0.14 as published joins a list with the iterator of a map: each reconnect that finds something
 * new ends in this rejection instead of a pull. It is no fault of a server, and cannot be had without.
 */
const OWN_FAULT = "TypeError: Cannot read properties of undefined (reading '0')";

const HOST = fileURLToPath(new URL('./jsSdkHost.ts', import.meta.url));
/** The SDK's own log level: nothing. */
const LOG_NOTHING = 5;

export type ToSdk = Readonly<{ id: number; method: string; parameters: readonly unknown[] }>;
export type FromSdk =
  | Readonly<{ kind: 'outcome'; id: number; outcome: SdkOutcome }>
  | Readonly<{ kind: 'event'; event: SdkEvent }>
  | Readonly<{ kind: 'fault'; fault: string }>;

/**
 * The JS SDK in a process of its own, with nothing stored. Its instances would get along in one process,
 * but its faults would not: they are rejections that nobody awaits, and after a refused login it dials
 * for as long as its process lives, because its `logout` then refuses too.
 */
export const openJsClient = (login: SdkLogin): SdkClient => {
  const events = new EventLog(`${login.userID} (js)`);
  const faults: string[] = [];
  const waiting = new Map<number, (outcome: SdkOutcome) => void>();
  const child = fork(HOST, {
    execArgv: ['--import', 'tsx'],
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  });
  child.on('message', (message: FromSdk) => {
    switch (message.kind) {
      case 'event':
        events.add(message.event);
        break;
      case 'fault':
        if (message.fault !== OWN_FAULT) faults.push(message.fault);
        break;
      case 'outcome':
        waiting.get(message.id)?.(message.outcome);
        waiting.delete(message.id);
    }
  });
  const gone = new Promise<void>((resolve) => {
    child.on('exit', (code) => {
      const errMsg = `the process of the SDK has ended (${String(code)})`;
      for (const answer of waiting.values()) answer({ done: false, errCode: -1, errMsg });
      waiting.clear();
      resolve();
    });
  });
  let calls = 0;
  const place = {
    run: (method: string, parameters: readonly unknown[]) =>
      new Promise<SdkOutcome>((resolve) => {
        calls += 1;
        waiting.set(calls, resolve);
        const call: ToSdk = { id: calls, method, parameters };
        child.send(call);
      }),
    close: async () => {
      child.kill('SIGKILL');
      await gone;
    },
    logLevel: LOG_NOTHING,
  };
  return clientOver(place, login, events, faults);
};
