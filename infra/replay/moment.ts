import type { Millis, Position } from '../../core/kernel/ids.ts';

/** A place in the log, as people name it: by its number or by a time. */
export type Moment =
  Readonly<{ kind: 'position'; position: Position }> | Readonly<{ kind: 'time'; at: Millis }>;

/** More digits than any position has. */
const POSITION = /^\d{1,15}$/;
const DATE = String.raw`(\d{4}-\d{2}-\d{2})`;
const CLOCK = String.raw`(?:[T ](\d{2}:\d{2})(?::(\d{2})(?:\.(\d{1,3}))?)?(Z|[+-]\d{2}:\d{2})?)?`;
const TIME = new RegExp(`^${DATE}${CLOCK}$`, 'u');

export const MOMENT_FORM =
  'a position (1234) or a time (2026-11-29, 2026-11-29T12:00:00Z, 2026-11-29T12:00:00.500+01:00; UTC where no zone is named)';

/** Undefined for what is neither. A date alone is its first moment; a time without a zone is in UTC. */
export const momentOf = (text: string): Moment | undefined => {
  if (POSITION.test(text)) return { kind: 'position', position: Number(text) };
  const [, date, minutes = '00:00', seconds = '00', parts = '', zone = 'Z'] = TIME.exec(text) ?? [];
  if (date === undefined) return undefined;
  const at = Date.parse(`${date}T${minutes}:${seconds}.${parts.padEnd(3, '0')}${zone}`);
  // Dates that are none, such as February 30, would be moved into the next month.
  const isDate = !Number.isNaN(at) && dateOf(Date.parse(`${date}T00:00:00Z`)) === date;
  return isDate && at >= 0 ? { kind: 'time', at } : undefined;
};

const dateOf = (at: Millis): string =>
  Number.isNaN(at) ? '' : new Date(at).toISOString().slice(0, 10);
