import { expect, test } from 'vitest';
import { publishTogether } from '../../../../infra/app/cluster/together.ts';
import { PAYLOAD_BYTES_MAX, subjectOf, type Subject } from '../../../../infra/bus/bus.ts';

const [one, other] = [subjectOf('node', 'one'), subjectOf('node', 'other')];

const world = (takes: (payload: Uint8Array) => boolean = () => true) => {
  const published: (readonly [Subject, string])[] = [];
  const tell = publishTogether({
    publish: (subject, payload) => {
      if (!takes(payload)) return false;
      published.push([subject, Buffer.from(payload).toString()]);
      return true;
    },
  });
  return { tell, published, turn: () => new Promise((resolve) => setImmediate(resolve)) };
};

test('[NOD-30] what is for one process in one turn goes out as one message, in its order', async () => {
  const { tell, published, turn } = world();
  tell(one, '1');
  tell(other, '{"a":2}');
  tell(one, '3');
  expect(published).toEqual([]);
  await turn();
  expect(published).toEqual([
    [one, '[1,3]'],
    [other, '[{"a":2}]'],
  ]);
  tell(one, '4');
  await turn();
  expect(published.slice(2)).toEqual([[one, '[4]']]);
});

test('what would be too large for one message is parted, and stays in its order', async () => {
  const { tell, published, turn } = world((payload) => payload.length <= PAYLOAD_BYTES_MAX);
  // Three bytes each in UTF-8.
  const texts = ['1', '2', '3', '4'].map((digit) => `"${digit}${'€'.repeat(60_000)}"`);
  for (const text of texts) tell(one, text);
  await turn();
  expect(published.length).toBeGreaterThan(1);
  const come = published.flatMap(([, text]) => JSON.parse(text) as string[]);
  expect(come).toEqual(texts.map((text) => JSON.parse(text) as string));
});

test('whoever has told what the bus does not take is told so', async () => {
  const { tell, published, turn } = world(() => false);
  const lost: string[] = [];
  tell(one, '1', () => lost.push('1'));
  tell(one, '2', () => lost.push('2'));
  tell(one, '3');
  await turn();
  expect(published).toEqual([]);
  expect(lost).toEqual(['1', '2']);
});
