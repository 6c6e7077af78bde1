import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { catalogue, type EventType } from '../../../core/kernel/catalogue.ts';
import type { NewEvent, Recorded } from '../../../core/kernel/fact.ts';
import type { EventId } from '../../../core/kernel/ids.ts';
import { READ_MODELS } from '../../../infra/app/readModels/readModels.ts';
import { codecOf, type KeyOfPart } from '../../../infra/eventstore/codec.ts';
import { knownEvents } from '../../../projections/kernel/follower.ts';
import type { AnyTable, Projection } from '../../../projections/kernel/model.ts';
import type { Event } from '../../../projections/kernel/tail.ts';
import { dataOf } from '../../support/eventArbitraries.ts';
import { worldOf } from '../../infra/replay/world.ts';

const codec = codecOf(catalogue);
const STREAMS = ['conversation-si_ann_bob', 'conversation-sg_g1', 'conversation-n_ann_bob'];
const keyOf: KeyOfPart = ({ subject }) => Buffer.alloc(32, subject);
const MODELS: readonly Projection[] = READ_MODELS;

type Both = Readonly<{ opened: Event; leftSealed: Event }>;

/** Events of these types in numbered streams, with what is personal and as if that were erased. */
const bothOf = (types: readonly EventType[]): fc.Arbitrary<Both> =>
  fc
    .tuple(fc.constantFrom(...types), fc.constantFrom(...STREAMS), fc.nat({ max: 50 }), fc.uuid())
    .chain(([type, stream, revision, id]) =>
      (dataOf[type] as fc.Arbitrary<object>).map((data) => {
        const meta = { actor: 'ann', operationId: 'op' };
        const event: NewEvent = { type, id: id as EventId, data, meta };
        const subjects = [...codec.subjectsOf([event])];
        const keys = new Map(
          subjects.map((subject) => [subject, { id: 1, key: Buffer.alloc(32, subject) }]),
        );
        const stored = codec.encode(stream, event, keys);
        const parsed = codec.parse({ ...stored, stream, revision, position: 7, created: 1_000 });
        const one = (recorded: Recorded): Event => {
          const [known] = knownEvents([recorded]);
          if (known === undefined) throw new Error('each event is of the catalogue');
          return known;
        };
        const nothing = () => undefined;
        return {
          opened: one(codec.open(parsed, keyOf)),
          leftSealed: one(codec.open(parsed, nothing)),
        };
      }),
    );

/** Rows of a table after some events; what it looks at beside it is not there. */
const rowsOf = (table: AnyTable, events: readonly Event[]): ReadonlyMap<string, unknown> => {
  const rows = new Map<string, unknown>();
  for (const event of events) {
    const others = table.beside?.keysOf(event).map(() => undefined) ?? [];
    for (const key of table.keysOf(event))
      rows.set(key, table.fold(rows.get(key), event, key, others));
  }
  return rows;
};

describe('[REP-22] what a read model leaves sealed', () => {
  test.each(MODELS)('makes no difference to $name', ({ tables, leavesSealed = [] }) => {
    expect(leavesSealed).toContain('MessageSent');
    fc.assert(
      fc.property(fc.array(bothOf(leavesSealed), { maxLength: 8 }), (events) => {
        for (const table of tables) {
          const opened = rowsOf(
            table,
            events.map((event) => event.opened),
          );
          const leftSealed = rowsOf(
            table,
            events.map((event) => event.leftSealed),
          );
          expect(leftSealed).toEqual(opened);
        }
      }),
    );
  });

  test('is not opened, and all else is', async () => {
    const profile = { nickname: 'Ann', faceUrl: '', ex: '' };
    const by = { actor: 'ann', created: 1_000 };
    const body = { content: 'hi' };
    const { log, keys } = await worldOf([
      {
        ...{ ...by, stream: 'user-ann', type: 'UserRegistered' },
        data: { user: 'ann', level: 1, globalReceive: 0, profile },
      },
      {
        ...{ ...by, stream: 'conversation-si_ann_bob', type: 'MessageSent' },
        data: { from: 'ann', to: 'bob', clientMsgId: 'm', contentType: 101, body },
      },
    ]);
    const { events } = await log.readAll({ from: 'start', direction: 'forwards', max: 2 });
    const [user, message] = await log.decode(events, new Set(['MessageSent']));
    expect(user?.data).toMatchObject({ profile });
    expect(message?.data).toMatchObject({ from: 'ann', body: { erased: true } });
    // And without any key it comes as well.
    await keys.destroy('ann' as never);
    const [, again] = await log.decode(events, new Set(['MessageSent']));
    expect(again).toEqual(message);
  });
});
