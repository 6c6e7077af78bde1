import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import { Type, type TSchema } from '@sinclair/typebox';
import type { FastifyInstance, FastifySchema } from 'fastify';
import { fieldsOf, type Access } from './access.ts';
import { LINES_TYPE } from './lines.ts';
import type { Route } from './route.ts';

const DESCRIPTION = [
  'The HTTP API, as OpenIM has it. An app server begins with `/auth/get_admin_token`, and sends what that',
  'answers as the header `token` with all else.',
  '',
  'Every call is a POST with a JSON body and a header `operationID`, which may be anything and is found in',
  'logs again. Answers are `{errCode, errMsg, errDlt, data}`: `errCode` 0 is success, and a refusal comes',
  'with HTTP status 200, too.',
].join('\n');

const ICON = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" rx="7" fill="#0b66c3"/>
<path d="M8 11h16M8 16h16M8 21h9" stroke="#fff" stroke-width="3" stroke-linecap="round"/></svg>`;

/** The bar has nothing but the address of this very page; lines of text with code in them need room. */
const STYLE = `.swagger-ui .topbar { display: none }
.swagger-ui .info { margin: 2rem 0 }
.swagger-ui .info .description p { line-height: 1.7 }
.swagger-ui .info .description code { padding: 0.1em 0.35em }
.swagger-ui .scheme-container { padding: 1rem 0; box-shadow: none }
`;

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

/** Publishes the schemas that requests are read by, at /docs; its files are served from here. `/` leads there. */
export const addApiPage = (app: FastifyInstance): void => {
  app.register(swagger, {
    openapi: {
      info: { title: 'Seqline API', description: DESCRIPTION, version: '1' },
      components: {
        securitySchemes: {
          token: { type: 'apiKey', in: 'header', name: 'token' },
          operationID: { type: 'apiKey', in: 'header', name: 'operationID' },
        },
      },
    },
  });
  app.register(swaggerUi, {
    routePrefix: '/docs',
    theme: {
      title: 'Seqline API',
      css: [{ filename: 'seqline.css', content: STYLE }],
      favicon: [
        {
          filename: 'seqline.svg',
          rel: 'icon',
          sizes: 'any',
          type: 'image/svg+xml',
          content: ICON,
        },
      ],
    },
  });
  app.get('/', { schema: { hide: true } }, (_, reply) => reply.redirect('/docs'));
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
