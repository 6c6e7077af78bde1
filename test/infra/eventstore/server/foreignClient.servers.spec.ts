import { EventStoreDBClient, START, streamNameFilter } from '@eventstore/db-client';
import { expect, test } from 'vitest';
import { servedLog } from '../../../support/eventStore/server.ts';
import { events } from '../../../support/eventStore/events.ts';
import { untilTrue } from '../../../support/until.ts';

const served = servedLog();

/** What an analyst writes who knows EventStoreDB, and of Seqline no more than its streams' names. */
const analyst = async (port: number, conversation: string): Promise<readonly string[]> => {
  const client = EventStoreDBClient.connectionString(`esdb://127.0.0.1:${port}?tls=false`);
  const lines: string[] = [];
  for await (const { event } of client.readStream(conversation, { fromRevision: START })) {
    lines.push(`seq ${Number(event?.revision) + 1}: ${event?.type}`);
  }
  const everything = client.subscribeToAll({
    fromPosition: START,
    filter: streamNameFilter({ prefixes: ['conversation-'] }),
  });
  let caughtUp = false;
  everything.on('caughtUp', () => (caughtUp = true));
  everything.on('data', ({ event }) => lines.push(`${event?.streamId} ${event?.revision}`));
  await untilTrue('it has caught up', () => caughtUp);
  await everything.unsubscribe();
  await client.dispose();
  return lines;
};

test('[STO-32] EventStoreDB’s own client reads a conversation and follows them all', async () => {
  await served.store().append('conversation-si_ann_bob', 'no_stream', events(2));
  await served.store().append('user-ann', 'no_stream', events(1));
  await served.store().append('conversation-sg_1', 'no_stream', events(1));
  expect(await analyst(served.port(), 'conversation-si_ann_bob')).toEqual([
    'seq 1: Noted',
    'seq 2: Noted',
    'conversation-si_ann_bob 0',
    'conversation-si_ann_bob 1',
    'conversation-sg_1 0',
  ]);
});
