import type { Recorded } from '../../core/kernel/fact.ts';
import type { Millis } from '../../core/kernel/ids.ts';

/**
 * An event as it is exported: brought up to today's shape, and what has been erased says so. Its data is JSON
 * text: it need not be made into objects only to be written again.
 */
export type Row = Omit<Recorded, 'data'> & Readonly<{ data: string }>;

export const rowOf = (event: Recorded): Row => ({ ...event, data: JSON.stringify(event.data) });

export const CSV_HEADER =
  'position,time,stream,revision,type,id,actor,operationId,causationId,data\n';

const QUOTED = /[",\r\n]/u;

const field = (text: string): string =>
  QUOTED.test(text) ? `"${text.replaceAll('"', '""')}"` : text;

/** One line (RFC 4180, but with a bare line feed); `data` is JSON. */
export const csvOf = (row: Row): string => {
  const { position, created, stream, revision, type, id, meta, data } = row;
  const { actor, operationId, causationId = '' } = meta;
  return (
    `${String(position)},${timeOf(created)},${field(stream)},${String(revision)},${field(type)},${id},` +
    `${field(actor)},${field(operationId)},${causationId},"${data.replaceAll('"', '""')}"\n`
  );
};

export const ndjsonOf = (row: Row): string => {
  const { position, created, stream, revision, type, id, meta, data } = row;
  const { actor, operationId, causationId } = meta;
  const cause = causationId === undefined ? '' : `,"causationId":${JSON.stringify(causationId)}`;
  return (
    `{"position":${String(position)},"time":"${timeOf(created)}","stream":${JSON.stringify(stream)},` +
    `"revision":${String(revision)},"type":${JSON.stringify(type)},"id":"${id}",` +
    `"actor":${JSON.stringify(actor)},"operationId":${JSON.stringify(operationId)}${cause},"data":${data}}\n`
  );
};

/** Events come in the order of time, so that those of one second have its text in common. */
let second = NaN;
let textOfSecond = '';

const timeOf = (at: Millis): string => {
  const whole = Math.floor(at / 1000);
  if (whole !== second) {
    second = whole;
    textOfSecond = new Date(whole * 1000).toISOString().slice(0, -'000Z'.length);
  }
  return `${textOfSecond}${String(at - whole * 1000).padStart(3, '0')}Z`;
};
