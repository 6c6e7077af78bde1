import { Type } from '@sinclair/typebox';
import { body, int64, text } from '../fields.ts';
import { answer } from '../reply.ts';
import { route, type Route } from '../route.ts';
import type { RouteDeps } from '../routes.ts';

/** A sentence or two, for whoever wonders in a year. */
const REASON_LENGTH_MAX = 500;

const integer = Type.Integer();
const string = Type.String();

const statusRoute = ({ projector }: RouteDeps): Route =>
  route({
    path: '/admin/projector/status',
    summary: 'How far the read models are, and what stops them if anything does.',
    access: { kind: 'admin' },
    body: body({}),
    data: Type.Object({
      state: string,
      reason: string,
      head: integer,
      projections: Type.Array(
        Type.Object({ projection: string, position: integer, waitingMs: integer }),
      ),
      poison: Type.Optional(
        Type.Object({ projection: string, position: integer, type: string, reason: string }),
      ),
    }),
    run: async () => {
      const status = projector.status();
      return answer({ ...status, projections: [...status.projections] });
    },
  });

const skipRoute = ({ projector }: RouteDeps): Route =>
  route({
    path: '/admin/projector/skip',
    summary: 'Has the read model that stops at an event do without it, for good.',
    access: { kind: 'admin' },
    writes: true,
    body: body({ position: int64(1), reason: text(REASON_LENGTH_MAX) }),
    run: ({ body: request, meta }) => projector.skip(request, meta),
  });

/** Of Seqline's own, for whoever runs the server: OpenIM has nothing like them. */
export const adminRoutes = (deps: RouteDeps): readonly Route[] => [
  statusRoute(deps),
  skipRoute(deps),
];
