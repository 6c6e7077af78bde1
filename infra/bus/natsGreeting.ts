import { connect } from 'node:net';

const PORT = 4222;
const GREETING_MS_MAX = 1_000;
/** More than any server says of itself. */
const GREETING_CHARS_MAX = 64 * 1024;
const HOST = /^\[?([^\]]+?)\]?(?::(\d+))?$/;

/**
 * Whether a NATS server says that it wants certificates of its clients: before anybody is let in it tells all
 * (`INFO {…}`). False where it says nothing. `server` is `host` or `host:port`.
 */
export const wantsCertificate = (server: string): Promise<boolean> =>
  new Promise((resolve) => {
    const [, host = server, port] = HOST.exec(server) ?? [];
    const socket = connect({ host, port: Number(port ?? PORT), timeout: GREETING_MS_MAX });
    let said = '';
    const end = (wants: boolean): void => {
      socket.destroy();
      resolve(wants);
    };
    socket.setEncoding('utf8').on('data', (text: string) => {
      said += text;
      if (said.includes('\n')) end(/"tls_verify":\s*true/.test(said));
      else if (said.length > GREETING_CHARS_MAX) end(false);
    });
    for (const event of ['error', 'timeout', 'close'] as const) {
      socket.once(event, () => {
        end(false);
      });
    }
  });
