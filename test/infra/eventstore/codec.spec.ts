import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { catalogue, type EventType } from '../../../core/kernel/catalogue.ts';
import { EVENT_BYTES_MAX, type StoredEvent } from '../../../core/kernel/eventStore.ts';
import { ERASED, type NewEvent } from '../../../core/kernel/fact.ts';
import type { EventId, TokenId, UserId } from '../../../core/kernel/ids.ts';
import { codecOf, type KeyOfPart, type SealingKeys } from '../../../infra/eventstore/codec.ts';
import {
  DamagedEvent,
  EventFromNewerVersion,
  EventTooLarge,
  UnknownEvent,
} from '../../../infra/eventstore/faults.ts';
import { deriveId } from '../../../infra/ids.ts';
import { dataOf } from '../../support/eventArbitraries.ts';
import { eventOf, keysOf, noKeys, placed, samples, storedSample, textOf } from './stored.ts';

const codec = codecOf(catalogue);
const types = Object.keys(dataOf) as EventType[];
const STREAM = 'conversation-si_ann_bob';

const meta = { actor: 'ann', operationId: 'op-1' };
const id = deriveId('an event');

/** Every user's key, of a number that does not go without saying for half of them. */
const keysFor = (event: NewEvent): SealingKeys =>
  new Map(
    [...codec.subjectsOf([event])].map((subject) => [
      subject,
      { id: (subject.length % 2) + 1, key: Buffer.alloc(32, subject) },
    ]),
  );
const keyOf: KeyOfPart = ({ subject }) => Buffer.alloc(32, subject);

const read = (stored: StoredEvent, keys: KeyOfPart = keyOf) =>
  codec.open(codec.parse(stored), keys);

const events = fc.constantFrom(...types).chain((type) =>
  fc.record({
    type: fc.constant(type),
    id: fc.uuid() as fc.Arbitrary<EventId>,
    data: dataOf[type] as fc.Arbitrary<object>,
    meta: fc.record(
      {
        actor: fc.constantFrom('ann', 'bob', 'imAdmin', ''),
        operationId: fc.string({ maxLength: 20 }),
        login: fc.uuid() as fc.Arbitrary<TokenId>,
        causationId: fc.uuid() as fc.Arbitrary<EventId>,
        modifiedBy: fc.constantFrom('moderation', 'crm'),
        call: fc.constantFrom('info', 'infoEx'),
      },
      { requiredKeys: ['actor', 'operationId'] },
    ),
  }),
);

const entriesErased = (entries: unknown): unknown =>
  (entries as readonly object[]).map((entry) => ({ ...entry, shown: ERASED }));

const placeOf = { stream: STREAM, revision: 3, position: 41, created: 1_767_225_600_000 };

