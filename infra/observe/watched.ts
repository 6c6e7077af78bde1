import type { Millis, Position } from '../../core/kernel/ids.ts';
import type { Told } from './callbackMeter.ts';
import { one, type Look } from './looks.ts';

type Counts<Key> = ReadonlyMap<Key, number>;

type Lagging = Readonly<{
  projection: string;
  position: Position;
  head: Position;
  waitingSince: Millis | undefined;
}>;

/** As much of the parts of a server as is looked at. */
export type Watched = Readonly<{
  sockets: () => Readonly<{
    sockets: number;
    users: number;
    opened: number;
    /** Handshakes, by errCode. */
    refused: Counts<number>;
    /** By reason. */
    closes: Counts<string>;
    pushes: number;
    requests: number;
    cursors: Readonly<{ count: number; repairs: number; repaired: number }>;
  }>;
  projector: Readonly<{
    state: () => Readonly<{ kind: string }>;
    lags: () => readonly Lagging[];
  }>;
  /** What is counted for analysts, where it is; nothing else depends on how far that is. */
  analytics: Readonly<{ lags: () => readonly Lagging[] }> | undefined;
  tail: Readonly<{
    head: Position;
    size: Readonly<{ events: number; bytes: number }>;
    covers: (checkpoint: Position) => boolean;
  }>;
  /** Appends that other processes have done for this one, and questions that none has answered. */
  forwarding: () => Readonly<{ forwarded: number; unanswered: number }>;
  traces: () => Readonly<{ bytes: number; completeAfter: Millis }>;
  /** Of the endpoints that are told what has happened. */
  told: () => readonly Told[];
  log: Readonly<{ writability: () => Readonly<{ writable: boolean }> }>;
  now: () => Millis;
}>;

/** Each is shown, so that an alert on one has a series before it happens. */
const STATES = ['starting', 'standby', 'running', 'retrying', 'poisoned', 'refused', 'stopped'];

/** How far the read models are. */
const lagGaugesOf = ({ projector, analytics, now }: Watched): readonly Look[] => {
  const lags = () => [...projector.lags(), ...(analytics?.lags() ?? [])];
  return [
    {
      name: 'seqline_projection_lag_positions',
      help: 'How many positions of the log a read model is behind. Growing steadily: Postgres is too slow, or does not answer.',
      labels: ['projection'],
      look: () =>
        lags().map(({ projection, position, head }) => ({
          labels: { projection },
          value: Math.max(0, head - position),
        })),
    },
    {
      name: 'seqline_projection_lag_seconds',
      help: 'How long ago the oldest event was committed that a read model lacks; 0 when it lacks none. Alert above 10: lists are out of date, and the tail has to hold all of it. Nobody waits for analytics_…, which may be hours behind while it fills in history.',
      labels: ['projection'],
      look: () =>
        lags().map(({ projection, waitingSince }) => ({
          labels: { projection },
          value: waitingSince === undefined ? 0 : Math.max(0, now() - waitingSince) / 1000,
        })),
    },
  ];
};

/** What goes up and down. */
export const gaugesOf = (watched: Watched): readonly Look[] => {
  const { sockets, projector, tail, log } = watched;
  return [
    {
      name: 'seqline_sockets',
      help: 'Open sockets of logged-in clients. A sudden fall means a network or a restart.',
      look: () => one(sockets().sockets),
    },
    {
      name: 'seqline_users_online',
      help: 'Users with at least one open socket.',
      look: () => one(sockets().users),
    },
    cursorsOf(sockets),
    {
      name: 'seqline_projector_state',
      help: '1 for the state the projector is in. poisoned: see seqline projector status; retrying: look at Postgres.',
      labels: ['state'],
      look: () => {
        const { kind } = projector.state();
        return STATES.map((state) => ({ labels: { state }, value: state === kind ? 1 : 0 }));
      },
    },
    ...lagGaugesOf(watched),
    ...tailOf(tail),
    {
      name: 'seqline_tail_covers_checkpoint',
      help: '1 if the tail reaches back to every read model. Alert on 0: clients cannot sync until the projector has caught up.',
      look: () => one(projector.lags().every(({ position }) => tail.covers(position)) ? 1 : 0),
    },
    ...tracesOf(watched),
    {
      name: 'seqline_log_position',
      help: 'Position of the newest event of the log that this process has followed.',
      look: () => one(tail.head),
    },
    {
      name: 'seqline_log_writable',
      help: '1 while the log takes events. Alert on 0: nothing can be sent; most likely the disk is full.',
      look: () => one(log.writability().writable ? 1 : 0),
    },
  ];
};

