import { generateKeyPairSync } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { EventId } from '../../../../core/kernel/ids.ts';
import { CHAIN_BEGIN, linked, type Linked } from '../../../../infra/eventstore/chain/chain.ts';
import { ChainCheck, type ChainFault } from '../../../../infra/eventstore/chain/chainCheck.ts';
import { signed, type SignedCheckpoint } from '../../../../infra/eventstore/chain/checkpoints.ts';

const { privateKey, publicKey } = generateKeyPairSync('ed25519');

const bytes = fc.uint8Array({ maxLength: 6 });
const event: fc.Arbitrary<Linked> = fc.record({
  stream: fc.constantFrom('user-ann', 'user-bob'),
  revision: fc.nat(3),
  id: fc.uuid() as fc.Arbitrary<EventId>,
  type: fc.constantFrom('A', 'B'),
  created: fc.nat(9),
  metadata: fc.constantFrom('{}', '{"a":1}').map((text) => Buffer.from(text)),
  data: bytes,
});
const logs = fc.array(event, { minLength: 2, maxLength: 12 });

/** Signed after each so many events, and at the end. */
const checkpointsOf = (log: readonly Linked[], every: number): readonly SignedCheckpoint[] => {
  const made: SignedCheckpoint[] = [];
  let state = CHAIN_BEGIN;
  for (const one of log) {
    state = linked(state, one);
    const { events } = state;
    if (events % every !== 0 && events !== log.length) continue;
    made.push(signed({ ...state, log: 'l', position: events * 10, at: 1_000 }, privateKey));
  }
  return made;
};

const checked = (
  log: readonly Linked[],
  checkpoints: readonly SignedCheckpoint[],
  key = publicKey,
) => {
  const faults: ChainFault[] = [];
  const check = new ChainCheck(checkpoints, key, (fault) => faults.push(fault));
  for (const one of log) check.take(one);
  return { faults, report: check.finish() };
};

describe('[OPS-63] the chain', () => {
  test('fits the log that was signed, and one that has grown since', () => {
    fc.assert(
      fc.property(logs, fc.integer({ min: 1, max: 5 }), event, (log, every, more) => {
        const checkpoints = checkpointsOf(log, every);
        const { faults, report } = checked([...log, more], checkpoints);
        expect(faults).toEqual([]);
        expect(report).toMatchObject({
          ...{ checkpoints: checkpoints.length, events: log.length + 1 },
        });
      }),
    );
  });

  test('shows each change of any event, and between which checkpoints it is', () => {
    const change = fc.constantFrom('type', 'created', 'stream', 'revision', 'data', 'metadata');
    fc.assert(
      fc.property(logs, fc.nat(), change, (log, where, what) => {
        const index = where % log.length;
        const other: Partial<Linked> = {
          ...{ type: 'C', created: 99, stream: 'user-eve', revision: 99 },
          ...{ data: Buffer.from('another'), metadata: Buffer.from('{"b":2}') },
        };
        const changed = log.map((one, at) =>
          at === index ? { ...one, [what]: other[what] } : one,
        );
        const { faults } = checked(changed, checkpointsOf(log, 3));
        const first = Math.floor(index / 3) * 3 + 1;
        expect(faults).toHaveLength(1);
        expect(faults[0]).toMatchObject({
          kind: 'chain broken',
          key: expect.stringContaining(`between events ${String(first)} and `) as unknown,
        });
      }),
    );
  });

  test('shows what has been left out, added or moved', () => {
    fc.assert(
      fc.property(logs, fc.nat(), event, (log, where, more) => {
        const checkpoints = checkpointsOf(log, log.length);
        const index = where % log.length;
        const without = log.toSpliced(index, 1);
        expect(checked(without, checkpoints).faults).toHaveLength(1);
        expect(checked(log.toSpliced(index, 0, more), checkpoints).faults).toHaveLength(1);
        const [first, ...rest] = log;
        if (first !== undefined) {
          expect(checked([...rest, first], checkpoints).faults).toHaveLength(1);
        }
      }),
    );
  });

  test('is cut short where fewer events are there than were signed', () => {
    fc.assert(
      fc.property(logs, (log) => {
        const { faults } = checked(log.slice(0, -1), checkpointsOf(log, 100));
        expect(faults.map(({ kind }) => kind)).toEqual(['chain cut short']);
      }),
    );
  });

  test('is judged by nothing that is not signed by the key', () => {
    const log = fc.sample(logs, 1)[0] ?? [];
    const [checkpoint] = checkpointsOf(log, 100);
    if (checkpoint === undefined) throw new Error('it was signed');
    for (const forged of [
      { ...checkpoint, hash: '0'.repeat(64) },
      { ...checkpoint, events: checkpoint.events - 1 },
      { ...checkpoint, at: checkpoint.at + 1 },
      { ...checkpoint, log: 'other' },
    ]) {
      const { faults, report } = checked(log, [forged]);
      expect(faults.map(({ kind }) => kind)).toEqual(['bad signature']);
      expect(report.checkpoints).toBe(0);
    }
    const other = generateKeyPairSync('ed25519').publicKey;
    expect(checked(log, [checkpoint], other).faults).toMatchObject([{ kind: 'bad signature' }]);
  });

  test('goes on behind what cannot be read', () => {
    const log = Array.from({ length: 6 }, (_, index): Linked => {
      const id = `00000000-0000-4000-8000-00000000000${String(index)}` as EventId;
      const place = { stream: 'user-ann', revision: index, id, type: 'A', created: 1 };
      return { ...place, metadata: Buffer.from('{}'), data: Buffer.from('x') };
    });
    const faults: ChainFault[] = [];
    const check = new ChainCheck(checkpointsOf(log, 2), publicKey, (fault) => faults.push(fault));
    for (const [index, one] of log.entries()) {
      if (index === 1) check.unreadable();
      else check.take(index === 5 ? { ...one, type: 'B' } : one);
    }
    // The unreadable one is told of by whoever could not read it.
    expect(faults).toMatchObject([
      { key: 'between events 5 and 6, signed as positions 41 to 60', kind: 'chain broken' },
    ]);
  });
});