describe('an event that is stored and read', () => {
  test('is the same, sealed or not, with its place', () => {
    fc.assert(
      fc.property(events, fc.boolean(), (event, sealed) => {
        const stored = codec.encode(STREAM, event, sealed ? keysFor(event) : undefined);
        expect(read(placed(STREAM, stored))).toEqual({ ...event, ...placeOf });
      }),
      { numRuns: 500 },
    );
  });

  test('[REP-20] is the same as text, without being made into objects', () => {
    const erasing: KeyOfPart = (part) => (part.subject.length % 3 === 0 ? undefined : keyOf(part));
    fc.assert(
      fc.property(events, fc.boolean(), (event, sealed) => {
        const stored = codec.encode(STREAM, event, sealed ? keysFor(event) : undefined);
        const parsed = codec.parse(placed(STREAM, stored));
        for (const keys of [keyOf, erasing]) {
          const { data, ...rest } = codec.open(parsed, keys);
          expect(codec.openText(parsed, keys)).toEqual({ ...rest, data: JSON.stringify(data) });
        }
      }),
      { numRuns: 500 },
    );
  });

  test('[REP-20] is one line as text, whoever wrote it', () => {
    const data = { user: 'ann', level: 1, globalReceive: 0, profile: { nickname: 'a "~":{ b' } };
    const event = { type: 'UserRegistered', id, meta, data };
    const spread = Buffer.from(JSON.stringify(data, null, 2));
    const stored = { ...placed(STREAM, codec.encode(STREAM, event, undefined)), data: spread };
    expect(codec.openText(codec.parse(stored), noKeys).data).toBe(JSON.stringify(data));
  });

  test('gives the same bytes each time', () => {
    fc.assert(
      fc.property(events, (event) => {
        const [one, other] = [1, 2].map(() => textOf(codec.encode(STREAM, event, undefined)));
        expect(one).toEqual(other);
      }),
    );
  });

  test.each(types)(
    '[SEA-2] of type %s has ERASED for each personal field once keys are gone',
    (type) => {
      const spec = catalogue[type];
      const personal = 'personal' in spec ? Object.keys(spec.personal) : [];
      const each = 'each' in spec ? spec.each : undefined;
      fc.assert(
        fc.property(dataOf[type] as fc.Arbitrary<object>, (data) => {
          const event = { type, id, meta, data };
          const stored = placed(STREAM, codec.encode(STREAM, event, keysFor(event)));
          const wanted = Object.entries(data).map(([name, value]: [string, unknown]) => [
            name,
            personal.includes(name) ? ERASED : name === each ? entriesErased(value) : value,
          ]);
          expect(read(stored, noKeys).data).toEqual(Object.fromEntries(wanted));
        }),
        { numRuns: 30 },
      );
    },
  );

  test('[SEA-1] shows nothing of its personal fields in the stored bytes', () => {
    const body = { content: 'my cat is ill', nickname: 'Ann Example' };
    const event = { type: 'MessageSent', id, meta, data: { from: 'ann', to: 'bob', body } };
    const { data, metadata } = textOf(codec.encode(STREAM, event, keysFor(event)));
    expect(data + metadata).not.toMatch(/cat|Example|body|content|nickname/);
    expect(data).toContain('"from":"ann","to":"bob"');
  });

  describe('with something personal to each of a list', () => {
    const others = ['bob', 'cat'].map((user) => ({ user, shown: { nickname: `${user}!` } }));
    const event: NewEvent = {
      type: 'NoticePosted',
      id,
      meta,
      data: {
        from: 'ann',
        group: 'g1',
        clientMsgId: 'c',
        contentType: 1509,
        createTime: 1,
        sendTime: 1,
        body: { content: 'invited' },
        others,
      },
    };
    const stored = placed(STREAM, codec.encode(STREAM, event, keysFor(event)));

    test('[SEA-1] holds none of it in the open, but who is in it', () => {
      const { data } = textOf(stored);
      expect(data).not.toMatch(/bob!|cat!|nickname/);
      expect(data).toContain('"others":[{"user":"bob"},{"user":"cat"}]');
      expect(read(stored).data).toEqual(event.data);
    });

    test('[SEA-2] loses what belongs to the user whose key is gone, and nothing else', () => {
      const withoutBob: KeyOfPart = (part) => (part.subject === 'bob' ? undefined : keyOf(part));
      const [bob, cat] = others;
      const wanted = { ...event.data, others: [{ ...bob, shown: ERASED }, cat] };
      expect(read(stored, withoutBob).data).toEqual(wanted);
    });

    test('[SEA-6] is damaged where the seal of one of them is missing', () => {
      const { '~': seals, ...open } = JSON.parse(textOf(stored).data) as { '~': object };
      const { bob: _, ...rest } = seals as { bob: string };
      const data = Buffer.from(JSON.stringify({ ...open, '~': rest }));
      expect(() => read({ ...stored, data })).toThrow(DamagedEvent);
    });
  });

  test('[SEA-2] loses only the fields of the user whose key is gone', () => {
    const sample = samples.find(({ type }) => type === 'MessageRevoked');
    if (sample === undefined) throw new Error('there is a sample of a revocation');
    const withoutBob: KeyOfPart = (part) =>
      part.subject === 'bob' ? undefined : keysOf(sample)(part);
    const { data } = read(storedSample(sample, 'sealed'), withoutBob);
    expect(data).toEqual({ ...sample.data, source: ERASED });
  });
});

