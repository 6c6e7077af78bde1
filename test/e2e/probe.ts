import { parseJson } from '../support/json.ts';
import { addressOf, bytesOf, type Login } from '../support/rawSocket.ts';
import { decodeReply, type Form } from '../support/rawWire.ts';
import { WebSocket } from 'ws';

/** What became of one frame: the connection was closed, or this was answered. */
export type ProbeOutcome =
  | 'closed'
  | Readonly<{ text: unknown }>
  | Readonly<{ reqIdentifier: number; errCode: number; msgIncr: string }>;

export type Probe = (form: Form, frame: Uint8Array | string) => Promise<ProbeOutcome>;

/** An answer comes in milliseconds; a server that neither answers nor closes has failed the probe. */
const OUTCOME_WITHIN = 10_000;

/** Sends one frame on a connection of its own. */
export const probeOf = (login: Login, frame: Uint8Array | string): Promise<ProbeOutcome> =>
  new Promise((resolve, reject) => {
    const socket = new WebSocket(addressOf(login), { perMessageDeflate: false });
    const timer = setTimeout(() => {
      socket.terminate();
      reject(new Error('neither answered nor closed'));
    }, OUTCOME_WITHIN);
    const end = (outcome: ProbeOutcome) => {
      clearTimeout(timer);
      resolve(outcome);
      socket.terminate();
    };
    let opened = false;
    // A peer that is cut off in the middle of a large frame sees an error before the close.
    socket.on('error', () => undefined);
    socket.on('close', () => {
      end('closed');
    });
    socket.on('message', (data, binary) => {
      const bytes = bytesOf(data);
      if (!opened) {
        opened = true;
        socket.send(frame, { binary: typeof frame !== 'string' });
      } else if (binary) {
        end(decodeReply(login.form, bytes));
      } else {
        end({ text: parseJson(Buffer.from(bytes).toString('utf8')) });
      }
    });
  });
