/**
 * Makes a data directory with a long history, to be replayed, rebuilt and verified: users, friends, blocks,
 * and messages of a few hundred conversations, some read, some taken back, spread over months.
 * Usage: node --import tsx test/bench/history.ts DATA-DIRECTORY [events]
 */
import { randomUUID } from 'node:crypto';
import { friendshipStream } from '../../core/friendship/events.ts';
import type { AnyFact } from '../../core/kernel/fact.ts';
import type { EventId, UserId } from '../../core/kernel/ids.ts';
import { openStorage } from '../../infra/app/storage/storage.ts';
import { readConfig } from '../../infra/config/config.ts';
import { deriveId } from '../../infra/ids.ts';
import { createLog } from '../../infra/observe/log.ts';

const USERS = 1_000;
const PAIRS = 500;
const [data, count = '1000000'] = process.argv.slice(2);
if (data === undefined) throw new Error('name the data directory to be made');
const wanted = Number(count);
const AT_ONCE = 250;
const storage = await openStorage(readConfig({ SEQLINE_DATA: data }), createLog('silent'));
const revisions = new Map<string, number>();
let made = 0;

const user = (index: number): UserId => `u${String(index).padStart(4, '0')}` as UserId;

type Written = AnyFact & Readonly<{ id?: EventId }>;

const write = async (stream: string, events: readonly Written[]): Promise<void> => {
  const before = revisions.get(stream) ?? -1;
  revisions.set(stream, before + events.length);
  made += events.length;
  await storage.log.append(
    stream,
    before === -1 ? 'no_stream' : before,
    events.map((event) => ({
      ...event,
      id: event.id ?? (randomUUID() as EventId),
      meta: { actor: actorOf(event), operationId: 'bench' },
    })),
  );
};

const actorOf = ({ data: said }: Written): string => {
  const { from, user: one, owner } = said as Readonly<Record<string, string | undefined>>;
  return from ?? one ?? owner ?? 'bench';
};

for (let index = 0; index < USERS; index += 1) {
  const profile = { nickname: `User ${String(index)}`, faceUrl: '', ex: '' };
  const registered = { user: user(index), level: 1, globalReceive: 0, profile };
  await write(`user-${user(index)}`, [{ type: 'UserRegistered', data: registered }]);
}
for (let pair = 0; pair < PAIRS; pair += 1) {
  const [owner, friend] = [user(2 * pair), user(2 * pair + 1)];
  await write(friendshipStream(owner, friend), [
    { type: 'FriendImported', data: { owner, friend } },
  ]);
}
for (let round = 0; made < wanted; round += 1) {
  const work: Promise<void>[] = [];
  for (let pair = 0; pair < PAIRS && made < wanted; pair += 1) {
    const [one, other] = [user(2 * pair), user(2 * pair + 1)];
    const conversation = `si_${one}_${other}`;
    const messages = Array.from({ length: 20 }, (_, index): Written => {
      const [from, to] = index % 2 === 0 ? [one, other] : [other, one];
      const clientMsgId = `${String(round)}-${String(index)}`;
      const sendTime = 1_760_000_000_000 + round * 60_000 + index * 1_000;
      const text = `Message ${clientMsgId} of some usual length, neither short nor long`;
      const body = { content: JSON.stringify({ content: text }) };
      const sent = { from, to, clientMsgId, contentType: 101, createTime: sendTime, sendTime };
      const id = deriveId(conversation, from, clientMsgId);
      return { type: 'MessageSent', id, data: { ...sent, body } };
    });
    work.push(write(`conversation-${conversation}`, messages));
    if (work.length >= AT_ONCE) await Promise.all(work.splice(0));
  }
  await Promise.all(work);
}
const head = await storage.log.head();
await storage.close();
console.log(`${String(head)} events in ${data}`);
