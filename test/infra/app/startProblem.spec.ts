import { mkdir, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { CannotListen } from '../../../gateways/ws/server.ts';
import { problemOf } from '../../../infra/app/startProblem.ts';
import { randomId } from '../../../infra/ids.ts';

const caught = async (work: () => Promise<unknown>): Promise<unknown> => {
  try {
    await work();
  } catch (error) {
    return error;
  }
  throw new Error('nothing was thrown');
};

const listening = (port: number, host = '127.0.0.1') =>
  new Promise<ReturnType<typeof createServer>>((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(port, host, () => {
      resolve(server);
    });
  });

describe('[OPS-90] a start that has failed', () => {
  test('names the setting of a port that is in use', async () => {
    const server = await listening(0);
    const address = server.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const said = problemOf(await caught(() => listening(port)));
    expect(said).toMatch(/^SEQLINE_HTTP_PORT: /u);
    expect(said).toContain(String(port));
    server.close();
    expect(problemOf(new CannotListen('127.0.0.1', 7))).toMatch(/^SEQLINE_WS_PORT: port 7 /u);
  });

  test('names the setting of an address that is not of this machine', async () => {
    const error = await caught(() => listening(0, '192.0.2.1'));
    expect(problemOf(error)).toMatch(/^SEQLINE_HOST: /u);
  });

  test('names the folder that cannot be made', async () => {
    const file = path.join(tmpdir(), randomId());
    await writeFile(file, '');
    const error = await caught(() => mkdir(path.join(file, 'log'), { recursive: true }));
    expect(problemOf(error)).toMatch(/^SEQLINE_DATA: /u);
    expect(problemOf(error)).toContain(file);
  });

  test('says whatever else was said', () => {
    expect(problemOf(new Error('the log is open already'))).toBe('the log is open already');
    expect(problemOf('odd')).toBe('odd');
  });
});
