import { describe, expect, test } from 'vitest';
import type { RunnerState } from '../../../projections/kernel/runnerState.ts';
import { openMetrics, type Metrics } from '../../../infra/observe/metrics.ts';
import { Timings } from '../../../infra/observe/timings.ts';

const NOW = 1_700_000_000_000;

const watched = (state: RunnerState, covers = true): Parameters<Metrics['watch']>[0] => ({
  sockets: () => ({
    sockets: 3,
    users: 2,
    opened: 10,
    refused: new Map([[1501, 4]]),
    closes: new Map([['too-slow', 5]]),
    pushes: 60,
    requests: 70,
    cursors: { count: 20, repairs: 2, repaired: 6 },
  }),
  projector: {
    state: () => state,
    lags: () => [
      { projection: 'users_v1', position: 90, head: 100, waitingSince: NOW - 1500 },
      { projection: 'chats_v1', position: 100, head: 100, waitingSince: undefined },
    ],
  },
  analytics: undefined,
  told: () => [
    {
      endpoint: 'crm',
      ...{ taken: 7, givenUp: 1, retried: 3 },
      now: { pending: 2, dead: 1, oldest: NOW - 90_000 },
    },
    { endpoint: 'elsewhere', taken: 4, givenUp: 0, retried: 0, now: undefined },
  ],
  tail: { head: 100, size: { events: 8, bytes: 900 }, covers: () => covers },
  forwarding: () => ({ forwarded: 8, unanswered: 1 }),
  traces: () => ({ bytes: 4_000, completeAfter: NOW - 90_000 }),
  log: { writability: () => ({ writable: true }) },
  now: () => NOW,
});

const linesOf = async ({ text }: Metrics): Promise<readonly string[]> => (await text()).split('\n');

