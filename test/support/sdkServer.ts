import { createReadStream } from 'node:fs';
import { createServer } from 'node:http';
import { dirname, join } from 'node:path';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

const require = createRequire(import.meta.url);
const SDK = dirname(dirname(require.resolve('@openim/wasm-client-sdk')));
const PAGE = fileURLToPath(new URL('./sdkPage/index.html', import.meta.url));

const SCRIPT = 'text/javascript';
const WASM = 'application/wasm';

/** All that is served; nothing else is, so that no path can lead elsewhere. */
const files: Readonly<Record<string, readonly [file: string, type: string]>> = {
  '/': [PAGE, 'text/html'],
  '/lib/index.es.js': [join(SDK, 'lib/index.es.js'), SCRIPT],
  '/lib/worker.js': [join(SDK, 'lib/worker.js'), SCRIPT],
  '/wasm_exec.js': [join(SDK, 'assets/wasm_exec.js'), SCRIPT],
  '/openIM.wasm': [join(SDK, 'assets/openIM.wasm'), WASM],
  '/sql-wasm.wasm': [join(SDK, 'assets/sql-wasm.wasm'), WASM],
};

/** Serves the wasm SDK as it comes from npm, and the page that runs it. */
export const serveSdkPage = (): Promise<Readonly<{ url: string; close: () => Promise<void> }>> =>
  new Promise((resolve, reject) => {
    const server = createServer((request, response) => {
      const found = files[request.url ?? ''];
      if (found === undefined) {
        response.writeHead(request.url === '/favicon.ico' ? 204 : 404).end();
        return;
      }
      response.writeHead(200, { 'content-type': found[1] });
      createReadStream(found[0]).pipe(response);
    });
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      if (address === null || typeof address === 'string') {
        reject(new Error('no port'));
        return;
      }
      resolve({
        url: `http://127.0.0.1:${String(address.port)}/`,
        close: () =>
          new Promise((closed) => {
            server.closeAllConnections();
            server.close(() => {
              closed();
            });
          }),
      });
    });
  });
