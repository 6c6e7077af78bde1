import { createServer, connect, type Server, type Socket } from 'node:net';
import { once } from 'node:events';

/** A TCP connection that can be cut, and can be left hanging, between a client and a server. */
export class ShakyLine {
  readonly #server: Server;
  readonly #to: number;
  readonly #pairs = new Set<readonly [Socket, Socket]>();
  #hanging = false;

  private constructor(to: number) {
    this.#to = to;
    this.#server = createServer((socket) => this.#join(socket));
  }

  static async to(port: number): Promise<ShakyLine> {
    const line = new ShakyLine(port);
    line.#server.listen(0, '127.0.0.1');
    await once(line.#server, 'listening');
    return line;
  }

  get port(): number {
    const address = this.#server.address();
    if (address === null || typeof address === 'string') throw new Error('it does not listen');
    return address.port;
  }

  /** Nothing passes, both ways, and nobody is told. */
  hang(): void {
    this.#hanging = true;
    for (const [one, other] of this.#pairs) {
      one.unpipe(other).pause();
      other.unpipe(one).pause();
    }
  }

  /** What was held passes now. */
  goOn(): void {
    this.#hanging = false;
    for (const [one, other] of this.#pairs) {
      one.pipe(other);
      other.pipe(one);
    }
  }

  /** What is under way is lost; who connects anew is served. */
  cut(): void {
    for (const pair of this.#pairs) for (const socket of pair) socket.destroy();
  }

  async close(): Promise<void> {
    this.#server.close();
    this.cut();
    await once(this.#server, 'close');
  }

  #join(one: Socket): void {
    const other = connect(this.#to, '127.0.0.1');
    const pair = [one, other] as const;
    this.#pairs.add(pair);
    for (const socket of pair) {
      // Each is the end of the other, however it comes.
      socket.on('error', () => socket.destroy());
      socket.on('close', () => {
        this.#pairs.delete(pair);
        one.destroy();
        other.destroy();
      });
    }
    if (this.#hanging) return;
    one.pipe(other);
    other.pipe(one);
  }
}
