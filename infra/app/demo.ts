import { createReadStream } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import type { FastifyInstance } from 'fastify';
import { isLoopback } from '../config/config.ts';
import { packageRoot } from '../packageRoot.ts';

const require = createRequire(import.meta.url);

/** It comes with `npm install`, but not with `npm install --omit=dev`. */
const sdkFolder = (): string | undefined => {
  try {
    return path.dirname(path.dirname(require.resolve('@openim/wasm-client-sdk')));
  } catch {
    return undefined;
  }
};

const SCRIPT = 'text/javascript; charset=utf-8';
const WASM = 'application/wasm';

const filesOf = (
  page: string,
  sdk: string,
): Readonly<Record<string, readonly [string, string]>> => ({
  '/demo': [path.join(page, 'index.html'), 'text/html; charset=utf-8'],
  '/demo/style.css': [path.join(page, 'style.css'), 'text/css; charset=utf-8'],
  '/demo/chat.js': [path.join(page, 'chat.js'), SCRIPT],
  '/demo/appServer.js': [path.join(page, 'appServer.js'), SCRIPT],
  '/demo/sdk/index.es.js': [path.join(sdk, 'lib/index.es.js'), SCRIPT],
  '/demo/sdk/worker.js': [path.join(sdk, 'lib/worker.js'), SCRIPT],
  '/demo/sdk/wasm_exec.js': [path.join(sdk, 'assets/wasm_exec.js'), SCRIPT],
  '/demo/sdk/openIM.wasm': [path.join(sdk, 'assets/openIM.wasm'), WASM],
  '/demo/sdk/sql-wasm.wasm': [path.join(sdk, 'assets/sql-wasm.wasm'), WASM],
});

const WITHOUT_SDK =
  'The demo runs the official SDK, which is not installed here: npm install @openim/wasm-client-sdk';

const ELSEWHERE =
  'The demo asks for the app secret, so it is only served while SEQLINE_HOST is of this machine alone.';

/**
 * A page that chats through the official, unmodified wasm SDK: what a newcomer opens first. It also
 * plays the app server, with the secret that is typed into it, so it is only for one's own machine.
 */
export const demoPages =
  (host: string, wsPort: () => number) =>
  (app: FastifyInstance): void => {
    const sdk = sdkFolder();
    const schema = { hide: true };
    if (!isLoopback(host)) {
      app.get('/demo', { schema }, (_, reply) =>
        reply.code(404).type('text/plain').send(ELSEWHERE),
      );
      return;
    }
    if (sdk === undefined) {
      app.get('/demo', { schema }, (_, reply) =>
        reply.code(404).type('text/plain').send(WITHOUT_SDK),
      );
      return;
    }
    const page = path.join(packageRoot(), 'infra/app/demo');
    for (const [url, [file, type]] of Object.entries(filesOf(page, sdk))) {
      app.get(url, { schema }, (_, reply) => reply.type(type).send(createReadStream(file)));
    }
    app.get('/demo/config.json', { schema }, (_, reply) =>
      reply.type('application/json').send(JSON.stringify({ wsPort: wsPort() })),
    );
  };
