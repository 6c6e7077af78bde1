import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  hasRoomForCreated,
  withCreated,
  withoutCreated,
} from '../../../infra/eventstore/firstCreated.ts';
import { bytes, text } from '../../support/eventStore/events.ts';

const ends = (metadata: Uint8Array): boolean => /"\$created":\d+\}$/.test(text(metadata));

test('[STO-66] the time that metadata carries comes off again, and leaves the very bytes', () => {
  const objects = fc.dictionary(fc.string(), fc.jsonValue()).map((one) => JSON.stringify(one));
  fc.assert(
    fc.property(objects, fc.nat(2_000_000_000_000), (json, created) => {
      fc.pre(!ends(bytes(json)));
      const carried = withCreated(bytes(json), created);
      expect(JSON.parse(text(carried))).toMatchObject({ $created: created });
      const { metadata, created: found } = withoutCreated(carried);
      expect(text(metadata)).toBe(json);
      expect(found).toBe(created);
    }),
  );
});

test('[STO-66] what has no room for it stays as it is', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 60 }), (given) => {
      fc.pre(!hasRoomForCreated(given));
      expect(withCreated(given, 7)).toEqual(given);
      expect(withoutCreated(given)).toEqual({ metadata: given, created: undefined });
    }),
  );
  const open = bytes('{"a":1}');
  expect(withoutCreated(open)).toEqual({ metadata: open, created: undefined });
});