describe('[OPS-30] what is measured', () => {
  test('of the parts is looked up when it is asked for', async () => {
    const metrics = openMetrics();
    metrics.watch(watched({ kind: 'running' }));
    const lines = await linesOf(metrics);
    expect(lines).toEqual(
      expect.arrayContaining([
        'seqline_sockets 3',
        'seqline_users_online 2',
        'seqline_sockets_opened_total 10',
        'seqline_handshakes_refused_total{err_code="1501"} 4',
        'seqline_socket_closes_total{reason="too-slow"} 5',
        'seqline_pushes_total 60',
        'seqline_appends_forwarded_total 8',
        'seqline_appends_unanswered_total 1',
        'seqline_cursors 20',
        'seqline_cursor_repairs_total 2',
        'seqline_cursor_repaired_messages_total 6',
        'seqline_projector_state{state="running"} 1',
        'seqline_projector_state{state="poisoned"} 0',
        'seqline_projection_lag_positions{projection="users_v1"} 10',
        'seqline_projection_lag_seconds{projection="users_v1"} 1.5',
        'seqline_projection_lag_seconds{projection="chats_v1"} 0',
        'seqline_tail_events 8',
        'seqline_tail_bytes 900',
        'seqline_trace_bytes 4000',
        'seqline_trace_reach_seconds 90',
        'seqline_tail_covers_checkpoint 1',
        'seqline_log_position 100',
        'seqline_log_writable 1',
      ]),
    );
    // Counts are taken over, not added up, however often they are asked for.
    expect(await linesOf(metrics)).toContain('seqline_pushes_total 60');
  });

  test('of requests is told by number and by error', async () => {
    const metrics = openMetrics();
    for (const errCode of [0, 0, 500]) metrics.sockets.answered(1003, errCode);
    metrics.sockets.acknowledged(metrics.sockets.moment() - 0.02);
    metrics.http.called('/msg/send_msg', 0, 0.03);
    metrics.tried(1, 20);
    metrics.tried(4, 3);
    expect(await linesOf(metrics)).toEqual(
      expect.arrayContaining([
        'seqline_requests_total{request="1003"} 3',
        'seqline_request_errors_total{request="1003",err_code="500"} 1',
        'seqline_send_duration_seconds_bucket{le="0.01"} 0',
        'seqline_send_duration_seconds_bucket{le="10"} 1',
        'seqline_append_tries_bucket{le="3"} 20',
        'seqline_append_tries_bucket{le="4"} 23',
        'seqline_append_tries_sum 32',
        'seqline_send_duration_seconds_bucket{le="+Inf"} 1',
        'seqline_send_duration_seconds_count 1',
        'seqline_http_calls_total{path="/msg/send_msg",err_code="0"} 1',
        'seqline_http_call_duration_seconds_count{path="/msg/send_msg"} 1',
      ]),
    );
  });

  test('[HOK-48] of callbacks is told by endpoint, and by how they end', async () => {
    const metrics = openMetrics();
    metrics.watch(watched({ kind: 'running' }));
    metrics.callbacks.asked('beforeMsgModify', 'crm', 'passed', 0.02);
    metrics.callbacks.asked('beforeMsgModify', 'crm', 'unanswered-refused', 5);
    metrics.callbacks.unanswered('beforeMsgModify', 'crm', 'too-slow');
    const lines = await linesOf(metrics);
    const of = 'callback="beforeMsgModify",endpoint="crm"';
    expect(lines).toEqual(
      expect.arrayContaining([
        `seqline_callbacks_asked_total{${of},how="passed"} 1`,
        `seqline_callbacks_asked_total{${of},how="unanswered-refused"} 1`,
        `seqline_callbacks_unanswered_total{${of},why="too-slow"} 1`,
        `seqline_callback_answer_seconds_count{${of}} 2`,
        'seqline_webhook_deliveries_total{endpoint="crm",result="taken"} 7',
        'seqline_webhook_deliveries_total{endpoint="crm",result="given-up"} 1',
        'seqline_webhook_retries_total{endpoint="crm"} 3',
        'seqline_webhook_pending{endpoint="crm"} 2',
        'seqline_webhook_dead_letters{endpoint="crm"} 1',
        'seqline_webhook_oldest_undelivered_seconds{endpoint="crm"} 90',
        'seqline_webhook_deliveries_total{endpoint="elsewhere",result="taken"} 4',
      ]),
    );
    // What is told by another process is shown by that one alone.
    expect(lines.filter((line) => /pending\{endpoint="elsewhere"/.test(line))).toEqual([]);
  });

  test('of the log is told by type', async () => {
    const metrics = openMetrics();
    for (const bytes of [400, 410]) metrics.log.stored('MessageSent', bytes);
    metrics.log.flushed(0.0002);
    expect(await linesOf(metrics)).toEqual(
      expect.arrayContaining([
        'seqline_log_events_total{type="MessageSent"} 2',
        'seqline_log_bytes_total{type="MessageSent"} 810',
        'seqline_log_flush_duration_seconds_bucket{le="0.0001"} 0',
        'seqline_log_flush_duration_seconds_bucket{le="0.00025"} 1',
        'seqline_log_flush_duration_seconds_count 1',
      ]),
    );
  });

  test('has a sentence that says what to do with it, a type and a unit or none', async () => {
    const metrics = openMetrics();
    metrics.watch(watched({ kind: 'running' }));
    const lines = await linesOf(metrics);
    const ours = lines.flatMap((line) => /^# TYPE (seqline_\S+)/.exec(line)?.[1] ?? []);
    expect(ours.length).toBeGreaterThan(20);
    for (const name of ours) {
      const help = lines.find((line) => line.startsWith(`# HELP ${name} `)) ?? '';
      expect(help.length, name).toBeGreaterThan(name.length + 40);
    }
    expect(new Set(ours).size).toBe(ours.length);
    expect(lines.some((line) => line.startsWith('process_resident_memory_bytes '))).toBe(true);
    expect(lines.some((line) => line.startsWith('nodejs_eventloop_lag_p99_seconds '))).toBe(true);
  });

  test('names the state of a projector that stands still', async () => {
    const metrics = openMetrics();
    const poison = { projection: 'users_v1', position: 91, type: 'UserChanged', reason: 'no' };
    metrics.watch(watched({ kind: 'poisoned', ...poison }, false));
    const lines = await linesOf(metrics);
    expect(lines).toContain('seqline_projector_state{state="poisoned"} 1');
    expect(lines).toContain('seqline_tail_covers_checkpoint 0');
  });
});

test('a duration on a bound counts as within it, and one beyond all bounds counts', () => {
  const timings = new Timings({ name: 't', help: 'none', bounds: [1, 2] });
  for (const seconds of [1, 1.5, 2, 9]) timings.add(seconds);
  expect(timings.text().split('\n')).toEqual([
    '# HELP t none',
    '# TYPE t histogram',
    't_bucket{le="1"} 1',
    't_bucket{le="2"} 3',
    't_bucket{le="+Inf"} 4',
    't_sum 13.5',
    't_count 4',
    '',
  ]);
});
