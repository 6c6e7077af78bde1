import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  group,
  notificationAccount,
  notificationOf,
  selfNotification,
  single,
} from '../../../core/conversation/ids.ts';
import type { GroupId, UserId } from '../../../core/kernel/ids.ts';

const user = (id: string): UserId => id as UserId;
const u1 = user('u1');
const u2 = user('u2');
const withSeparator = user('b_c');

describe('[WIR-49] ids of conversations are those that clients work out', () => {
  test('of each kind', () => {
    expect(single(u1, u2)).toBe('si_u1_u2');
    expect(single(u1, u1)).toBe('si_u1_u1');
    expect(group('g1' as GroupId)).toBe('sg_g1');
    expect(notificationAccount(u2, u1)).toBe('sn_u1_u2');
    expect(selfNotification(u1)).toBe('n_u1_u1');
  });

  test('notifications of a chat are found by its first part alone', () => {
    expect(notificationOf(single(u1, u2))).toBe('n_u1_u2');
    expect(notificationOf(notificationAccount(u1, u2))).toBe('n_u1_u2');
    expect(notificationOf(group('a_b_c' as GroupId))).toBe('n_a_b_c');
    expect(notificationOf(single(user('a'), withSeparator))).toBe('n_a_b_c');
    expect(notificationOf(single(u1, u1))).toBe(selfNotification(u1));
  });

  test('a shorter id comes before one that it begins', () => {
    expect(single(user('u10'), u1)).toBe('si_u1_u10');
  });

  const names = fc.string({ unit: 'binary', minLength: 1, maxLength: 8 });
  test('two users have one chat, their ids in the order of their UTF-8 bytes', () => {
    fc.assert(
      fc.property(names, names, (one, other) => {
        const inOrder = [one, other].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
        expect(single(user(one), user(other))).toBe(`si_${inOrder.join('_')}`);
        expect(single(user(other), user(one))).toBe(single(user(one), user(other)));
      }),
    );
  });
});
