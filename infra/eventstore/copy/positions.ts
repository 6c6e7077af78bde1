import { catalogue } from '../../../core/kernel/catalogue.ts';
import type { StoredEvent } from '../../../core/kernel/eventStore.ts';
import type { Position } from '../../../core/kernel/ids.ts';
import type { MovedPositions, PositionMoved } from '../history.ts';
import { newestBefore, ownPages, type Readable } from './pages.ts';

/** Of these only the newest of a stream counts; there may be very many. */
const NEWEST_COUNTS: readonly string[] = ['CheckpointMoved'];
/** What `CopyEnded` has room for: far more than there are checkpoints and skipped events. */
const POSITIONS_MAX = 3_000;

type Spec = Readonly<{ version: number; position?: string }>;

const positionFieldOf = (type: string): string | undefined => {
  const specs: Readonly<Record<string, Spec>> = catalogue;
  return Object.hasOwn(specs, type) ? specs[type]?.position : undefined;
};

type Held = Readonly<{ event: StoredEvent; position: Position }>;

/** Gathers the events of a log that hold positions of it. */
export class HeldPositions {
  readonly #moved: MovedPositions | undefined;
  readonly #held = new Map<string, Held>();

  /** `moved`: of the log that is read, if that is a copy itself. */
  constructor(moved: MovedPositions | undefined) {
    this.#moved = moved;
  }

  take(event: StoredEvent): void {
    const field = positionFieldOf(event.type);
    if (field === undefined) return;
    const position = this.#positionIn(event, field);
    if (position === undefined) return;
    const { stream, revision, type } = event;
    const key = NEWEST_COUNTS.includes(type) ? `${type} ${stream}` : `${revision}@${stream}`;
    this.#held.set(key, { event, position });
  }

  /** What each means in the copy. */
  async inCopy(from: Readable, to: Readable): Promise<readonly PositionMoved[]> {
    if (this.#held.size > POSITIONS_MAX)
      throw new Error(`${this.#held.size} events hold positions; a copy takes ${POSITIONS_MAX}`);
    const moved: PositionMoved[] = [];
    for (const { event, position } of this.#held.values())
      moved.push([event.stream, event.revision, await sameIn(from, to, position)]);
    return moved;
  }

  #positionIn(event: StoredEvent, field: string): Position | undefined {
    if (this.#moved !== undefined && event.position < this.#moved.before)
      return this.#moved.of(event);
    const data: unknown = JSON.parse(new TextDecoder().decode(event.data));
    if (typeof data !== 'object' || data === null) return undefined;
    const position: unknown = Reflect.get(data, field);
    return typeof position === 'number' ? position : undefined;
  }
}

/** The position in TO up to which the same events have come as up to this one in FROM. */
const sameIn = async (from: Readable, to: Readable, position: Position): Promise<Position> => {
  const next = await firstAfter(from, position);
  const before = next === undefined ? 'end' : await placeIn(to, next);
  const [last] = await newestBefore(to, before, 1);
  return last?.position ?? 0;
};

const firstAfter = async (log: Readable, after: Position): Promise<StoredEvent | undefined> => {
  for await (const { events } of ownPages(log, after === 0 ? 'start' : after))
    if (events[0] !== undefined) return events[0];
  return undefined;
};

const placeIn = async (log: Readable, { stream, revision }: StoredEvent): Promise<Position> => {
  const options = { from: revision, direction: 'forwards', max: 1 } as const;
  const [event] = await log.readStream(stream, options);
  if (event === undefined) throw new Error(`TO lacks revision ${revision} of ${stream}`);
  return event.position;
};
