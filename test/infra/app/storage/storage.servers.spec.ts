import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, expect, test } from 'vitest';
import type { EventId, UserId } from '../../../../core/kernel/ids.ts';
import { openStorage } from '../../../../infra/app/storage/storage.ts';
import { openEmbeddedKeys } from '../../../../infra/keys/embedded.ts';
import { createLog } from '../../../../infra/observe/log.ts';
import { by } from '../../../support/people.ts';

const data = mkdtempSync(path.join(tmpdir(), 'seqline-storage-'));
afterAll(() => {
  rmSync(data, { recursive: true });
});

const bytesIn = (folder: string): Buffer =>
  Buffer.concat(
    readdirSync(path.join(data, folder), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => readFileSync(path.join(entry.parentPath, entry.name))),
  );

test('[SEA-5] a copy of the log holds neither the keys nor what they have sealed', async () => {
  const zoe = 'zoe' as UserId;
  const { log, store, close } = await openStorage({ data, seal: true }, createLog('silent'));
  await log.append('user-zoe', 'no_stream', [
    {
      id: '00000000-0000-4000-8000-000000000001' as EventId,
      type: 'UserRegistered',
      data: {
        user: zoe,
        level: 1,
        globalReceive: 0,
        profile: { nickname: 'Zoe of the Lighthouse', faceUrl: '', ex: '' },
      },
      meta: by('app'),
    },
  ]);
  const id = await store.logId();
  await close();
  const keys = await openEmbeddedKeys(path.join(data, 'keys'), { id, mayHoldSealed: true });
  const key = Buffer.from((await keys.sealing([zoe])).get(zoe)?.key ?? []);
  await keys.close();
  const inLog = bytesIn('log');
  expect(inLog.includes('user-zoe')).toBe(true);
  expect(inLog.includes('Lighthouse')).toBe(false);
  expect(key).toHaveLength(32);
  expect(bytesIn('keys').includes(key)).toBe(true);
  expect(inLog.includes(key)).toBe(false);
});

test('a log that is made is for its owner only, what lies beside it may be for others', async () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'seqline-modes-'));
  const at = path.join(folder, 'data');
  const storage = await openStorage({ data: at, seal: false }, createLog('silent'));
  await storage.close();
  const modeOf = (name: string): number => statSync(path.join(at, name)).mode & 0o777;
  expect(['log', 'keys'].map(modeOf)).toEqual([0o700, 0o700]);
  expect(modeOf('')).not.toBe(0o700);
  rmSync(folder, { recursive: true });
});
