import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { conversationStream } from '../../../../core/conversation/events.ts';
import { notificationAccount, notificationOf } from '../../../../core/conversation/ids.ts';
import { ERASED, type AnyFact, type Recorded } from '../../../../core/kernel/fact.ts';
import type { ConversationId, TokenId, UserId } from '../../../../core/kernel/ids.ts';
import type { Explanation, ExplainRequest } from '../../../../gateways/explain.ts';
import { openExplain } from '../../../../infra/app/explain/explain.ts';
import type { TracesFound } from '../../../../infra/observe/traces.ts';
import { eventsSince, LOOKED_MAX } from '../../../../infra/app/explain/inLog.ts';
import { fakeWebhooks } from '../../../support/fakeWebhooks.ts';
import { MemoryEventLog } from '../../../support/memoryEventLog.ts';
import { ann, annAndBob, bob, by, eventId, sent } from '../../../support/people.ts';

type Deps = Parameters<typeof openExplain>[0];

const START = 1_700_000_000_000;
const notices = notificationOf(annAndBob);

/** Its first events are gone, as a stream of an event store's may be. */
class CutLog extends MemoryEventLog {
  override async readStream<E extends AnyFact = AnyFact>(
    ...asked: Parameters<MemoryEventLog['readStream']>
  ): Promise<readonly Recorded<E>[]> {
    return (await super.readStream<E>(...asked)).filter(({ revision }) => revision >= 3);
  }
}

const fill = async (log: MemoryEventLog, conversation: ConversationId, count: number) => {
  const events = Array.from({ length: count }, (_, index) => ({
    ...sent(`m${String(index + 1)}`),
    meta: by(ann),
  }));
  for (let from = 0; from < count; from += 500)
    await log.append(conversationStream(conversation), 'any', events.slice(from, from + 500));
};

const world = (more: Partial<Deps> = {}) => {
  const log = new MemoryEventLog();
  const explaining = openExplain({
    log,
    about: () => Promise.resolve(undefined),
    runner: { lags: () => [] },
    webhooks: { ...fakeWebhooks, list: () => Promise.resolve({ head: 0, endpoints: [] }) },
    askTraces: () => Promise.resolve({ nodes: [], silent: [] }),
    cutOff: () => false,
    now: () => START + 60_000,
    ...more,
  });
  const ask = (request: Partial<ExplainRequest>) =>
    explaining.explain({ conversation: annAndBob, text: false, ...request });
  const found = async (request: Partial<ExplainRequest>): Promise<Explanation> => {
    const answer = await ask(request);
    if (answer.kind === 'refused') throw new Error(answer.detail);
    return answer.found;
  };
  return { log, ask, found };
};

describe('which message is meant', () => {
  test('[EXP-7] is found by the id its sender gave it, some way back', async () => {
    const { log, ask, found } = world();
    await fill(log, annAndBob, LOOKED_MAX + 1);
    expect(await found({ clientMsgId: 'm2' })).toMatchObject({ seq: 2, newest: LOOKED_MAX + 1 });
    expect(await ask({ clientMsgId: 'm1' })).toMatchObject({
      ...{ kind: 'refused', reason: 'message/not-found' },
      detail: expect.stringContaining('none of the newest 5000 messages') as string,
    });
  });

  test('[EXP-7] is found by the account’s id in either order, as SDKs have it', async () => {
    const { log, found } = world();
    const [account, user] = ['z_news' as UserId, 'a_n_n' as UserId];
    const conversation = notificationAccount(account, user);
    await fill(log, conversation, 1);
    for (const id of [conversation, 'sn_z_news_a_n_n'])
      expect(await found({ conversation: id, seq: 1 })).toMatchObject({ conversation, seq: 1 });
  });

  test('[EXP-7] is named where the log has it no more', async () => {
    const log = new CutLog();
    await fill(log, annAndBob, 5);
    const { ask } = world({ log });
    expect(await ask({ seq: 2 })).toMatchObject({
      detail: 'seq: 2 of si_ann_bob is not in the log any more',
    });
    expect(await ask({ seq: 4 })).toMatchObject({ kind: 'done' });
  });
});