describe('stored samples', () => {
  test('[STO-13] there is one of every version of every event', () => {
    const wanted = Object.entries(catalogue).flatMap(([type, { version }]) =>
      Array.from({ length: version }, (_, at) => `${type}.v${String(at + 1)}`),
    );
    expect(samples.map(({ type, version }) => `${type}.v${String(version)}`).sort()).toEqual(
      wanted.sort(),
    );
  });
  const current = samples.filter(
    ({ type, version }) => catalogue[type as EventType].version === version,
  );
  test.each(samples)('$type, version $version, is read sealed as it is read plain', (sample) => {
    const [plain, sealed] = (['plain', 'sealed'] as const).map((form) =>
      read(storedSample(sample, form), keysOf(sample)),
    );
    expect(sealed).toEqual(plain);
    expect(sealed?.meta).toEqual(sample.meta);
  });
  test.each(current)('$type is read as what it was', (sample) => {
    expect(read(storedSample(sample, 'sealed'), keysOf(sample)).data).toEqual(sample.data);
  });
  test.each(current)('$type is still written in the same bytes', (sample) => {
    expect(textOf(codec.encode(sample.stream, eventOf(sample), undefined))).toEqual(sample.plain);
  });
});

describe('bytes of a text message of 40 characters', () => {
  const message: NewEvent = {
    type: 'MessageSent',
    id,
    meta: { actor: 'u10000001', operationId: '1767225600123456789' },
    data: {
      from: 'u10000001',
      to: 'u10000002',
      clientMsgId: '0a55c5f7a1b6e0d6f3c1a7f2b8d94e10',
      contentType: 101,
      platform: 5,
      createTime: 1_767_225_599_960,
      sendTime: 1_767_225_600_000,
      body: { content: JSON.stringify({ content: 'x'.repeat(40) }), nickname: 'Ann Example' },
    },
  };
  // Number 1, which all users have but those who came back after their erasure.
  const firstKeys = new Map([['u10000001' as UserId, { id: 1, key: Buffer.alloc(32) }]]);
  test.each([
    { form: 'plain', keys: undefined, most: 350 },
    { form: 'sealed', keys: firstKeys, most: 430 },
  ])('$form, data and metadata: at most $most', ({ keys, most }) => {
    const { data, metadata } = codec.encode('conversation-si_u10000001_u10000002', message, keys);
    expect(data.length + metadata.length).toBeLessThanOrEqual(most);
  });
  test('leave out what goes without saying', () => {
    expect(textOf(codec.encode(STREAM, message, undefined)).metadata).toBe(
      '{"$correlationId":"1767225600123456789"}',
    );
  });
});