const tailOf = (tail: Watched['tail']): readonly Look[] => [
  {
    name: 'seqline_tail_events',
    help: 'Newest events held in memory for reads at the head; bounded by 200,000.',
    look: () => one(tail.size.events),
  },
  {
    name: 'seqline_tail_bytes',
    help: 'What these take, about; bounded by 128 MiB.',
    look: () => one(tail.size.bytes),
  },
];

/** What is remembered for `seqline explain`. */
const tracesOf = ({ traces, now }: Watched): readonly Look[] => [
  {
    name: 'seqline_trace_bytes',
    help: 'What is remembered of pushes and pulls for seqline explain, in bytes; bounded by SEQLINE_TRACE_MEMORY, and some 3 MB for sockets that are gone.',
    look: () => one(traces().bytes),
  },
  {
    name: 'seqline_trace_reach_seconds',
    help: 'How far back that reaches without a gap, up to SEQLINE_TRACE_FOR. Too short for you: raise SEQLINE_TRACE_MEMORY.',
    look: () => one(Math.max(0, now() - traces().completeAfter) / 1000),
  },
];

const cursorsOf = (sockets: Watched['sockets']): Look => ({
  name: 'seqline_cursors',
  help: 'Conversations of which something was pushed while one of their users is connected; some 400 bytes each.',
  look: () => one(sockets().cursors.count),
});

/** What only goes up. */
export const countersOf = ({ sockets, forwarding }: Watched): readonly Look[] => [
  {
    name: 'seqline_sockets_opened_total',
    help: 'Sockets opened. Compare with seqline_sockets: many more means that clients come back again and again.',
    look: () => one(sockets().opened),
  },
  {
    name: 'seqline_socket_closes_total',
    help: 'Sockets that have ended, by reason. too-slow, not-answerable, never-synced and behind make clients sync again; the first is the network or the client, the second Postgres, the last what nodes tell each other.',
    labels: ['reason'],
    look: () => [...sockets().closes].map(([reason, value]) => ({ labels: { reason }, value })),
  },
  {
    name: 'seqline_handshakes_refused_total',
    help: 'Sockets that were not let in, by err_code: 15xx is the token, 500 a fault of the server.',
    labels: ['err_code'],
    look: () =>
      [...sockets().refused].map(([errCode, value]) => ({ labels: { err_code: errCode }, value })),
  },
  {
    name: 'seqline_pushes_total',
    help: 'Messages and notices written to sockets without being asked for. Divided by events of MessageSent: the fan-out.',
    look: () => one(sockets().pushes),
  },
  {
    name: 'seqline_cursor_repairs_total',
    help: 'How often a message came before those it follows, which were then read from the log. Now and then is well; many: what nodes tell each other is lost or late.',
    look: () => one(sockets().cursors.repairs),
  },
  {
    name: 'seqline_cursor_repaired_messages_total',
    help: 'Messages that were read from the log for that. Sockets that lack more than 20 of a conversation are closed instead (reason behind).',
    look: () => one(sockets().cursors.repaired),
  },
  {
    name: 'seqline_socket_frames_total',
    help: 'Requests read off sockets, those included that were never answered (seqline_requests_total).',
    look: () => one(sockets().requests),
  },
  {
    name: 'seqline_appends_forwarded_total',
    help: 'Messages of conversations that several processes write at once, appended for this process by the one whose turn it is. Nothing to do; compare with seqline_append_tries.',
    look: () => one(forwarding().forwarded),
  },
  {
    name: 'seqline_appends_unanswered_total',
    help: 'Such messages that this process had to append itself, because the other did not answer. Growing: NATS loses messages, or that process is too busy.',
    look: () => one(forwarding().unanswered),
  },
];
