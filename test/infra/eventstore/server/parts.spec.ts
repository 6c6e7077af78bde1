import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { storedMetadata, wireMetadata } from '../../../../infra/eventstore/server/contentType.ts';
import { callStatusOf } from '../../../../infra/eventstore/server/failures.ts';
import { matcherOf } from '../../../../infra/eventstore/server/filter.ts';
import { Malformed } from '../../../../infra/eventstore/protocol/protobufReader.ts';
import {
  parseDocument,
  SOFT_DELETED,
  undeleted,
  visibilityOf,
} from '../../../../infra/eventstore/server/streamMetadata.ts';
import { Turns } from '../../../../infra/eventstore/server/turns.ts';
import { bytes, event } from '../../../support/eventStore/events.ts';

test('[STO-30] what kind of data an event has is kept beside any metadata', () => {
  // Bytes near those that mark, and all others.
  const metadata = fc.array(fc.oneof(fc.nat(3), fc.nat(255)), { maxLength: 20 });
  fc.assert(
    fc.property(metadata, fc.boolean(), (all, json) => {
      const read = wireMetadata(storedMetadata({ json, metadata: Uint8Array.from(all) }));
      expect(read.json).toBe(json);
      expect([...read.metadata]).toEqual(all);
    }),
  );
});

test('[STO-30] JSON beside JSON metadata, or none, is stored as it came', () => {
  for (const text of ['', '{"a":1}']) {
    const metadata = bytes(text);
    expect(storedMetadata({ json: true, metadata })).toBe(metadata);
  }
});

describe('[STO-34] metadata', () => {
  const visible = (json: string) => visibilityOf(parseDocument(bytes(json)));
  test('is taken for what it says', () => {
    expect(visible('{"$maxCount":2,"$maxAge":3,"$tb":4}')).toEqual({
      truncateBefore: 4,
      countMax: 2,
      ageMax: 3_000,
      softDeleted: false,
    });
    expect(visible(SOFT_DELETED).softDeleted).toBe(true);
  });
  test.each(['', 'x', '[]', 'null', '{"$maxCount":0,"$maxAge":-1,"$tb":"1"}', '{"$maxCount":1.5}'])(
    'that makes no sense hides nothing: %s',
    (json) => {
      expect(visible(json)).toEqual(visible('{}'));
    },
  );
  test('keeps all else when a stream comes back', () => {
    const document = parseDocument(
      bytes('{"$tb":9223372036854775807,"$maxCount":3,"own":{"a":1}}'),
    );
    expect(JSON.parse(undeleted(document, 7))).toEqual({ $tb: 7, $maxCount: 3, own: { a: 1 } });
  });
});

describe('[STO-37] a filter', () => {
  const stored = { ...event(), stream: 'chat-1', revision: 0, position: 1, created: 0 };
  const filter = { on: 'stream', regex: '', prefixes: [] as string[], checkpointEvery: 1 } as const;
  test('goes by a regular expression alone, if there is one', () => {
    expect(matcherOf({ ...filter, regex: 'at-\\d', prefixes: ['x'] })(stored)).toBe(true);
    expect(matcherOf({ ...filter, regex: '^at', prefixes: ['chat'] })(stored)).toBe(false);
    expect(matcherOf({ ...filter, regex: '^chat\\-' })(stored)).toBe(true);
  });
  test('without anything to look for finds nothing', () => {
    expect(matcherOf(filter)(stored)).toBe(false);
    expect(matcherOf(undefined)(stored)).toBe(true);
  });
  test('is refused if it is not one, or too long to be meant', () => {
    for (const regex of ['(', 'x'.repeat(2_000)])
      expect(() => matcherOf({ ...filter, regex })).toThrow(Malformed);
  });
});

test('[STO-35] a trailer is ASCII, whatever a stream is called', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), (stream) => {
      const { metadata } = callStatusOf({ kind: 'stream-deleted', stream });
      expect(String(metadata.get('stream-name')[0])).toMatch(/^[\x20-\x7e]*$/);
    }),
  );
});

test('[STO-35] whoever changes a stream is alone with it, and each comes in turn', async () => {
  const steps = fc.array(fc.record({ alone: fc.boolean(), hops: fc.nat(5) }), { maxLength: 30 });
  await fc.assert(
    fc.asyncProperty(steps, async (all) => {
      const turns = new Turns();
      const begun: number[] = [];
      let [sharing, alone] = [0, 0];
      const work = async (index: number): Promise<void> => {
        begun.push(index);
        const mine = all[index]!;
        if (mine.alone) alone++;
        else sharing++;
        expect(alone === 0 || (alone === 1 && sharing === 0)).toBe(true);
        for (let hop = 0; hop < mine.hops; hop++) await Promise.resolve();
        if (mine.alone) alone--;
        else sharing--;
        if (index % 7 === 6) throw new Error('failed');
      };
      const done = all.map((step, index) =>
        turns[step.alone ? 'alone' : 'shared']('key', () => work(index)),
      );
      await Promise.allSettled(done);
      expect(begun).toEqual(all.map((_, index) => index));
    }),
  );
});
