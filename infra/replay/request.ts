import type { Millis, Position } from '../../core/kernel/ids.ts';
import { MOMENT_FORM, momentOf, type Moment } from './moment.ts';
import { choosing, type Chosen, type Selection } from './selection.ts';
import { lastAt, type Replayable, type Span } from './walk.ts';

/** What is asked for, as it was written. */
export type ReplayRequest = Selection & Readonly<{ from?: string; to?: string }>;

/** It cannot be done as it was asked for; the message says what is wrong with which part. */
export class RequestRefused extends Error {
  override name = 'RequestRefused';
}

export type Replay = Readonly<{ span: Span; chosen: Chosen }>;

/**
 * From what was written to what is to be read of a log that ends at `head` now.
 * @throws RequestRefused
 */
export const replayOf = (
  { from, to, ...selection }: ReplayRequest,
  head: Position,
  isType: (type: string) => boolean,
): Replay => {
  const unknown = selection.types.find((type) => !isType(type));
  if (unknown !== undefined) throw new RequestRefused(`type: there is no event "${unknown}"`);
  const [first, last] = [placed('from', from, head), placed('to', to, head)];
  if (first !== undefined && last !== undefined && isAfter(first, last))
    throw new RequestRefused(`from: ${from ?? ''} is after ${to ?? ''}`);
  return { span: spanOf(first, last, head), chosen: choosing(selection) };
};

const spanOf = (first: Moment | undefined, last: Moment | undefined, head: Position): Span => ({
  after: first?.kind === 'position' ? Math.max(0, first.position - 1) : 0,
  until: last?.kind === 'position' ? last.position : head,
  ...(first?.kind === 'time' && { from: first.at }),
  ...(last?.kind === 'time' && { to: last.at }),
});

/** The last event before a moment. @throws RequestRefused */
export const momentPosition = async (
  log: Pick<Replayable, 'head' | 'readAll' | 'prefixes'>,
  when: string,
  now: Millis,
): Promise<Position> => {
  const head = await log.head();
  const moment = placed('the moment', when, head);
  if (moment?.kind === 'position') return moment.position;
  const at = moment?.at ?? now;
  if (at > now) throw new RequestRefused(`the moment: ${when} has not come yet`);
  return lastAt(log, at, head);
};

/** @throws RequestRefused for what is neither, and for a position that the log has not come to */
export const placed = (
  name: string,
  text: string | undefined,
  head: Position,
): Moment | undefined => {
  if (text === undefined) return undefined;
  const moment = momentOf(text);
  if (moment === undefined) throw new RequestRefused(`${name}: "${text}" is not ${MOMENT_FORM}`);
  if (moment.kind === 'position' && moment.position > head)
    throw new RequestRefused(
      `${name}: position ${String(moment.position)} is beyond the end of the log, which is at ${String(head)}`,
    );
  return moment;
};

const isAfter = (one: Moment, other: Moment): boolean => {
  if (one.kind === 'position') return other.kind === 'position' && one.position > other.position;
  return other.kind === 'time' && one.at > other.at;
};
