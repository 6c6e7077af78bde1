import { Type } from '@sinclair/typebox';
import type { PastSubject } from '../../history.ts';
import { body, flag, int64 } from '../fields.ts';
import { plain } from '../plain.ts';
import { answer } from '../reply.ts';
import { route, type Route } from '../route.ts';
import type { RouteDeps } from '../routes.ts';

/** Names of one kind in one request. */
const NAMES_MAX = 100;
/** The longest name of a stream is that of a friendship: two user ids and what is about them. */
const NAME_LENGTH_MAX = 256;
/** Longer than any way of writing a time. */
const MOMENT_LENGTH_MAX = 40;

const integer = Type.Integer();
const string = Type.String();
const names = Type.Array(Type.String({ minLength: 1, maxLength: NAME_LENGTH_MAX }), {
  ...{ default: [], maxItems: NAMES_MAX },
});
const moment = Type.Optional(Type.String({ minLength: 1, maxLength: MOMENT_LENGTH_MAX }));

/** An event, where to go on from, or why the answer ends too early. */
const line = Type.Union([
  Type.Object({
    position: integer,
    time: string,
    stream: string,
    revision: integer,
    type: string,
    id: string,
    actor: string,
    operationId: string,
    causationId: Type.Optional(string),
    data: Type.Record(Type.String(), Type.Unknown()),
  }),
  Type.Object({ cursor: integer, end: Type.Boolean() }),
  Type.Object({ errCode: integer, errMsg: string, errDlt: string }),
]);

const eventsRoute = ({ history }: RouteDeps): Route =>
  route({
    path: '/admin/events',
    summary: 'The events of the log in order, decoded, as lines of JSON; by time, place and kind.',
    access: { kind: 'admin' },
    body: body({
      from: moment,
      to: moment,
      after: Type.Optional(int64(0)),
      streams: names,
      categories: names,
      types: names,
      actors: names,
      conversations: names,
      limit: Type.Optional(int64(1)),
      follow: flag(),
    }),
    lines: line,
    run: async ({ body: request }) => {
      const found = await history.events(request);
      return found.kind === 'refused' ? found : answer(found.lines);
    },
  });

const subject = {
  kind: Type.Unsafe<PastSubject['kind']>(
    Type.String({
      pattern: '^(user|friends|group|conversation)$',
      description: 'user, friends, group or conversation',
    }),
  ),
  id: Type.String({ minLength: 1, maxLength: NAME_LENGTH_MAX }),
};
const momentOf = Type.String({ minLength: 1, maxLength: MOMENT_LENGTH_MAX });
const row = Type.Record(Type.String(), Type.Unknown());
const event = Type.Object({
  ...{ position: integer, time: string, type: string, stream: string },
  ...{ actor: string, operationId: string, data: row },
});

const asOfRoute = ({ history }: RouteDeps): Route =>
  route({
    path: '/admin/as_of',
    summary: 'What a user, its friends, a group or a conversation was at a moment.',
    access: { kind: 'admin' },
    body: body({ ...subject, at: momentOf }),
    data: Type.Object({
      position: integer,
      rows: Type.Record(Type.String(), Type.Array(row)),
      messages: Type.Array(event),
    }),
    run: async ({ body: { at, ...about } }) => {
      const found = await history.asOf(about, at);
      return found.kind === 'refused' ? found : answer(plain(found.found));
    },
  });

const changesRoute = ({ history }: RouteDeps): Route =>
  route({
    path: '/admin/changes',
    summary: 'What became of it between two moments, and who did it.',
    access: { kind: 'admin' },
    body: body({ ...subject, from: momentOf, to: momentOf }),
    data: Type.Object({
      from: integer,
      to: integer,
      events: Type.Array(event),
      changes: Type.Array(
        Type.Object({ table: string, before: Type.Optional(row), after: Type.Optional(row) }),
      ),
    }),
    run: async ({ body: { from, to, ...about } }) => {
      const found = await history.changes(about, from, to);
      return found.kind === 'refused' ? found : answer(plain(found.found));
    },
  });

/** The past of everybody: for app admins alone. */
export const historyRoutes = (deps: RouteDeps): readonly Route[] => [
  eventsRoute(deps),
  asOfRoute(deps),
  changesRoute(deps),
];
