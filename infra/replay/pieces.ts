import type { Millis, Position } from '../../core/kernel/ids.ts';
import type { Rendering } from './rendering.ts';
import type { Chosen } from './selection.ts';
import { firstAt, walkRows, type Exportable, type Span, type Step } from './walk.ts';

/** A step of an export: what has been found, as bytes of the file. */
export type Piece = Omit<Step<never>, 'events'> &
  Readonly<{
    events: number;
    bytes: Uint8Array;
    /** What it takes to go on after this; undefined where that cannot be done here. */
    state: string | undefined;
  }>;

/** A part of a span, from one position to another. */
export type Part = Readonly<{ after: Position; until: Position; to?: Millis }>;

/** Makes the first piece of a part. It may reach less far than the part does: the rest is then another part. */
export type Maker = (part: Part) => Promise<Piece>;

/** Positions of one part: what an embedded log gives as one page. */
const PART = 1_000;
/** Parts that each maker has before it: one that it makes, and some that wait, so that it never does. */
const PARTS_EACH = 4;

/** One piece after the other, made here. */
export async function* piecesOf(
  log: Exportable,
  span: Span,
  chosen: Chosen,
  rendering: Rendering,
): AsyncGenerator<Piece> {
  for await (const { events, ...step } of walkRows(log, span, chosen)) {
    const bytes = rendering.add(events);
    yield { ...step, events: events.length, bytes, state: rendering.state() };
  }
}

/**
 * The same pieces, made by several at once, and given out in their order. No more are made beforehand than
 * `PARTS_EACH` for each maker, however slowly they are taken.
 */
export async function* piecesInOrder(
  log: Pick<Exportable, 'readAll' | 'prefixes'>,
  span: Span,
  makers: readonly Maker[],
  partMax = PART,
): AsyncGenerator<Piece> {
  const { until, to, from } = span;
  // Which event is the first by time depends on all before it.
  const begin = from === undefined ? span.after : await firstAt(log, from, span);
  const ahead: Ahead[] = [];
  let next = begin;
  let turn = 0;
  const give = (part: Part): Ahead => {
    const maker = makers[turn % makers.length];
    if (maker === undefined) throw new Error('nobody makes the pieces');
    turn += 1;
    const piece = maker(part);
    // It is awaited in its turn; after a fault of an earlier one nobody does.
    piece.catch(() => undefined);
    return { part, piece };
  };
  const fill = (): void => {
    while (next < until && ahead.length < makers.length * PARTS_EACH) {
      const end = Math.min(next + partMax, until);
      ahead.push(give({ after: next, until: end, ...(to !== undefined && { to }) }));
      next = end;
    }
  };
  for (;;) {
    fill();
    const first = ahead.shift();
    if (first === undefined) return;
    const piece = await first.piece;
    const isRest = piece.reached < first.part.until;
    yield { ...piece, over: isRest ? piece.over : piece.reached >= until };
    // The first event after the span's time, or the end of the log.
    if (isRest && piece.over) return;
    if (isRest) ahead.unshift(give({ ...first.part, after: piece.reached }));
  }
}

type Ahead = Readonly<{ part: Part; piece: Promise<Piece> }>;
