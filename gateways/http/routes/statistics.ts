import { Type } from '@sinclair/typebox';
import { body, int64 } from '../fields.ts';
import { answer, refuse } from '../reply.ts';
import { route, type Route } from '../route.ts';
import type { RouteDeps } from '../routes.ts';

/** Days that one answer may tell of: more than ten years. */
const DAYS_MAX = 4_000;
const DAY_MS = 24 * 3_600_000;

/** Numbers that the read models can give exactly, as days of UTC. */
export const statisticsRoutes = ({ userLists }: RouteDeps): readonly Route[] => [
  route({
    path: '/statistics/user/register',
    summary: 'How many users there are, were before a time, and came on each day of a span.',
    access: { kind: 'admin' },
    body: body({ start: int64(1), end: int64(1) }),
    data: Type.Object({
      total: Type.Integer(),
      before: Type.Integer(),
      count: Type.Optional(Type.Record(Type.String(), Type.Integer())),
    }),
    run: async ({ body: { start, end } }) => {
      if (end < start) return refuse('args/invalid', 'end: must not be before start');
      if (end - start > DAYS_MAX * DAY_MS) {
        return refuse('args/invalid', `end: at most ${String(DAYS_MAX)} days after start`);
      }
      const { total, before, days } = await userLists.registrations({ start, end });
      const count = Object.fromEntries(days);
      return answer({ total, before, ...(days.size === 0 ? {} : { count }) });
    },
  }),
];
