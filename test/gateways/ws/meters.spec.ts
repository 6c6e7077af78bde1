import { expect, test } from 'vitest';
import type { SocketMeter } from '../../../gateways/meters.ts';
import { annAndBob } from '../../support/people.ts';
import { PbCoder, textMessage } from '../../support/rawWire.ts';
import { FakeWorld, settled } from '../../support/wsFakes.ts';

const hi = textMessage({ from: 'ann', to: 'bob', clientMsgID: 'c1', text: 'hi', platformID: 5 });
const encoded = PbCoder.MsgData.encode(hi).finish();

const measured = () => {
  const noted: unknown[] = [];
  let moments = 0;
  const meter: SocketMeter = {
    moment: () => (moments += 1),
    answered: (request, errCode) => noted.push([request, errCode]),
    acknowledged: (readAt) => noted.push(['acknowledged', readAt]),
    delivered: (committed, connections) => noted.push(['delivered', committed, connections]),
  };
  return { noted, world: new FakeWorld({ meter }) };
};

test('[OPS-30] an acknowledgement is measured once, whoever writes it', async () => {
  const { noted, world } = measured();
  const ann = await world.connect('ann');
  await ann.ask(1003, encoded);
  expect(noted).toEqual([
    ['acknowledged', 1],
    [1003, 0],
  ]);

  let release: () => void = () => undefined;
  const released = new Promise<void>((resolve) => (release = resolve));
  world.onSend = async (send) => {
    const event = world.append(send);
    await released;
    return world.answerFor(event);
  };
  noted.length = 0;
  ann.tell(1003, PbCoder.MsgData.encode({ ...hi, clientMsgID: 'c2' }).finish());
  world.gateway.deliver(world.events.get(annAndBob) ?? []);
  expect(noted).toEqual([['acknowledged', 2]]);
  release();
  await settled();
  expect(noted).toEqual([
    ['acknowledged', 2],
    [1003, 0],
  ]);
});

test("[OPS-30] numbers of the app server's own, which may be any, are counted as one", async () => {
  const { noted, world } = measured();
  const ann = await world.connect('ann');
  for (const code of [5_001, 2_147_483_647, 1_302]) {
    const own = { code, message: 'no' };
    world.onSend = () =>
      Promise.resolve({ kind: 'refused', reason: 'callback/refused', detail: '', own });
    expect((await ann.ask(1003, encoded)).errCode).toBe(code);
  }
  expect(noted).toEqual([
    [1003, 80_000],
    [1003, 80_000],
    [1003, 1_302],
  ]);
});

test('[OPS-30] a refusal and a failure are counted as errors, and are no acknowledgement', async () => {
  const { noted, world } = measured();
  const ann = await world.connect('ann');
  world.onSend = () => Promise.reject(new Error('no disk'));
  const { errCode } = await ann.ask(1003, encoded);
  world.onSend = () =>
    Promise.resolve({ kind: 'refused', reason: 'conversation/not-party', detail: '' });
  const refused = await ann.ask(1003, encoded);
  expect(noted).toEqual([
    [1003, errCode],
    [1003, refused.errCode],
  ]);
  expect([errCode, refused.errCode]).not.toContain(0);
});

test('[OPS-30] a delivery is measured for each connection of others than the sender', async () => {
  const { noted, world } = measured();
  const ann = await world.connect('ann');
  await ann.ask(1003, encoded);
  const [event] = world.events.get(annAndBob) ?? [];
  if (event === undefined) throw new Error('the message is in the log');
  noted.length = 0;
  // Nobody else is there.
  world.gateway.deliver([event]);
  expect(noted).toEqual([]);
  await world.connect('bob');
  await world.connect('bob', { platform: 2 });
  world.onSend = (send) => Promise.resolve(world.answerFor(world.append(send)));
  await ann.ask(1003, PbCoder.MsgData.encode({ ...hi, clientMsgID: 'c2' }).finish());
  const [, second] = world.events.get(annAndBob) ?? [];
  if (second === undefined) throw new Error('the second message is in the log');
  noted.length = 0;
  world.gateway.deliver([event, second]);
  expect(noted).toEqual([['delivered', second.created, 2]]);
});
