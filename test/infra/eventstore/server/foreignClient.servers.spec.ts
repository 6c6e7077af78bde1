import { spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { afterEach, expect, test } from 'vitest';
import { events } from '../../../support/eventStore/events.ts';
import { servedLog } from '../../../support/eventStore/server.ts';
import { untilTrue } from '../../../support/until.ts';

const served = servedLog();

const endings: (() => void)[] = [];
afterEach(() => {
  for (const end of endings.splice(0)) end();
});

/** The one script of docs/EVENTSTOREDB.md, as a reader would copy it. */
const scriptOfDocs = async (): Promise<string> => {
  const text = await readFile(new URL('../../../../docs/EVENTSTOREDB.md', import.meta.url), 'utf8');
  const [script, ...more] = [...text.matchAll(/^```js\n(.*?)^```$/gms)].map(([, code]) => code);
  if (script === undefined || more.length > 0) throw new Error('the docs have one script');
  return script;
};

const run = (script: string, ...args: string[]): { said: () => readonly string[] } => {
  const child = spawn(process.execPath, ['--input-type=module', '-', ...args], {
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  endings.push(() => child.kill('SIGKILL'));
  let said = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => (said += text));
  child.stdin.end(script);
  return { said: () => said.trimEnd().split('\n') };
};

/** Nothing of it knows Seqline but the names of streams. */
test('[STO-32] EventStoreDB’s own client reads a conversation and follows them all, as the docs say', async () => {
  const store = served.store();
  const conversation = 'conversation-si_ann_bob';
  await store.append(conversation, 'no_stream', events(2));
  await store.append('user-ann', 'no_stream', events(1));
  await store.append('conversation-sg_1', 'no_stream', events(1));
  const script = await scriptOfDocs();
  expect(script.trim().split('\n').length).toBeLessThanOrEqual(20);
  expect(script.match(/from '[^']+'/g)).toEqual(["from '@eventstore/db-client'"]);

  const url = `esdb://127.0.0.1:${served.port()}?tls=false`;
  const { said } = run(script, url, conversation);
  await untilTrue('it has caught up', () => said().includes('up to date'), { seen: said });
  await store.append(conversation, 1, events(1));
  const followed = () => said().filter((line) => /^\d+ conversation-/.test(line));
  await untilTrue('it is told of the newest', () => followed().length === 4, { seen: said });

  expect(said().filter((line) => line.startsWith('seq '))).toEqual([
    'seq 1: Noted {"name":"x0"}',
    'seq 2: Noted {"name":"x1"}',
  ]);
  expect(followed().map((line) => line.replace(/^\d+ /, ''))).toEqual([
    `${conversation} 0 Noted`,
    `${conversation} 1 Noted`,
    'conversation-sg_1 0 Noted',
    `${conversation} 2 Noted`,
  ]);
});
