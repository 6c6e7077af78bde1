import type { Position } from '../../core/kernel/ids.ts';
import type { Output, Standing } from './output.ts';
import type { Rendering } from './rendering.ts';
import type { Piece } from './pieces.ts';
import type { Span } from './walk.ts';

export type Exported = Readonly<{ events: number; position: Position }>;

/** An export was cut short; what had been written by then is told. */
export class ExportFailed extends Error {
  override name = 'ExportFailed';
  readonly exported: Exported;
  override readonly cause: unknown;

  constructor(exported: Exported, cause: unknown) {
    super(cause instanceof Error ? cause.message : String(cause));
    this.exported = exported;
    this.cause = cause;
  }
}

type Parts = Readonly<{
  span: Span;
  output: Output;
  /** Gives the end of the file. */
  rendering: Pick<Rendering, 'finish'>;
  /** What is wanted of a part of the log, and how far that goes, piece by piece. */
  pieces: (span: Span) => AsyncIterable<Piece>;
  /** How many have been looked at in all, and the position that is reached. */
  onProgress: (looked: number, position: Position) => void;
  /** Asked after each page; true ends it there, and what is there is whole. */
  stopped?: () => boolean;
  /** At the end of the span: resolves with where it goes on to, or undefined if there is nothing more. */
  more?: (reached: Position) => Promise<Position | undefined>;
}>;

/**
 * Writes what is wanted of the log, page by page, so that it takes the same memory however much there is.
 * Throws `ExportFailed`.
 */
export const exportEvents = async (parts: Parts): Promise<Exported> => {
  const { output, rendering, stopped = () => false, more = noMore } = parts;
  const { standing } = output;
  const done = {
    events: standing?.events ?? 0,
    position: standing?.position ?? parts.span.after,
    looked: 0,
  };
  try {
    let span: Span | undefined = resumed(parts.span, standing);
    while (span !== undefined) {
      await exportSpan(parts, span, done);
      const until: Position | undefined = stopped() ? undefined : await more(done.position);
      span = until === undefined ? undefined : { after: done.position, until };
    }
    await output.write(rendering.finish());
    await output.finish();
    return done;
  } catch (cause) {
    throw new ExportFailed(done, cause);
  }
};

const noMore = (): Promise<undefined> => Promise.resolve(undefined);

type Done = { events: number; position: Position; looked: number };

const exportSpan = async (parts: Parts, span: Span, done: Done): Promise<void> => {
  const { pieces, output, onProgress, stopped = () => false } = parts;
  for await (const { bytes, events, looked, reached, begun, state } of pieces(span)) {
    if (bytes.byteLength > 0) await output.write(bytes);
    done.events += events;
    done.looked += looked;
    done.position = reached;
    onProgress(done.looked, reached);
    if (state !== undefined) {
      await output.settle({ position: reached, events: done.events, begun, state });
    }
    if (stopped()) return;
  }
};

const resumed = ({ from, ...span }: Span, standing: Standing | undefined): Span => {
  const after = standing?.position ?? span.after;
  const isBegun = standing?.begun === true;
  return { ...span, after, ...(from === undefined || isBegun ? {} : { from }) };
};
