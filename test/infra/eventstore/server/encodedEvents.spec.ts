import { expect, test } from 'vitest';
import type { StoredEvent } from '../../../../core/kernel/eventStore.ts';
import type { EventId } from '../../../../core/kernel/ids.ts';
import { EncodedEvents } from '../../../../infra/eventstore/server/encodedEvents.ts';
import { eventResponse } from '../../../../infra/eventstore/server/responses.ts';

const eventAt = (position: number, said = `said ${String(position)}`): StoredEvent => ({
  id: '11111111-2222-4333-8444-555555555555' as EventId,
  ...{ type: 'MessageSent', stream: 'conversation-si_ann_bob' },
  ...{ data: Buffer.from(JSON.stringify({ said })), metadata: Buffer.from('{}') },
  ...{ revision: position - 1, position, created: 1_750_000_000_123 },
});

const alone = (event: StoredEvent, uuids: 'text' | 'structured' = 'text'): Buffer =>
  eventResponse({ event, link: undefined }, uuids);

test('[STO-30] what one event is sent as is made once, for each form of ids', () => {
  const encoded = new EncodedEvents();
  const event = eventAt(7);
  const first = encoded.response(event, 'text');
  expect(first).toEqual(alone(event));
  expect(encoded.response(event, 'text')).toBe(first);
  expect(encoded.response(event, 'structured')).toEqual(alone(event, 'structured'));
});

test('no event is ever sent as another, be it in its place or read anew', () => {
  const encoded = new EncodedEvents();
  const events = Array.from({ length: 5_000 }, (_, at) => eventAt(at + 1));
  for (const event of events) encoded.response(event, 'text');
  for (const position of [1, 1_025, 4_000, 5_000]) {
    const event = eventAt(position, 'written in another log');
    expect(encoded.response(event, 'text')).toEqual(alone(event));
  }
});

test('what is large is not kept', () => {
  const encoded = new EncodedEvents();
  const event = eventAt(7, 'x'.repeat(10_000));
  const first = encoded.response(event, 'text');
  expect(encoded.response(event, 'text')).toEqual(first);
  expect(encoded.response(event, 'text')).not.toBe(first);
});