describe('what is told of it', () => {
  test('[EXP-6] is nothing of what an erased user said', async () => {
    const { log, found } = world();
    const event = { ...sent('m1', { body: ERASED }), meta: by(ann) };
    await log.append(conversationStream(annAndBob), 'any', [event]);
    const { message, callbacks } = await found({ seq: 1, text: true });
    expect(message).toMatchObject({ from: 'ann', clientMsgId: 'm1', erased: true });
    expect(message).not.toHaveProperty('content');
    expect(callbacks).not.toHaveProperty('originalHash');
  });

  test('[EXP-4] is that the tables cannot be asked, and that a login is not known', async () => {
    const { log, found } = world({ cutOff: () => true });
    const meta = { ...by(ann), login: 'a-login' as TokenId };
    await log.append(conversationStream(annAndBob), 'any', [{ ...sent('m1'), meta }]);
    const { read, sent: by_, traces } = await found({ seq: 1 });
    expect(read).toBeUndefined();
    expect(by_.login).toEqual({ token: 'a-login', live: false });
    expect(traces.cutOff).toBe(true);
  });

  test('[EXP-8] is the first mark of each reader, and who has taken it back', async () => {
    const { log, found } = world();
    await fill(log, annAndBob, 3);
    const read = (name: string, after: number, upTo: number) => ({
      ...{ type: 'MessagesRead' as const, id: eventId(name), meta: by(bob, name) },
      data: {
        ...{ from: bob, to: ann, conversation: annAndBob, after, upTo, seqs: [], sendTime: 1 },
      },
    });
    const revoked = {
      ...{ type: 'MessageRevoked' as const, id: eventId('revoked'), meta: by('imAdmin', 'r') },
      data: {
        ...{ from: ann, to: bob, conversation: annAndBob, seq: 2, clientMsgId: 'm2' },
        ...{ sentBy: ann, sentAt: 1, by: ann, role: 0, byAdmin: true, sendTime: 2 },
        ...{ revoker: { nickname: '' }, source: { nickname: '' } },
      },
    };
    const facts = [read('r1', 0, 1), read('r2', 1, 2), read('r3', 1, 3), revoked];
    await log.append(conversationStream(notices), 'any', facts);
    const deeds = async (seq: number) =>
      (await found({ seq })).followed.map(({ kind, user, operationId }) => [
        kind,
        user ?? '',
        operationId,
      ]);
    expect(await deeds(1)).toEqual([['read', 'bob', 'r1']]);
    expect(await deeds(2)).toEqual([
      ['read', 'bob', 'r2'],
      ['revoked', '', 'r'],
    ]);
    expect(await deeds(3)).toEqual([['read', 'bob', 'r3']]);
  });

  test('[EXP-4] is that more has followed than is looked through', async () => {
    const { log, found } = world();
    await fill(log, annAndBob, 1);
    await fill(log, notices, LOOKED_MAX + 1);
    expect(await found({ seq: 1 })).toMatchObject({ followed: [], followedPartly: true });
  });

  test('[EXP-2] is what an endpoint has not been told yet, and what was given up', async () => {
    const { endpoints } = await fakeWebhooks.list();
    const [app] = endpoints;
    if (app === undefined) throw new Error('there is one');
    const waiting = { ...app, endpoint: 'late', after: ['afterSendSingleMsg'], position: 1 };
    const letter = {
      ...{ stream: conversationStream(annAndBob), revision: 0, callback: 'afterMsgSaveDB' },
      ...{ endpoint: 'app', delivery: eventId('d'), attempts: 12, why: 'HTTP 500', asked: false },
    };
    const { log, found } = world({
      webhooks: {
        list: () => Promise.resolve({ head: 9, endpoints: [app, waiting] }),
        deadLetters: (name) =>
          Promise.resolve({ kind: 'done', total: 1, letters: name === 'app' ? [letter] : [] }),
      },
    });
    await fill(log, annAndBob, 1);
    expect((await found({ seq: 1 })).callbacks.told).toEqual([
      ...[{ endpoint: 'app', kind: 'given-up', callback: 'afterMsgSaveDB' }].map((one) => ({
        ...{ ...one, attempts: 12, why: 'HTTP 500' },
      })),
      { endpoint: 'late', kind: 'not-yet', position: 1 },
    ]);
  });
});

describe('[EXP-2] who was asked before it was stored', () => {
  const id = eventId('m1');
  const asked = { event: id, callback: 'beforeMsgModify', endpoint: 'app', ms: 5 };
  const nodeOf = (name: string, more: Partial<TracesFound>) => ({
    ...{ name, keptMs: 1_000, completeAfter: 0, pushes: [], published: [], pulls: [], pulled: 0 },
    ...{ projected: [], asked: [], ...more },
  });

  test('is told in the order of the answers, from all processes', async () => {
    const late = { ...asked, at: 20, how: 'passed' as const };
    const early = { ...asked, at: 10, how: 'unanswered-refused' as const, why: 'too-slow' };
    const other = { ...late, event: eventId('another') };
    const nodes = [nodeOf('one', { asked: [late, other] }), nodeOf('two', { asked: [early] })];
    const { log, found } = world({ askTraces: () => Promise.resolve({ nodes, silent: [] }) });
    await log.append(conversationStream(annAndBob), 'any', [{ ...sent('m1'), id, meta: by(ann) }]);
    const { event, ...said } = asked;
    expect(event).toBe(id);
    expect((await found({ seq: 1 })).callbacks.asked).toEqual([
      { node: 'two', ...said, at: 10, how: 'unanswered-refused', why: 'too-slow' },
      { node: 'one', ...said, at: 20, how: 'passed' },
    ]);
  });

  test('may be whoever is asked about such messages', async () => {
    const endpoint = (name: string, ...before: readonly string[]) => ({
      ...{ endpoint: name, url: '', before, after: [], position: 0, pending: 0, awayMs: 0 },
      ...{ dead: 0, replays: 0, elsewhere: false },
    });
    const endpoints = [
      endpoint('two', 'beforeSendSingleMsg'),
      endpoint('groups', 'beforeSendGroupMsg'),
      endpoint('all', 'beforeMsgModify'),
      endpoint('users', 'beforeUserRegister'),
    ];
    const { log, found } = world({
      webhooks: { ...fakeWebhooks, list: () => Promise.resolve({ head: 0, endpoints }) },
    });
    await fill(log, annAndBob, 1);
    expect((await found({ seq: 1 })).callbacks.askable).toEqual(['two', 'all']);
  });
});

test('[EXP-8] what has come to a stream since a time is found wherever that is', async () => {
  const log = new MemoryEventLog();
  await fill(log, annAndBob, 40);
  const stream = conversationStream(annAndBob);
  const all = await log.readStream(stream, { from: 'start', direction: 'forwards', max: 100 });
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: -3, max: 45 }), fc.nat(50), async (offset, max) => {
      const at = (all[0]?.created ?? 0) + offset;
      const since = await eventsSince(log, stream, at, max);
      const wanted = all.filter(({ created }) => created >= at);
      expect(since.events).toEqual(wanted.slice(0, since.events.length));
      expect(since.partly).toBe(since.events.length < wanted.length);
    }),
  );
});
