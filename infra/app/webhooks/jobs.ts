import type { SeqlineEvent } from '../../../core/kernel/catalogue.ts';
import type { EventLog } from '../../../core/kernel/eventLog.ts';
import type { Recorded } from '../../../core/kernel/fact.ts';
import type { EventId, Millis, Position } from '../../../core/kernel/ids.ts';
import type {
  DeadLetter,
  Replaying,
  Webhook,
  WebhookCommand,
} from '../../../core/webhook/decider.ts';
import type { Deliverer, DelivererDeps } from '../../../core/webhook/deliverer.ts';
import type { Made } from '../../../core/webhook/events.ts';
import { Bell } from '../../../projections/kernel/bell.ts';
import { knownEvents } from '../../../projections/kernel/follower.ts';

const PAGE = 500;
const LOOK_AGAIN_MS = 60_000;
/** How far a replay has come is written down after so many pages. */
const PAGES_PER_MARK = 20;
/** Dead letters sent again in one go. */
const RESENT_MAX = 500;

type Event = Recorded<SeqlineEvent>;
type More = Pick<DelivererDeps, 'made' | 'moved'> & Partial<Pick<DelivererDeps, 'replay' | 'only'>>;
/** A command without what every command has. */
export type Wish = WebhookCommand extends infer C
  ? C extends WebhookCommand
    ? Pick<C, 'type' | 'data'>
    : never
  : never;

type Deps = Readonly<{
  name: string;
  stream: string;
  events: EventLog;
  state: () => Promise<Webhook>;
  deliverer: (more: More, after: Position) => Deliverer;
  /** For the delivery log. */
  note: (line: Made) => void;
  /** Resolves once there is room in it. */
  room: () => Promise<void>;
  handle: (wish: Wish) => Promise<void>;
  pause: (ms: Millis) => Promise<void>;
  stopped: () => boolean;
}>;

/**
 * What an endpoint is to be told again: replays and dead letters. Both stand in its stream until they are
 * done, so they go on after a restart.
 */
export const openJobs = (deps: Deps) => {
  const { name, stream, events, state, handle, stopped } = deps;
  const bell = new Bell();
  const endings = new Set<() => void>();

  /** All that was taken has been delivered or given up, or everything is to end. */
  const run = async (
    more: Omit<More, 'moved'>,
    after: Position,
    feed: (deliverer: Deliverer) => Promise<void>,
  ): Promise<void> => {
    const moved = new Bell();
    const deliverer = deps.deliverer({ ...more, moved: () => moved.ring() }, after);
    const end = (): void => {
      deliverer.stop();
      moved.ring();
    };
    endings.add(end);
    try {
      await feed(deliverer);
      while (deliverer.pending > 0 && !stopped()) await moved.wait(LOOK_AGAIN_MS);
    } finally {
      endings.delete(end);
      deliverer.stop();
    }
  };

  const eventAt = async (from: string, revision: number): Promise<Event | undefined> => {
    const [event] = knownEvents(
      await events.readStream(from, { from: revision, direction: 'forwards', max: 1 }),
    );
    return event?.revision === revision ? event : undefined;
  };

  const replay = async (id: EventId, { revision, position }: Replaying): Promise<void> => {
    const asked = await eventAt(stream, revision);
    if (asked === undefined) throw new Error(`${stream} has lost revision ${String(revision)}`);
    await run({ replay: id, made: deps.note }, position, async (deliverer) => {
      let next = position;
      for (let page = 1; next < asked.position && !stopped(); page++) {
        await deps.room();
        const read = await events.readAll({ after: next, max: PAGE });
        const upTo = knownEvents(read.events).filter((event) => event.position < asked.position);
        await deliverer.take(upTo, Math.min(read.next, asked.position));
        next = read.end ? asked.position : read.next;
        if (page % PAGES_PER_MARK !== 0) continue;
        const data = { endpoint: name, replay: id, position: deliverer.reached };
        await handle({ type: 'MoveReplay', data });
      }
    });
    if (stopped()) return;
    await handle({ type: 'EndReplay', data: { endpoint: name, replay: id } });
  };

  const resend = async (letters: readonly DeadLetter[]): Promise<void> => {
    const ids = new Set(letters.map(({ delivery }) => delivery));
    const found = await Promise.all(
      letters.map((letter) => eventAt(letter.stream, letter.revision)),
    );
    const once = new Map(
      found.flatMap((event) => (event ? [[event.position, event] as const] : [])),
    );
    const inOrder = [...once.values()].sort((one, other) => one.position - other.position);
    const taken: EventId[] = [];
    const made = (line: Made): void => {
      deps.note(line);
      if (line.failed !== true) taken.push(line.delivery);
    };
    await run({ made, only: ids }, 0, (deliverer) =>
      deliverer.take(inOrder, inOrder.at(-1)?.position ?? 0),
    );
    for (const delivery of taken) {
      await handle({ type: 'EndResend', data: { endpoint: name, delivery } });
    }
  };

  let dead = 0;
  return {
    /** Dead letters when it was last looked. */
    dead: (): number => dead,
    look: () => {
      bell.ring();
    },
    stop: () => {
      for (const end of endings) end();
      bell.ring();
    },
    /** Does what there is to be done, and waits for more. */
    work: async (): Promise<void> => {
      const known = await state();
      dead = known.dead.size;
      const [first] = known.replays;
      const asked = [...known.dead.values()].filter((letter) => letter.asked).slice(0, RESENT_MAX);
      if (asked.length > 0) await resend(asked);
      else if (first !== undefined) await replay(...first);
      else await bell.wait(LOOK_AGAIN_MS);
    },
  };
};
