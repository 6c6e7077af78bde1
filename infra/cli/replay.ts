import { setTimeout as pause } from 'node:timers/promises';
import { catalogue } from '../../core/kernel/catalogue.ts';
import type { Position } from '../../core/kernel/ids.ts';
import { openHistory, type History, type HistoryConfig } from '../app/openHistory.ts';
import { exportEvents, ExportFailed, type Exported } from '../replay/export.ts';
import { openFile, openStream, type Output } from '../replay/output.ts';
import { FORMATS, isFormat, rendering, type Format } from '../replay/rendering.ts';
import { replayOf, type ReplayRequest } from '../replay/request.ts';
import { complain, type Arguments } from './command.ts';
import { counted, Progress } from './progress.ts';
import type { ReplayFlags } from './replayFlags.ts';

/** How often a log that another process writes is looked at for what is new. */
const FOLLOW_EVERY_MS = 100;

const isType = (type: string): boolean => Object.hasOwn(catalogue, type);

const say = (text: string): void => {
  process.stderr.write(`${text}\n`);
};

/** The past, and what comes, as lines or a table: to standard output, or to a file. */
export const replay = async (
  config: HistoryConfig,
  { rest, replay: flags }: Pick<Arguments, 'rest' | 'replay'>,
): Promise<number> => {
  if (rest.length > 0) return complain(`replay: there is nothing called "${rest.join(' ')}"`);
  const { format = 'ndjson', output, follow, ...request } = flags ?? NOTHING_ASKED;
  if (!isFormat(format)) return complain(`replay: --format is one of ${FORMATS.join(', ')}`);
  if (follow && format === 'parquet')
    return complain('replay: a Parquet file ends, so it cannot --follow; take ndjson or csv');
  if (follow && request.to !== undefined)
    return complain('replay: --follow goes on without end, and --to says where to end');
  if (follow && output !== undefined)
    return complain('replay: --follow writes to standard output; redirect it for a file');
  try {
    const history = await openHistory(config);
    try {
      return await exported(history, { request, format, output, follow });
    } finally {
      await history.close();
    }
  } catch (error) {
    return complain(`replay: ${messageOf(error)}`);
  }
};

type Asked = Readonly<{
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
  try {
    const done = await exportEvents({
      ...{ log: history, span, chosen, output },
      rendering: rendering(format, standing?.state),
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
    ending.leave();
  }
};

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
