import { Type, type Static } from '@sinclair/typebox';
import type { EventId } from '../../../core/kernel/ids.ts';
import { body, int64OrZero, text } from '../fields.ts';
import { answer, refuse } from '../reply.ts';
import { route, type Route } from '../route.ts';
import type { RouteDeps } from '../routes.ts';

const NAME_LENGTH_MAX = 32;
/** Lines in one answer. */
const LINES_MAX = 1_000;
const LINES = 50;
const UUID_LENGTH = 36;

const integer = Type.Integer();
const string = Type.String();
const strings = Type.Array(string);
const endpoint = text(NAME_LENGTH_MAX);
const max = Type.Integer({ minimum: 1, maximum: LINES_MAX, default: LINES });
const access = { kind: 'admin' } as const;
const of = { stream: string, revision: integer, delivery: string, callback: string };

const status = Type.Object({
  endpoint: string,
  url: string,
  before: strings,
  after: strings,
  position: integer,
  pending: integer,
  awayMs: integer,
  dead: integer,
  replays: integer,
  elsewhere: Type.Boolean(),
});

const delivered = Type.Object({
  ...of,
  at: integer,
  attempts: integer,
  status: integer,
  ms: integer,
  failed: Type.Optional(Type.Literal(true)),
  replay: Type.Optional(string),
});

const letter = Type.Object({
  ...of,
  endpoint: string,
  attempts: integer,
  why: string,
  asked: Type.Boolean(),
});

/** Of Seqline's own, for whoever runs the server: the endpoints of callbacks. */
export const webhookRoutes = (deps: RouteDeps): readonly Route[] => [
  ...lookRoutes(deps),
  ...askRoutes(deps),
];

const lookRoutes = ({ webhooks }: RouteDeps): readonly Route[] => [
  route({
    path: '/admin/webhook/list',
    summary: 'Which endpoints are asked and told, and how far each is.',
    access,
    body: body({}),
    data: Type.Object({ head: integer, endpoints: Type.Array(status) }),
    run: async () => {
      const { head, endpoints } = await webhooks.list();
      const shown = endpoints.map(({ before, after, ...rest }) => ({
        ...rest,
        before: [...before],
        after: [...after],
      }));
      return answer({ head, endpoints: shown });
    },
  }),

  route({
    path: '/admin/webhook/deliveries',
    summary: 'What an endpoint has been told of late, newest first.',
    access,
    body: body({ endpoint, max }),
    data: Type.Object({ deliveries: Type.Array(delivered) }),
    run: async ({ body: asked }) => {
      const found = await webhooks.deliveries(asked.endpoint, asked.max);
      if (found.kind === 'refused') return found;
      return answer({ deliveries: [...found.deliveries] });
    },
  }),

  route({
    path: '/admin/webhook/dead_letters',
    summary: 'What was given up, oldest first.',
    access,
    body: body({ endpoint, max }),
    data: Type.Object({ total: integer, letters: Type.Array(letter) }),
    run: async ({ body: asked }) => {
      const found = await webhooks.deadLetters(asked.endpoint, asked.max);
      if (found.kind === 'refused') return found;
      return answer({ total: found.total, letters: [...found.letters] });
    },
  }),
];

const replayBody = body({
  endpoint,
  /** From this position on; 1 is the beginning of the log. */
  position: int64OrZero(0),
  /** Or from this time on, in milliseconds. */
  time: int64OrZero(0),
});

const fromOf = ({ position, time }: Static<typeof replayBody>) =>
  position > 0 === time > 0 ? undefined : position > 0 ? { position } : { time };

const askRoutes = ({ webhooks }: RouteDeps): readonly Route[] => [
  route({
    path: '/admin/webhook/test',
    summary: 'Posts a call to an endpoint that says that it is a test.',
    access,
    body: body({ endpoint }),
    data: Type.Object({ taken: Type.Boolean(), why: string, ms: integer }),
    run: async ({ body: asked }) => {
      const tested = await webhooks.test(asked.endpoint);
      if (tested.kind === 'refused') return tested;
      const { taken, why, ms } = tested;
      return answer({ taken, why, ms });
    },
  }),

  route({
    path: '/admin/webhook/resend',
    summary: 'Sends dead letters again: those that are named, or all.',
    access,
    body: body({
      endpoint,
      deliveries: Type.Array(text(UUID_LENGTH), { maxItems: LINES_MAX, default: [] }),
    }),
    data: Type.Object({ asked: integer }),
    run: async ({ body: asked, meta }) => {
      const ids = asked.deliveries as EventId[];
      const resent = await webhooks.resend(asked.endpoint, ids, meta);
      return resent.kind === 'refused' ? resent : answer({ asked: resent.asked });
    },
  }),

  route({
    path: '/admin/webhook/replay',
    summary: 'Tells an endpoint once more what came from a position or a time on.',
    access,
    body: replayBody,
    data: Type.Object({ replay: string, after: integer }),
    run: async ({ body: asked, meta }) => {
      const from = fromOf(asked);
      if (from === undefined) return refuse('args/invalid', 'position: give it or a time');
      const begun = await webhooks.replay(asked.endpoint, from, meta);
      if (begun.kind === 'refused') return begun;
      const { replay, after } = begun;
      return answer({ replay: String(replay), after });
    },
  }),
];
