import { expect, test } from 'vitest';
import { userStream } from '../../../core/user/events.ts';
import { createLog } from '../../../infra/observe/log.ts';
import { loggedAppends } from '../../../infra/observe/loggedAppends.ts';
import { MemoryEventLog } from '../../support/memoryEventLog.ts';
import { ann, by, eventId } from '../../support/people.ts';
import { renamed } from '../../support/userEvents.ts';

const appendTwice = async (level: 'debug' | 'info') => {
  const lines: string[] = [];
  const log = createLog(level, { write: (line) => lines.push(line) });
  const append = loggedAppends(new MemoryEventLog(), log);
  const event = (name: string) => ({
    ...renamed(ann, `the name ${name}`),
    id: eventId(name),
    meta: { ...by(ann), operationId: `op-${name}` },
  });
  const stream = userStream(ann);
  await append(stream, 'no_stream', [event('a'), event('b')]);
  const conflict = await append(stream, 'no_stream', [event('c')]);
  return { lines, conflict };
};

test('[OPS-33] at debug, each event that a call has led to is told with its id and its place', async () => {
  const { lines, conflict } = await appendTwice('debug');
  const said = lines.map((line) => JSON.parse(line) as object);
  expect(conflict.kind).toBe('conflict');
  const common = {
    type: 'UserChanged',
    stream: 'user-ann',
    position: expect.any(Number) as number,
    msg: 'committed',
  };
  expect(said).toEqual([
    expect.objectContaining({ ...common, operationId: 'op-a', eventId: eventId('a'), revision: 0 }),
    expect.objectContaining({ ...common, operationId: 'op-b', eventId: eventId('b'), revision: 1 }),
  ]);
  expect(lines.join('')).not.toContain('the name');
});

test('above debug nothing is told', async () => {
  expect((await appendTwice('info')).lines).toEqual([]);
});
