import { describe, expect, test } from 'vitest';
import type { Explanation } from '../../../gateways/explain.ts';
import { explainLines, shownTime } from '../../../infra/cli/explainReport.ts';
import { explained } from '../../support/fakeExplain.ts';

const berlin = () => 60;
const linesOf = (more: Partial<Explanation> = {}) =>
  explainLines({ ...explained, ...more }, berlin);

describe('[EXP-1] the report of a message', () => {
  test('tells what happened in its order, in local time and in UTC, with the time between', () => {
    expect(linesOf().slice(0, 20)).toEqual([
      'si_ann_bob 1 (the newest is 3)',
      '  message     MessageSent of content type 101 from ann Web to bob',
      '  ids         clientMsgID c1, serverMsgID 0f8a4c1e6b7d52a1907f3c2be5d61a44',
      '  done by     ann, operation op-1',
      '  with        token 11111111-0000-4000-8000-000000000001 Web, issued 2023-11-14 22:56:40.000 +01:00 (21:56:40.000Z) for imAdmin (operation op-0), until 2024-02-03 23:40:00.000 +01:00 (22:40:00.000Z), in force',
      '  stored as   conversation-si_ann_bob 0, 0f8a4c1e-6b7d-52a1-907f-3c2be5d61a44',
      '  changed by  moderation, which was asked before it was stored',
      '',
      '  2023-11-14 23:13:19.990 +01:00 (22:13:19.990Z)             made, by the clock of ann',
      '  2023-11-14 23:13:20.003 +01:00 (22:13:20.003Z)     +13 ms  filter asked by one/7 api: beforeSendSingleMsg, had no answer that could be used, so that it passed (unreachable, 2 ms)',
      '  2023-11-14 23:13:20.003 +01:00 (22:13:20.003Z)      +0 ms  moderation asked by one/7 api: beforeMsgModify, changed it (1 ms)',
      '  2023-11-14 23:13:20.004 +01:00 (22:13:20.004Z)      +1 ms  committed to the log, at position 812',
      '  2023-11-14 23:13:20.004 +01:00 (22:13:20.004Z)      +0 ms  published on the bus by one/7 api',
      '  2023-11-14 23:13:20.006 +01:00 (22:13:20.006Z)      +2 ms  pushed by one/7 gateway to 3 sockets: ann Web, bob Android, one that is not known any more; 1 more in the background, or about to be closed',
      '  2023-11-14 23:13:20.020 +01:00 (22:13:20.020Z)     +14 ms  in the tables by two/7 projector: chats_v2',
      '  2023-11-14 23:13:20.200 +01:00 (22:13:20.200Z)    +180 ms  crm told: afterSendSingleMsg, HTTP 200 (2 tries, 12 ms)',
      '  2023-11-14 23:13:25.000 +01:00 (22:13:25.000Z)     +4.8 s  read by bob (operation op-2, n_ann_bob 1)',
      '  2023-11-14 23:13:29.000 +01:00 (22:13:29.000Z)     +4.0 s  taken back by ann (operation op-3, n_ann_bob 2)',
      '  2023-11-14 23:13:29.003 +01:00 (22:13:29.003Z)      +3 ms    pushed by one/7 gateway to 1 socket: bob Android',
      '  2023-11-14 23:13:50.000 +01:00 (22:13:50.000Z)    +21.0 s  fetched by bob iOS from one/7 gateway',
    ]);
  });

  test('[EXP-4] [EXP-8] tells who has read it, what is still to come, and what is not known', () => {
    expect(linesOf().slice(21)).toEqual([
      'Read by 1 of 1: bob (up to 3) (tables at position 900)',
      'Not in the tables yet: users_v1 is at 800',
      'It was fetched 2 times in all',
      '  three/9 gateway has not answered',
    ]);
  });

  test('[EXP-4] says that it was pushed to nobody only where that is known', () => {
    const { traces } = explained;
    const pushed: Explanation['pushed'] = [];
    expect(linesOf({ pushed, traces: { ...traces, silent: [] } })).toContain(
      'Pushed to nobody: no socket of theirs was open',
    );
    expect(linesOf({ pushed })).toContain('When it was pushed, and to whom, is not known');
    const forgotten = traces.nodes.map((node) => ({ ...node, complete: false }));
    const late = linesOf({ pushed, traces: { nodes: forgotten, silent: [], cutOff: true } });
    expect(late).toContain('When it was pushed, and to whom, is not known');
    expect(late.at(-2)).toBe(
      '  one/7 gateway: of before 2023-11-14 22:56:40.000 +01:00 (21:56:40.000Z) not all is known (kept for 30 minutes)',
    );
    expect(late.at(-1)).toContain('the bus is away');
    const off = traces.nodes.map((node) => ({ ...node, keptMs: 0 }));
    expect(linesOf({ traces: { ...traces, nodes: off } }).join()).toContain(
      'one/7 gateway remembers nothing (SEQLINE_TRACE_MEMORY=0)',
    );
  });

  test('[EXP-2] [EXP-4] tells what was said by whom was asked before, and if that is not known', () => {
    const { callbacks, traces } = explained;
    const [first, second] = callbacks.asked;
    const asked = [
      { ...first!, how: 'unanswered-refused' as const },
      { ...second!, how: 'passed' as const, callback: 'beforeSendSingleMsg' },
      { ...second!, how: 'refused' as const },
    ];
    const text = linesOf({ callbacks: { ...callbacks, asked } }).join('\n');
    expect(text).toContain('had no answer that could be used, so that it was refused (unreachable');
    expect(text).toContain(
      'moderation asked by one/7 api: beforeSendSingleMsg, let it pass (1 ms)',
    );
    expect(text).toContain('moderation asked by one/7 api: beforeMsgModify, refused it (1 ms)');
    const none = { ...callbacks, asked: [] };
    expect(linesOf({ callbacks: none })).toContain(
      'Whether moderation was asked about it, and what it said, is not known',
    );
    expect(linesOf({ callbacks: none, traces: { ...traces, silent: [] } })).toContain(
      'moderation was not asked about it',
    );
    expect(linesOf({ callbacks: { ...none, askable: [] } }).join()).not.toContain('asked about it');
  });

  test('[EXP-6] says that it is erased, and shows what it says where it has that', () => {
    const { message } = explained;
    expect(linesOf({ message: { ...message, erased: true } })).toContain(
      '  text        erased with its user',
    );
    const text = linesOf({ message: { ...message, content: 'two\nlines', nickname: 'Ann' } });
    expect(text).toContain('  text        "two\\nlines"');
    expect(text).toContain('  sent as     "Ann"');
  });

  test('tells what endpoints still have to be told, and what was given up', () => {
    const told: Explanation['callbacks']['told'] = [
      { endpoint: 'crm', kind: 'not-yet', position: 700 },
      {
        endpoint: 'log',
        kind: 'given-up',
        callback: 'afterMsgSaveDB',
        attempts: 12,
        why: 'HTTP 500',
      },
    ];
    const lines = linesOf({ callbacks: { ...explained.callbacks, told, partly: true } });
    expect(lines).toContain('crm has not been told yet: it is at position 700');
    expect(lines).toContain('log: afterMsgSaveDB was given up after 12 tries: HTTP 500');
    expect(lines).toContain('The delivery log is too long to be looked through to its end');
  });

  test('names some of many, and counts the others', () => {
    const sockets = Array.from({ length: 16 }, (_, index) => ({
      ...{ socket: index, user: `u${String(index)}`, platform: 1 },
    }));
    const push = { node: 'one/7 gateway', at: 1_700_000_000_006, count: 900, online: 900, sockets };
    expect(linesOf({ pushed: [push] }).join('\n')).toContain('u15 iOS and 884 more');
    const first = Array.from({ length: 100 }, (_, index) => ({
      ...{ user: `u${String(index)}`, upTo: 1 },
    }));
    const read = { ...explained.read, readers: 5_000, members: 9_000, first, position: 900 };
    const all = linesOf({ read: { ...read, hiddenFor: ['zed'], clearedBy: ['yan'], more: true } });
    expect(all.join('\n')).toContain('Read by 5000 of 9000: u0 (up to 1), ');
    expect(all.join('\n')).toContain('u19 (up to 1) and 4980 more');
    expect(all).toContain('Deleted for themselves by zed');
    expect(all).toContain('Chat cleared since by yan');
  });
});

test('[EXP-1] a time is shown once where local time is UTC', () => {
  expect(shownTime(0, () => 0)).toBe('1970-01-01 00:00:00.000Z');
  expect(shownTime(0, () => -210)).toBe('1969-12-31 20:30:00.000 -03:30 (00:00:00.000Z)');
});
