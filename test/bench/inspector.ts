import { once } from 'node:events';
import { WebSocket } from 'ws';
import { isRecord, parseJson } from '../support/json.ts';
import { bytesOf } from '../support/rawSocket.ts';

/** As much of Node's inspector as is needed to have a profile taken or garbage collected. */
export class Inspector {
  readonly #socket: WebSocket;
  readonly #waiting = new Map<number, (result: unknown) => void>();
  #asked = 0;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.on('message', (data) => {
      const message = parseJson(Buffer.from(bytesOf(data)).toString('utf8'));
      if (!isRecord(message) || typeof message['id'] !== 'number') return;
      this.#waiting.get(message['id'])?.(message['result']);
    });
  }

  static async attach(address: string): Promise<Inspector> {
    const socket = new WebSocket(address, { maxPayload: 0 });
    await once(socket, 'open');
    return new Inspector(socket);
  }

  ask(method: string, params: Readonly<Record<string, unknown>> = {}): Promise<unknown> {
    const id = ++this.#asked;
    return new Promise((resolve) => {
      this.#waiting.set(id, resolve);
      this.#socket.send(JSON.stringify({ id, method, params }));
    });
  }

  close(): void {
    this.#socket.close();
  }
}
