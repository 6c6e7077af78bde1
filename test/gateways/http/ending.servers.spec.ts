import { connect } from 'node:net';
import { once } from 'node:events';
import fastify from 'fastify';
import { expect, test } from 'vitest';
import { endHttp } from '../../../gateways/http/server.ts';

test('[OPS-23] a request whose body never comes whole does not keep the process', async () => {
  const app = fastify();
  const asked = new Promise<void>((resolve) => {
    app.addHook('onRequest', (_request, _reply, done) => {
      resolve();
      done();
    });
  });
  app.post('/', () => 'never');
  const { hostname, port } = new URL(await app.listen({ host: '127.0.0.1', port: 0 }));
  const socket = connect(Number(port), hostname);
  const cut = once(socket, 'close');
  socket.on('error', () => undefined);
  socket.write(
    'POST / HTTP/1.1\r\nHost: x\r\nContent-Type: text/plain\r\nContent-Length: 9\r\n\r\nab',
  );
  await asked;
  await endHttp(app, 100);
  await cut;
  expect(socket.destroyed).toBe(true);
});
