import type { FastifyError, FastifyInstance } from 'fastify';
import { NotAnswerable } from '../ports.ts';
import type { Log } from '../log.ts';
import { faultWire, refuse, refusedWire } from './reply.ts';
import { operationIdOf, pathOf, routeOf, send } from './request.ts';

const TIMED_OUT = 'FST_ERR_HANDLER_TIMEOUT';
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
    if (error instanceof NotAnswerable || error.code === TIMED_OUT) {
      const detail = 'no exact answer can be given for now; try the same call again';
      return send(request, reply, faultWire(detail));
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
