import Fastify, { type FastifyReply, type FastifyRequest } from 'fastify';
import { freePort } from './program.ts';

/** A call of an app server's endpoint as it came. */
export type Received = Readonly<{
  path: string;
  query: Readonly<Record<string, string>>;
  headers: Readonly<Record<string, string | undefined>>;
  text: string;
  body: Readonly<Record<string, unknown>>;
}>;

/** What the receiver answers: an object as JSON, or whatever it does with the reply itself. */
export type Behaviour = (received: Received, reply: FastifyReply) => unknown;

const CONSENT = { actionCode: 0, errCode: 0, errMsg: '', errDlt: '', nextCode: 0 };
export const consent: Behaviour = () => CONSENT;

/**
 * An app server's receiver of callbacks, as its author would write it with Fastify. What it does can be
 * changed while it runs; it can be ended, and begun again on the same port.
 */
export const receiver = async (behave: Behaviour = consent) => {
  const received: Received[] = [];
  let behaviour = behave;
  // One that the system gives to nobody while this has ended, and is yet to begin again.
  const port = await freePort();

  const begin = async () => {
    const app = Fastify({ forceCloseConnections: true });
    app.removeAllContentTypeParsers();
    app.addContentTypeParser('*', { parseAs: 'string' }, (_, body, done) => {
      done(null, body);
    });
    app.post('/*', (request: FastifyRequest, reply) => {
      const [path = ''] = request.url.split('?');
      const text = String(request.body);
      const call: Received = {
        path,
        query: request.query as Record<string, string>,
        headers: request.headers as Record<string, string>,
        text,
        body: JSON.parse(text) as Record<string, unknown>,
      };
      received.push(call);
      return behaviour(call, reply);
    });
    await app.listen({ host: '127.0.0.1', port });
    return app;
  };

  let app = await begin();
  return {
    url: `http://127.0.0.1:${String(port)}/callback`,
    received,
    /** Names of the commands that have come, in order. */
    commands: () => received.map(({ body }) => String(body['callbackCommand'])),
    behave: (next: Behaviour) => {
      behaviour = next;
    },
    end: () => app.close(),
    begin: async () => {
      app = await begin();
    },
  };
};

export type Receiver = Awaited<ReturnType<typeof receiver>>;
