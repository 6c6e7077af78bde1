import type { FastifyInstance } from 'fastify';

export type Ready = Readonly<{ ready: true } | { ready: false; reason: string }>;

/** For whoever runs the server: is the process alive, and does it take work? */
export const addHealth = (
  app: FastifyInstance,
  { ready, uwsInfo }: Readonly<{ ready: () => Promise<Ready>; uwsInfo?: string }>,
): void => {
  const schema = { hide: true };
  app.get('/healthz', { schema }, async (_, reply) =>
    reply.send({ alive: true, ...(uwsInfo === undefined ? {} : { uws: uwsInfo }) }),
  );
  app.get('/readyz', { schema }, async (_, reply) => {
    const state = await ready();
    return reply.code(state.ready ? 200 : 503).send(state);
  });
};
