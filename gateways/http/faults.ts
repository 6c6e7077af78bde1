import type { FastifyError, FastifyInstance } from 'fastify';
import type { Log } from '../log.ts';
import { passingFault } from '../passing.ts';
import { faultWire, refuse, refusedWire, unavailableWire } from './reply.ts';
import { operationIdOf, pathOf, routeOf, send } from './request.ts';

const TIMED_OUT = 'FST_ERR_HANDLER_TIMEOUT';
const TOO_LATE = 'no exact answer can be given for now; try the same call again';
/** What passes is mostly a restart of something, or a failover. */
const RETRY_AFTER_SECONDS = '1';
/** Fastify's own refusals of what came in: too large, cut short, a senseless content type. */
const CLIENT_ERRORS_MIN = 400;
const CLIENT_ERRORS_MAX = 499;

const isClientError = ({ statusCode = 500 }: FastifyError): boolean =>
  statusCode >= CLIENT_ERRORS_MIN && statusCode <= CLIENT_ERRORS_MAX;

/**
 * Where every fault ends: logged once, and answered without a word of what went wrong inside. The caller
 * is told whether trying again makes sense.
 */
export const addFaults = (app: FastifyInstance, log: Log): void => {
  app.setErrorHandler<FastifyError>((error, request, reply) => {
    const passing = error.code === TIMED_OUT ? TOO_LATE : passingFault(error);
    if (passing !== undefined) {
      const operationId = operationIdOf(request);
      const fields = { operationId, path: pathOf(request), reason: error.message };
      log.warn(fields, 'a call is to be made again');
      reply.header('Retry-After', RETRY_AFTER_SECONDS);
      return send(request, reply, unavailableWire(passing));
    }
    if (isClientError(error)) {
      const refused = refuse('args/invalid', error.message);
      const wire = routeOf(request)?.refused?.(refused, undefined) ?? refusedWire(refused);
      return send(request, reply, { ...wire, status: error.statusCode ?? wire.status });
    }
    const fields = { operationId: operationIdOf(request), path: pathOf(request), err: error };
    log.error(fields, 'a call has failed');
    return send(
      request,
      reply,
      faultWire('the call has failed; the operationID finds it in the log'),
    );
  });
};
