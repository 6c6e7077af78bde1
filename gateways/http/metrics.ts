import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { HttpMeter } from '../meters.ts';
import { countedCode } from '../openim/errors.ts';
import type { Logins } from '../ports.ts';
import { headerOf, routeOf } from './request.ts';

export type HttpMetrics = Readonly<{
  /** `local`: whoever calls from this machine, and app admins; `open`: anybody; `off`: nobody. */
  access: 'local' | 'open' | 'off';
  meter: HttpMeter;
  contentType: string;
  /** Everything that is measured, as it is shown. */
  text: () => Promise<string>;
}>;

const LOOPBACK = /^(::1|(::ffff:)?127\.\d+\.\d+\.\d+)$/;

/** A proxy on this machine speaks for others, and a browser on it for whatever page it shows. */
const ON_BEHALF = ['forwarded', 'x-forwarded-for', 'x-real-ip', 'via', 'origin'];

const isLocal = (request: FastifyRequest): boolean =>
  LOOPBACK.test(request.socket.remoteAddress ?? '') &&
  ON_BEHALF.every((name) => request.headers[name] === undefined);

/** As in the API, or as Prometheus sends it. */
const tokenOf = (request: FastifyRequest): string =>
  headerOf(request, 'token') || headerOf(request, 'authorization').replace(/^Bearer\s+/i, '');

const isAdmin = async (
  request: FastifyRequest,
  logins: Pick<Logins, 'check'>,
): Promise<boolean> => {
  const token = tokenOf(request);
  if (token === '') return false;
  const checked = await logins.check(token);
  return checked.kind === 'done' && checked.caller.admin;
};

const DENIED =
  'Metrics are shown to callers on the server’s own machine, and to an app admin’s token in the ' +
  'header "token" or "Authorization: Bearer"; SEQLINE_METRICS=open shows them to everybody.\n';

/** `/metrics`, and what it says of the calls of this server. */
export const addMetrics = (
  app: FastifyInstance,
  { access, meter, contentType, text }: HttpMetrics,
  logins: Pick<Logins, 'check'>,
): void => {
  if (access === 'off') return;
  app.addHook('onResponse', async (request, reply) => {
    const { errCode } = request.outcome;
    const route = routeOf(request);
    // Only paths that there are: a caller could think up any number of others.
    if (request.method !== 'POST' || errCode === undefined) return;
    meter.called(route?.path ?? 'unknown', countedCode(errCode), reply.elapsedTime / 1000);
  });
  app.get('/metrics', { schema: { hide: true } }, async (request, reply) => {
    const allowed = access === 'open' || isLocal(request) || (await isAdmin(request, logins));
    if (!allowed) return reply.code(403).type('text/plain; charset=utf-8').send(DENIED);
    return reply.type(contentType).send(await text());
  });
};
