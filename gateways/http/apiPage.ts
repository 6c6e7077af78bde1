import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import { Type, type TSchema } from '@sinclair/typebox';
import type { FastifyInstance, FastifySchema } from 'fastify';
import { fieldsOf, type Access } from './access.ts';
import { LINES_TYPE } from './lines.ts';
import type { Route } from './route.ts';

const DESCRIPTION = [
  'OpenIM-compatible HTTP API. Every call is a POST with a JSON body and an `operationID` header; all',
  'but a few take a `token` header. Answers are `{errCode, errMsg, errDlt, data}`: `errCode` 0 is',
  'success, and business errors come with HTTP status 200.',
].join(' ');

const WHO: Readonly<Record<Access['kind'], string>> = {
  none: 'Needs no token.',
  user: 'Needs any valid token.',
  admin: 'App admins only.',
  adminOrSecret: 'App admins; or without a token, with the secret in the body.',
  participant: 'One of the users that it speaks of, or an app admin',
  self: 'The user itself or an app admin',
  member: 'Members of the group or an app admin',
  groupAdmin: 'Owner and admins of the group or an app admin',
  groupOwner: 'The owner of the group or an app admin',
  selfOrGroupAdmin: 'The user itself, owner and admins of the group, or an app admin',
};

const whoMay = (access: Access): string => {
  const fields = fieldsOf(access).map((field) => `\`${field}\``);
  return fields.length === 0 ? WHO[access.kind] : `${WHO[access.kind]} (${fields.join(', ')}).`;
};

/** Publishes the schemas that requests are read by, at /docs; its files are served from here. */
export const addApiPage = (app: FastifyInstance): void => {
  app.register(swagger, {
    openapi: {
      info: { title: 'Seqline', description: DESCRIPTION, version: '1' },
      components: {
        securitySchemes: {
          token: { type: 'apiKey', in: 'header', name: 'token' },
          operationID: { type: 'apiKey', in: 'header', name: 'operationID' },
        },
      },
    },
  });
  app.register(swaggerUi, { routePrefix: '/docs' });
};

const envelope = (data: TSchema | undefined): TSchema =>
  Type.Object({
    errCode: Type.Integer(),
    errMsg: Type.String(),
    errDlt: Type.String(),
    ...(data === undefined ? {} : { data: Type.Optional(data) }),
  });

/** Lines come in their own type, refusals in the usual one. */
const answerOf = ({ data, lines }: Route): object =>
  lines === undefined
    ? envelope(data)
    : {
        description: 'Lines of JSON, or an error.',
        content: {
          [LINES_TYPE]: { schema: lines },
          'application/json': { schema: envelope(undefined) },
        },
      };

export const schemaOf = (route: Route): FastifySchema => {
  const { path, access, body } = route;
  return {
    summary: route.summary,
    description: whoMay(access),
    tags: [path.split('/')[1] ?? path],
    security: [{ operationID: [], ...(access.kind === 'none' ? {} : { token: [] }) }],
    body,
    response: { 200: answerOf(route) },
  };
};
