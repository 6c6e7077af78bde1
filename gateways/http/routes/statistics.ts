import { Type, type Static } from '@sinclair/typebox';
import type { CountedByDay, Span } from '../../keptPorts.ts';
import { body, int64 } from '../fields.ts';
import { answer, refuse, type Answer } from '../reply.ts';
import { route, type Route } from '../route.ts';
import type { RouteDeps } from '../routes.ts';

/** Days that one answer may tell of: more than ten years. */
const DAYS_MAX = 4_000;
const DAY_MS = 24 * 3_600_000;

/** Milliseconds. */
const span = body({ start: int64(1), end: int64(1) });

const counted = Type.Object({
  total: Type.Integer(),
  before: Type.Integer(),
  count: Type.Optional(Type.Record(Type.String(), Type.Integer())),
});

const countedIn =
  (count: (asked: Span) => Promise<CountedByDay>) =>
  async ({
    body: { start, end },
  }: Readonly<{ body: Static<typeof span> }>): Promise<Answer<Static<typeof counted>>> => {
    if (end < start) return refuse('args/invalid', 'end: must not be before start');
    if (end - start > DAYS_MAX * DAY_MS) {
      return refuse('args/invalid', `end: at most ${String(DAYS_MAX)} days after start`);
    }
    const { total, before, days } = await count({ start, end });
    return answer({
      total,
      before,
      ...(days.size === 0 ? {} : { count: Object.fromEntries(days) }),
    });
  };

/** Numbers that the read models can give exactly, by days of UTC. */
export const statisticsRoutes = ({ userLists, groupStatistics }: RouteDeps): readonly Route[] => [
  route({
    path: '/statistics/user/register',
    summary: 'How many users there are, were before a time, and came on each day of a span.',
    access: { kind: 'admin' },
    body: span,
    data: counted,
    run: countedIn((asked) => userLists.registrations(asked)),
  }),

  route({
    path: '/statistics/group/create',
    summary: 'How many groups were ever made, before a time, and on each day of a span.',
    access: { kind: 'admin' },
    body: span,
    data: counted,
    run: countedIn((asked) => groupStatistics.created(asked)),
  }),
];
