import { setTimeout as pause } from 'node:timers/promises';
import { catalogue } from '../../core/kernel/catalogue.ts';
import type { Position } from '../../core/kernel/ids.ts';
import { startThreads, threadsWorthwhile, type Threads } from '../app/history/exportThreads.ts';
import { openHistory, type History, type HistoryConfig } from '../app/history/openHistory.ts';
import { exportEvents, ExportFailed, type Exported } from '../replay/export.ts';
import { openFile, openStream, type Output } from '../replay/output.ts';
import { piecesInOrder, piecesOf, type Piece } from '../replay/pieces.ts';
import { FORMATS, isFormat, rendering, type Format, type Rendering } from '../replay/rendering.ts';
import { replayOf, type ReplayRequest } from '../replay/request.ts';
import type { Span } from '../replay/walk.ts';
import { complain, type Arguments } from './command.ts';
import { counted, Progress } from './progress.ts';
import type { ReplayFlags } from './replayFlags.ts';

/** How often a log that another process writes is looked at for what is new. */
const FOLLOW_EVERY_MS = 100;

const isType = (type: string): boolean => Object.hasOwn(catalogue, type);

const say = (text: string): void => {
  process.stderr.write(`${text}\n`);
};

type Wanted = Readonly<{
  format: Format;
  output: string | undefined;
  follow: boolean;
  to: string | undefined;
}>;

/** Of options that each alone would do. */
const problemOf = ({ format, output, follow, to }: Wanted): string | undefined => {
  if (follow && format === 'parquet')
    return 'a Parquet file ends, so it cannot --follow; take ndjson or csv';
  if (follow && to !== undefined) return '--follow goes on without end, and --to says where to end';
  if (follow && output !== undefined)
    return '--follow writes to standard output; redirect it for a file';
  if (format === 'parquet' && output === undefined && process.stdout.isTTY)
    return 'Parquet is nothing for a terminal: name a file with --output';
  return undefined;
};

/** The past, and what comes, as lines or a table: to standard output, or to a file. */
export const replay = async (
  config: HistoryConfig,
  { rest, replay: flags }: Pick<Arguments, 'rest' | 'replay'>,
): Promise<number> => {
  if (rest.length > 0) return complain(`replay: there is nothing called "${rest.join(' ')}"`);
  const { format = 'ndjson', output, follow, ...request } = flags ?? NOTHING_ASKED;
  if (!isFormat(format)) return complain(`replay: --format is one of ${FORMATS.join(', ')}`);
  const problem = problemOf({ format, output, follow, to: request.to });
  if (problem !== undefined) return complain(`replay: ${problem}`);
  try {
    const history = await openHistory(config);
    try {
      return await exported(history, { config, request, format, output, follow });
    } finally {
      await history.close();
    }
  } catch (error) {
    return complain(`replay: ${messageOf(error)}`);
  }
};

type Asked = Readonly<{
  config: HistoryConfig;
  request: ReplayRequest;
  format: Format;
  output: string | undefined;
  follow: boolean;
}>;

const NOTHING_ASKED: ReplayFlags = {
  ...{ streams: [], categories: [], types: [], actors: [], conversations: [], follow: false },
};

const exported = async (history: History, asked: Asked): Promise<number> => {
  const { request, format, output: path, follow } = asked;
  const { span, chosen } = replayOf(request, await history.head(), isType);
  const key = JSON.stringify([history.logId, format, request]);
  const output = path === undefined ? openStream(process.stdout) : await openFile(path, key);
  const { standing } = output;
  if (standing !== undefined)
    say(
      `Going on after position ${counted(standing.position)}, with ${counted(standing.events)} events.`,
    );
  const progress = new Progress('replaying', span.until);
  const ending = followEnd(follow);
  const began = Date.now();
  const lines = rendering(format, standing?.state);
  const threads = threadsFor(asked, span.until - (standing?.position ?? span.after));
  try {
    const done = await exportEvents({
      ...{ span, output, rendering: lines },
      pieces: (part) =>
        threads === undefined
          ? piecesOf(history, part, chosen, lines)
          : piecesByThreads(threads, history, part, lines),
      onProgress: (looked, position) => {
        if (path !== undefined || !process.stdout.isTTY) progress.take(looked, { position });
      },
      stopped: ending.stopped,
      more: follow
        ? (reached) => newEnd(history, reached, ending)
        : () => Promise.resolve(undefined),
    });
    progress.end();
    if (path !== undefined) say(told(done, path, Date.now() - began));
    return 0;
  } catch (error) {
    progress.end();
    await output.close();
    return failed(error, path, output);
  } finally {
    await threads?.close();
    ending.leave();
  }
};

/**
 * Lines of a log on this machine are made by several threads, if there are many. A Parquet file is made of what
 * came before, and an event store elsewhere gives its events one after the other.
 */
const threadsFor = (
  { config, request, format, follow }: Asked,
  positions: number,
): Threads | undefined => {
  if (follow || format === 'parquet' || config.eventStore.kind === 'esdb') return undefined;
  return threadsWorthwhile(positions)
    ? startThreads({ config, selection: request, format })
    : undefined;
};

async function* piecesByThreads(
  { makers }: Threads,
  history: History,
  span: Span,
  lines: Rendering,
): AsyncGenerator<Piece> {
  // What stands before the first line.
  const begin = { events: 0, looked: 0, reached: span.after, begun: false, over: false };
  yield { ...begin, bytes: lines.add([]), state: undefined };
  yield* piecesInOrder(history, span, makers);
}

const told = ({ events, position }: Exported, path: string, ms: number): string =>
  `${counted(events)} events up to position ${counted(position)} are in ${path} ` +
  `(${(ms / 1000).toFixed(1)} s).`;

const failed = (error: unknown, path: string | undefined, output: Output): number => {
  if (!(error instanceof ExportFailed)) throw error;
  // Whoever has read enough, such as `head`, closes the pipe: that is no fault.
  if (path === undefined && codeOf(error.cause) === 'EPIPE') return 0;
  const { events, position } = error.exported;
  const reason =
    codeOf(error.cause) === 'ENOSPC' ? `the disk is full (${error.message})` : error.message;
  const kept =
    path === undefined
      ? `${counted(events)} events up to position ${counted(position)} have been written`
      : `what has been written is in ${path}.part${output.standing === undefined ? '' : ' as before'}: ` +
        'mend that and run the same command again, and it goes on there';
  return complain(`replay: ${reason}; ${kept}`);
};

type Ending = Readonly<{ stopped: () => boolean; leave: () => void }>;

/** One who follows is told to end by a signal, and then ends with a whole line. */
const followEnd = (follow: boolean): Ending => {
  if (!follow) return { stopped: () => false, leave: () => undefined };
  let told = false;
  const end = (): void => {
    told = true;
  };
  process.once('SIGINT', end);
  process.once('SIGTERM', end);
  return {
    stopped: () => told,
    leave: () => {
      process.off('SIGINT', end);
      process.off('SIGTERM', end);
    },
  };
};

const newEnd = async (
  history: History,
  reached: Position,
  { stopped }: Ending,
): Promise<Position | undefined> => {
  while (!stopped()) {
    const head = await history.head();
    if (head > reached) return head;
    await pause(FOLLOW_EVERY_MS);
  }
  return undefined;
};

const codeOf = (error: unknown): unknown =>
  error instanceof Error && 'code' in error ? error.code : undefined;

const messageOf = (error: unknown): string =>
  error instanceof Error ? error.message : String(error);
