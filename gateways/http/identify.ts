import type { FastifyRequest } from 'fastify';
import type { Caller, Logins, Refused } from '../ports.ts';
import { OPERATION_ID_LENGTH_MAX } from './fields.ts';
import { refuse } from './reply.ts';
import { headerOf, operationIdOf } from './request.ts';
import type { Route } from './route.ts';

/** Unknown paths under these ask for no token either (REST reference 2.2). */
const WITHOUT_TOKEN = ['/auth/get_admin_token', '/auth/parse_token'];

const needsToken = (request: FastifyRequest, route: Route | undefined, token: string): boolean => {
  switch (route?.access.kind) {
    case 'none':
      return false;
    case 'adminOrSecret':
      return token !== '';
    case undefined:
      return !WITHOUT_TOKEN.some((prefix) => request.url.startsWith(prefix));
    default:
      return true;
  }
};

/** The checks of the headers, in OpenIM's order, before the body is looked at: who is calling? */
export const identify =
  (logins: Logins) =>
  async (
    request: FastifyRequest,
    route: Route | undefined,
  ): Promise<Readonly<{ kind: 'identified'; caller: Caller | undefined }> | Refused> => {
    const operationId = operationIdOf(request);
    if (operationId === '' && route?.operationIdOptional !== true) {
      return refuse('args/invalid', 'header must have operationID');
    }
    if (operationId.length > OPERATION_ID_LENGTH_MAX) {
      const most = String(OPERATION_ID_LENGTH_MAX);
      return refuse(
        'args/invalid',
        `header operationID must be text of at most ${most} characters`,
      );
    }
    const token = headerOf(request, 'token');
    if (!needsToken(request, route, token)) return { kind: 'identified', caller: undefined };
    if (token === '') return refuse('args/invalid', 'header must have token');
    const checked = await logins.check(token);
    return checked.kind === 'refused' ? checked : { kind: 'identified', caller: checked.caller };
  };