describe('what is not as it was written', () => {
  const ann = { user: 'ann' as UserId };
  const event = { type: 'UserChanged', id, meta, data: { ...ann, profile: { nickname: 'Ann' } } };
  const stored = placed('user-ann', codec.encode('user-ann', event, keysFor(event)));
  const json = (value: unknown) => Buffer.from(JSON.stringify(value));

  test('[STO-12] an unknown name is a fault that says where', () => {
    const foreign = { ...stored, type: 'UserTeleported' };
    expect(() => read(foreign)).toThrow(UnknownEvent);
    expect(() => read(foreign)).toThrow(
      /^UserTeleported at position 41 \(user-ann, revision 3\): .*no event of that name; run the version/,
    );
  });
  test('a newer version is a fault that says which', () => {
    const newer = { ...stored, metadata: json({ v: 2 }) };
    expect(() => read(newer)).toThrow(EventFromNewerVersion);
    expect(() => read(newer)).toThrow(/version 2, and this Seqline knows versions up to 1/);
  });
  test.each([
    ['data that is no JSON', { data: Buffer.from('{"user":') }],
    ['data that is no object', { data: json([1]) }],
    ['metadata that is no JSON', { metadata: Buffer.of(0) }],
    ['an actor that is no text', { metadata: json({ a: 7 }) }],
    ['who has changed it that is no text', { metadata: json({ m: 7 }) }],
    ['a call that is not known', { metadata: json({ c: 7 }) }],
    ['a version that is no number', { metadata: json({ v: '1' }) }],
    ['an unknown way of sealing', { metadata: json({ e: 9 }) }],
    ['sealed fields that metadata denies', { metadata: json({}) }],
    ['a seal that is missing', { data: json(ann) }],
    ['a seal that is no text', { data: json({ ...ann, '~': { ann: 1 } }) }],
    ['a seal that is too short', { data: json({ ...ann, '~': { ann: 'AAAA' } }) }],
    ['a seal for somebody else', { data: json({ ...ann, '~': { bob: sealOf(stored) } }) }],
    ['a key number that is none', { metadata: json({ e: 1, k: { ann: '1' } }) }],
  ])('[STO-19] %s is damage', (_what, change) => {
    expect(() => read({ ...stored, ...change })).toThrow(DamagedEvent);
    expect(() => read({ ...stored, ...change })).toThrow(/at position 41 \(user-ann, revision 3\)/);
  });
  test('a seal without key that belongs to nobody in the event is damage, not erasure', () => {
    const strange = { ...stored, data: json({ ...ann, '~': { bob: sealOf(stored) } }) };
    expect(() => read(strange, noKeys)).toThrow(DamagedEvent);
  });

  test('[SEA-6] a sealed field in which any one bit is different is damage, never erasure', () => {
    const seal = Buffer.from(sealOf(stored), 'base64');
    fc.assert(
      fc.property(fc.nat({ max: seal.length * 8 - 1 }), (bit) => {
        const flipped = Buffer.from(seal);
        flipped.writeUInt8(flipped.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
        const data = json({ ...ann, '~': { ann: flipped.toString('base64') } });
        expect(() => read({ ...stored, data })).toThrow(DamagedEvent);
      }),
    );
  });
  test('[SEA-3] a sealed field does not open in another stream, event or user', () => {
    const moves: Partial<StoredEvent>[] = [
      { stream: 'user-an' },
      { id: deriveId('another event') },
      { data: json({ user: 'bob', '~': { bob: sealOf(stored) } }) },
    ];
    const sameKey: KeyOfPart = () => Buffer.alloc(32, 'ann');
    expect(read(stored, sameKey).data).toEqual(event.data);
    for (const move of moves) {
      expect(() => read({ ...stored, ...move }, sameKey)).toThrow(DamagedEvent);
    }
  });
  test('[SEA-6] another key of the same number is damage', () => {
    expect(() => read(stored, () => Buffer.alloc(32, 'x'))).toThrow(/the seal of ann does not fit/);
  });
});

const sealOf = ({ data }: StoredEvent): string =>
  (JSON.parse(Buffer.from(data).toString()) as { '~': { ann: string } })['~'].ann;

describe('an older shape', () => {
  const upgraded = codecOf({
    UserChanged: {
      version: 3,
      personal: { profile: ({ user }: { user: UserId }) => user },
      upcast: ({ nick, ...rest }, version) => {
        if (version === 2) throw new TypeError('no such thing');
        return { ...rest, alias: nick };
      },
    },
  });
  const data = { user: 'ann', nick: 'A', profile: { nickname: 'Ann' } };
  const event = { type: 'UserChanged', id, meta, data };
  const old = placed('user-ann', codec.encode('user-ann', event, keysFor(event)));

  test('[STO-13] is brought up as it is read, opened or erased', () => {
    const parsed = upgraded.parse(old);
    const { nick: alias, ...rest } = data;
    expect(upgraded.open(parsed, keyOf).data).toEqual({ ...rest, alias });
    expect(upgraded.open(parsed, noKeys).data).toEqual({ user: 'ann', alias, profile: ERASED });
  });
  test('that cannot be brought up is damage at its place', () => {
    const odd = { ...old, metadata: Buffer.from('{"v":2,"e":1,"k":{"ann":2}}') };
    expect(() => upgraded.open(upgraded.parse(odd), keyOf)).toThrow(
      /position 41 .* version 2 of it/,
    );
  });
  test('is named by its version in what is written today', () => {
    const { metadata } = textOf(upgraded.encode('user-ann', event, undefined));
    expect(JSON.parse(metadata)).toMatchObject({ v: 3 });
  });
  test('without an upcaster does not start', () => {
    expect(() => codecOf({ UserChanged: { version: 2 } })).toThrow(/has an upcaster/);
  });
});

test('[STO-7] an event above the limit is refused before it is sent', () => {
  const withReason = (reason: string) => ({ type: 'SeqVoided', id, meta, data: { reason } });
  const { data, metadata } = codec.encode(STREAM, withReason(''), undefined);
  const room = EVENT_BYTES_MAX - data.length - metadata.length - 2 * 'SeqVoided'.length;
  const fits = codec.encode(STREAM, withReason('x'.repeat(room)), undefined);
  expect(fits.data.length + fits.metadata.length).toBe(EVENT_BYTES_MAX - 18);
  expect(() => codec.encode(STREAM, withReason('x'.repeat(room + 1)), undefined)).toThrow(
    EventTooLarge,
  );
});
