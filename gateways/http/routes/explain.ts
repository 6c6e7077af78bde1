import { Type } from '@sinclair/typebox';
import { body, flag, int64 } from '../fields.ts';
import { plain } from '../plain.ts';
import { answer } from '../reply.ts';
import { route, type Route } from '../route.ts';
import type { RouteDeps } from '../routes.ts';

const ID_LENGTH_MAX = 200;
/** As long as a clientMsgID may be. */
const CLIENT_MSG_ID_LENGTH_MAX = 64;

const integer = Type.Integer();
const string = Type.String();
const flagged = Type.Boolean();
const maybe = { string: Type.Optional(string), integer: Type.Optional(integer) };

const socket = { socket: integer, user: maybe.string, platform: maybe.integer };
const pushes = Type.Array(
  Type.Object({
    ...{ node: string, at: integer, count: integer, online: integer },
    sockets: Type.Array(Type.Object(socket)),
  }),
);
const login = Type.Object({
  ...{ token: string, platform: maybe.integer, issuedAt: maybe.integer },
  ...{ expiresAt: maybe.integer, issuedTo: maybe.string, issuedIn: maybe.string, live: flagged },
});
const message = Type.Object({
  ...{ type: string, from: string, to: maybe.string, group: maybe.string, contentType: integer },
  ...{ platform: integer, clientMsgId: string, serverMsgId: string, createTime: integer },
  ...{ sendTime: integer, erased: flagged, content: maybe.string, nickname: maybe.string },
  reason: maybe.string,
});
const made = Type.Object({
  ...{ stream: string, revision: integer, delivery: string, callback: string, at: integer },
  ...{ attempts: integer, status: integer, ms: integer, replay: maybe.string },
  failed: Type.Optional(Type.Literal(true)),
});
const told = Type.Union([
  Type.Object({ endpoint: string, kind: Type.Literal('told'), made }),
  Type.Object({
    ...{ endpoint: string, kind: Type.Literal('given-up') },
    ...{ callback: string, attempts: integer, why: string },
  }),
  Type.Object({ endpoint: string, kind: Type.Literal('not-yet'), position: integer }),
]);
const asked = Type.Object({
  ...{ node: string, at: integer, callback: string, endpoint: string, ms: integer },
  how: Type.Union(
    (['passed', 'refused', 'unanswered-passed', 'unanswered-refused'] as const).map((how) =>
      Type.Literal(how),
    ),
  ),
  why: maybe.string,
});
const followed = Type.Object({
  kind: Type.Union(
    (['revoked', 'read', 'deleted', 'hidden', 'cleared', 'notice'] as const).map((kind) =>
      Type.Literal(kind),
    ),
  ),
  ...{ at: integer, actor: string, operationId: string, position: integer, user: maybe.string },
  ...{ conversation: maybe.string, seq: maybe.integer, pushes },
});
const read = Type.Object({
  ...{ position: integer, readers: integer, members: integer, more: flagged },
  first: Type.Array(Type.Object({ user: string, upTo: integer })),
  ...{ hiddenFor: Type.Array(string), clearedBy: Type.Array(string) },
});
const traces = Type.Object({
  nodes: Type.Array(
    Type.Object({ node: string, keptMs: integer, completeAfter: integer, complete: flagged }),
  ),
  ...{ silent: Type.Array(string), cutOff: flagged },
});

const explanation = Type.Object({
  ...{ conversation: string, seq: integer, newest: integer, now: integer, message },
  sent: Type.Object({
    ...{ actor: string, operationId: string, causationId: maybe.string },
    login: Type.Optional(login),
  }),
  committed: Type.Object({
    ...{ at: integer, position: integer, stream: string, revision: integer, eventId: string },
  }),
  callbacks: Type.Object({
    ...{ askable: Type.Array(string), asked: Type.Array(asked) },
    ...{ modifiedBy: maybe.string, originalHash: maybe.string },
    ...{ told: Type.Array(told), partly: flagged },
  }),
  projected: Type.Array(
    Type.Object({
      ...{ model: string, position: integer, done: flagged, at: maybe.integer, node: maybe.string },
    }),
  ),
  published: Type.Array(Type.Object({ node: string, at: integer, taken: flagged })),
  pushed: pushes,
  pulled: Type.Object({
    count: integer,
    first: Type.Array(Type.Object({ ...socket, node: string, at: integer })),
  }),
  read: Type.Optional(read),
  ...{ followed: Type.Array(followed), followedPartly: flagged, traces },
});

/** Of everybody's messages: for app admins alone. */
export const explainRoutes = ({ explain }: RouteDeps): readonly Route[] => [
  route({
    path: '/admin/explain',
    summary: 'What has become of a message: sent, stored, told, pushed, read, taken back.',
    access: { kind: 'admin' },
    body: body({
      conversationID: Type.String({ minLength: 1, maxLength: ID_LENGTH_MAX }),
      seq: Type.Optional(int64(1)),
      clientMsgID: Type.Optional(
        Type.String({ minLength: 1, maxLength: CLIENT_MSG_ID_LENGTH_MAX }),
      ),
      /** Shows what it says, too. */
      text: flag(),
    }),
    data: explanation,
    run: async ({ body: { conversationID: conversation, seq, clientMsgID, text } }) => {
      const found = await explain.explain({
        ...{ conversation, text },
        ...(seq !== undefined && { seq }),
        ...(clientMsgID !== undefined && { clientMsgId: clientMsgID }),
      });
      return found.kind === 'refused' ? found : answer(plain(found.found));
    },
  }),
];
