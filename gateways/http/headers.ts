import type { FastifyInstance } from 'fastify';
import { gzip } from 'node:zlib';
import { promisify } from 'node:util';

const compress = promisify(gzip);

/** Smaller answers would hardly shrink, and cost as much. */
const GZIP_FROM = 1_024;
const GZIP_LEVEL = 1;

/** As OpenIM's (REST reference 1.7), but the headers asked for are named: `*` leaves out some. */
const CORS = {
  'access-control-allow-origin': '*',
  'access-control-allow-methods': '*',
  'access-control-expose-headers':
    'Content-Length, Access-Control-Allow-Origin, Access-Control-Allow-Headers,Cache-Control,' +
    'Content-Language,Content-Type,Expires,Last-Modified,Pragma,FooBar,Seqline-Projected',
  'access-control-max-age': '172800',
  'access-control-allow-credentials': 'false',
} as const;

const JSON_TYPE = 'application/json';

/** Every answer, whatever becomes of the request, can be read by a page of any origin and found in a log. */
export const addHeaders = (app: FastifyInstance): void => {
  app.addHook('onRequest', async (request, reply) => {
    const asked = request.headers['access-control-request-headers'];
    reply.headers(CORS).header('access-control-allow-headers', asked ?? '*');
    if (asked !== undefined) reply.header('vary', 'Access-Control-Request-Headers');
    reply.header('x-http-id', request.id);
    if (request.method !== 'OPTIONS') return;
    return reply.code(200).type(JSON_TYPE).send(JSON.stringify('Options Request!'));
  });
};

const acceptsGzip = (header: string | string[] | undefined): boolean =>
  [header ?? []]
    .flat()
    .join(',')
    .split(',')
    .map((part) => part.trim().toLowerCase())
    .some((part) => /^gzip(?:\s*;|$)/u.test(part) && !/;\s*q=0(?:\.0*)?$/u.test(part));

/** Text answers only: the API page brings its own files as streams. */
export const addCompression = (app: FastifyInstance): void => {
  app.addHook('onSend', async (request, reply, payload) => {
    if (typeof payload !== 'string' || payload.length < GZIP_FROM) return payload;
    reply.header('vary', 'Accept-Encoding');
    if (!acceptsGzip(request.headers['accept-encoding'])) return payload;
    reply.header('content-encoding', 'gzip').removeHeader('content-length');
    return compress(payload, { level: GZIP_LEVEL });
  });
};
