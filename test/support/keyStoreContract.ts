import { describe, expect, test } from 'vitest';
import type { UserId } from '../../core/kernel/ids.ts';
import { KeyMissing, type KeyStore } from '../../core/kernel/keyStore.ts';

const ann = 'ann' as UserId;
const bob = 'bob' as UserId;

/** What every key store keeps to. `use` hands over an empty one and takes it away afterwards. */
export const keyStoreContract = (
  name: string,
  use: (work: (keys: KeyStore) => Promise<void>) => Promise<void>,
): void => {
  const keyOf = async (keys: KeyStore, user: UserId) => {
    const key = (await keys.sealing([user])).get(user);
    if (key === undefined) throw new Error(`no key for ${user}`);
    return key;
  };

  describe(`${name} key store`, () => {
    test('makes a key of 32 bytes, number 1, where there is none', () =>
      use(async (keys) => {
        const { id, key } = await keyOf(keys, ann);
        expect([id, key.length]).toEqual([1, 32]);
      }));
    test('gives the same key again, and opens with it', () =>
      use(async (keys) => {
        const { key } = await keyOf(keys, ann);
        expect(await keyOf(keys, ann)).toEqual({ id: 1, key });
        expect(await keys.opening(ann, 1)).toEqual(key);
      }));
    test('gives each user another key', () =>
      use(async (keys) => {
        const both = await keys.sealing([ann, bob]);
        expect([...both.keys()]).toEqual([ann, bob]);
        expect(both.get(ann)?.key).not.toEqual(both.get(bob)?.key);
      }));
    test('gives one key to those who ask at the same time', () =>
      use(async (keys) => {
        const [one, other] = await Promise.all([keyOf(keys, ann), keyOf(keys, ann)]);
        expect(one).toEqual(other);
      }));
    test('[SEA-9] a key that was never made is missing, which is not the same as destroyed', () =>
      use(async (keys) => {
        await keys.sealing([ann]);
        await expect(keys.opening(bob, 1)).rejects.toBeInstanceOf(KeyMissing);
        await expect(keys.opening(ann, 2)).rejects.toMatchObject({ subject: 'ann', keyId: 2 });
        await keys.destroy(ann);
        expect(await keys.opening(ann, 1)).toBeUndefined();
        await expect(keys.opening(ann, 2)).rejects.toThrow(/key 2 of ann.*restore the key store/);
      }));
    test('[SEA-7] a destroyed key is gone, and those of others are not', () =>
      use(async (keys) => {
        await keys.sealing([ann, bob]);
        await keys.destroy(ann);
        expect(await keys.opening(ann, 1)).toBeUndefined();
        expect(await keys.opening(bob, 1)).toHaveLength(32);
      }));
    test('[SEA-7] a user who comes back has a key of a new number', () =>
      use(async (keys) => {
        const { key } = await keyOf(keys, ann);
        await keys.destroy(ann);
        await keys.destroy(ann);
        const next = await keyOf(keys, ann);
        expect(next.id).toBe(2);
        expect(next.key).not.toEqual(key);
        expect(await keys.opening(ann, 1)).toBeUndefined();
        expect(await keys.opening(ann, 2)).toEqual(next.key);
      }));
    test('destroying what was never made changes nothing', () =>
      use(async (keys) => {
        await keys.destroy(ann);
        expect((await keyOf(keys, ann)).id).toBe(1);
      }));
    test('keeps the keys of users by any allowed name apart', () =>
      use(async (keys) => {
        const names = [
          ...['__proto__', 'constructor', '1', 'x'.repeat(64)],
          ...['log', 'uncompacted', 'signing'],
        ] as UserId[];
        const made = await keys.sealing(names);
        const distinct = new Set(
          [...made.values()].map(({ key }) => Buffer.from(key).toString('hex')),
        );
        expect(distinct.size).toBe(names.length);
      }));
  });
};
