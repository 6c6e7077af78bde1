import fastify from 'fastify';
import { describe, expect, test } from 'vitest';
import { demoPages } from '../../../infra/app/demo.ts';

const asked = async (host: string, url: string) => {
  const app = fastify();
  app.register(demoPages(host, () => 7));
  const { statusCode, body } = await app.inject({ url });
  await app.close();
  return { statusCode, body };
};

describe('[OPS-39] the demo page', () => {
  test.each(['127.0.0.1', '::1', 'localhost'])('is there for this machine (%s)', async (host) => {
    expect(await asked(host, '/demo')).toMatchObject({ statusCode: 200 });
    const config = await asked(host, '/demo/config.json');
    expect(JSON.parse(config.body)).toEqual({ wsPort: 7 });
  });

  test.each(['0.0.0.0', '::', '192.0.2.1', 'chat.example.com'])(
    'is not there for others, for it asks for the secret (%s)',
    async (host) => {
      const { statusCode, body } = await asked(host, '/demo');
      expect(statusCode).toBe(404);
      expect(body).toContain('SEQLINE_HOST');
      expect(await asked(host, '/demo/chat.js')).toMatchObject({ statusCode: 404 });
    },
  );
});
