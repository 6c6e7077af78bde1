import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { keepSealChoice, SealChoiceChanged } from '../../../infra/eventstore/sealChoice.ts';

let root = '';
let logs = 0;
let folder = '';
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'seqline-seal-'));
});
beforeEach(() => {
  logs += 1;
  folder = join(root, `data-${String(logs)}`, 'log');
});
afterAll(() => rm(root, { recursive: true }));

describe('[SEA-8] the choice to seal', () => {
  test.each([true, false])(
    'is kept when the log is made (%s) and holds at each start',
    async (seal) => {
      await keepSealChoice(folder, { seal, head: 0 });
      await keepSealChoice(folder, { seal, head: 7 });
      await expect(keepSealChoice(folder, { seal: !seal, head: 7 })).rejects.toThrow(
        SealChoiceChanged,
      );
      expect((await stat(join(folder, 'seqline.json'))).mode & 0o777).toBe(0o600);
    },
  );
  test('cannot be changed even while the log is empty', async () => {
    await keepSealChoice(folder, { seal: true, head: 0 });
    await expect(keepSealChoice(folder, { seal: false, head: 0 })).rejects.toThrow(
      /made with SEQLINE_SEAL=on, which is fixed for its life/,
    );
  });
  test('is not guessed for a log that has events', async () => {
    await expect(keepSealChoice(folder, { seal: true, head: 1 })).rejects.toThrow(
      /seqline\.json is missing, and the log has events/,
    );
  });
  test.each(['', 'nonsense', 'null', '{"format":2,"seal":true}', '{"format":1,"seal":"on"}'])(
    'is not read from a broken marker: %j',
    async (text) => {
      await keepSealChoice(folder, { seal: true, head: 0 });
      await writeFile(join(folder, 'seqline.json'), text);
      await expect(keepSealChoice(folder, { seal: true, head: 0 })).rejects.toThrow('seqline.json');
    },
  );
});
