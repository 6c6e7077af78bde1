import { conversationStream, type NumberedEvent } from '../../core/conversation/events.ts';
import { group as chatOf } from '../../core/conversation/ids.ts';
import type { Recorded } from '../../core/kernel/fact.ts';
import type { ConversationId, GroupId, UserId } from '../../core/kernel/ids.ts';
import { deriveId } from '../../infra/ids.ts';
import { Traces } from '../../infra/observe/traces.ts';
import { ann, annAndBob, bob } from '../support/people.ts';
import { FakeWorld, type FakeClient } from '../support/wsFakes.ts';

/**
 * What remembering pushes costs: fan-out to sockets that take frames and do nothing with them, with traces and
 * without, in turns, in one process. `npx tsx test/bench/traces.ts`. The real socket, the log and the request
 * are not in it, so of a message's whole cost it is a smaller part still.
 */
const ROUNDS = 41;
const TEAM = 'team' as GroupId;
const MEMBERS = 1_000;
const BATCH = 20;

type Kind = Readonly<{
  name: string;
  messages: number;
  conversation: ConversationId;
  deliveries: number;
}>;
const KINDS: readonly Kind[] = [
  { name: 'of two', messages: 10_000, conversation: annAndBob, deliveries: 2 },
  { name: 'to 1,000 members', messages: 200, conversation: chatOf(TEAM), deliveries: MEMBERS },
];

/** Of this process, in µs: what others take of the machine is not in it. */
const cpuTime = (): number => {
  const { user, system } = process.cpuUsage();
  return user + system;
};

const traces = () => new Traces({ bytes: 16 * 1024 * 1024, keptMs: 30 * 60_000, now: Date.now });

const worldOf = async (traced: boolean, { conversation }: Kind) => {
  const world = new FakeWorld({
    ...{ now: Date.now, connectionsMax: 2 * MEMBERS },
    ...(traced && { traces: traces() }),
  });
  const names =
    conversation === annAndBob
      ? [ann, bob]
      : Array.from({ length: MEMBERS }, (_, index) => `member${String(index)}` as UserId);
  const clients: FakeClient[] = [];
  for (const name of names) {
    if (conversation !== annAndBob) world.groups.set(name, [TEAM]);
    clients.push(await world.connect(name));
  }
  let made = 0;
  const next = (count: number): readonly Recorded<NumberedEvent>[] =>
    Array.from({ length: count }, () => {
      const revision = made++;
      const clientMsgId = `m${String(revision)}`;
      return {
        type: 'MessageSent',
        id: deriveId(conversation, ann, clientMsgId),
        data: {
          ...{ from: ann, ...(conversation === annAndBob ? { to: bob } : { group: TEAM }) },
          ...{ clientMsgId, contentType: 101, createTime: 1, sendTime: 2 },
          body: { content: JSON.stringify({ content: 'x'.repeat(200) }), nickname: 'Ann' },
        },
        ...{ stream: conversationStream(conversation), revision, position: made },
        ...{ created: Date.now(), meta: { actor: ann, operationId: 'op' } },
      };
    });
  return (count: number): number => {
    const events = next(count);
    const begun = cpuTime();
    for (let from = 0; from < events.length; from += BATCH)
      world.gateway.deliver(events.slice(from, from + BATCH));
    const took = cpuTime() - begun;
    for (const { socket } of clients) {
      socket.frames.length = 0;
      socket.corks.length = 0;
    }
    return took;
  };
};

const median = (values: readonly number[]): number =>
  [...values].sort((one, other) => one - other)[Math.floor(values.length / 2)] ?? 0;

const out = (text: string): void => {
  process.stdout.write(`${text}\n`);
};

for (const kind of KINDS) {
  const [plain, traced] = [await worldOf(false, kind), await worldOf(true, kind)];
  const [without, wanted, differences]: [number[], number[], number[]] = [[], [], []];
  for (let round = 0; round < ROUNDS; round += 1) {
    // Each goes first every other time.
    const first = round % 2 === 0 ? plain : traced;
    const second = round % 2 === 0 ? traced : plain;
    const [one, other] = [first(kind.messages), second(kind.messages)];
    const [off, on] = round % 2 === 0 ? [one, other] : [other, one];
    if (round < 5) continue; // It is being compiled.
    without.push(off / kind.messages);
    wanted.push(on / kind.messages);
    differences.push((on - off) / kind.messages);
  }
  out(
    `a message ${kind.name}: ${median(without).toFixed(2)} µs without, ` +
      `${median(wanted).toFixed(2)} µs with, median difference ${median(differences).toFixed(3)} µs ` +
      `(${String(kind.deliveries)} sockets)`,
  );
}

const RECORDS = 2_000_000;
const alone = traces();
const id = deriveId('bench');
const two = [1, 2].map((number) => ({ number, takesPushes: true }));
for (const count of [RECORDS / 10, RECORDS]) {
  const begun = cpuTime();
  for (let index = 0; index < count; index += 1) alone.pushed(id, 2, two);
  const each = ((cpuTime() - begun) * 1e3) / count;
  if (count === RECORDS) out(`a record alone: ${each.toFixed(0)} ns`);
}
const begun = cpuTime();
alone.about({ events: [id], conversation: annAndBob, seq: 1, position: 1 }, () => new Map());
out(`a question to 16 MiB: ${((cpuTime() - begun) / 1_000).toFixed(1)} ms`);
