import type { Recorded } from '../../core/kernel/fact.ts';

/** An event as it is exported: decoded, brought up to today's shape, and what has been erased says so. */
export const rowOf = ({ position, created, stream, revision, type, id, meta, data }: Recorded) => ({
  position,
  time: new Date(created).toISOString(),
  stream,
  revision,
  type,
  id,
  actor: meta.actor,
  operationId: meta.operationId,
  ...(meta.causationId === undefined ? {} : { causationId: meta.causationId }),
  data,
});

export const CSV_HEADER =
  'position,time,stream,revision,type,id,actor,operationId,causationId,data\n';

const QUOTED = /[",\r\n]/u;

const field = (text: string): string =>
  QUOTED.test(text) ? `"${text.replaceAll('"', '""')}"` : text;

/** One line (RFC 4180, but with a bare line feed); `data` is JSON. */
export const csvOf = (event: Recorded): string => {
  const { position, time, stream, revision, type, id, actor, operationId, causationId } =
    rowOf(event);
  const texts = [stream, String(revision), type, id, actor, operationId, causationId ?? ''];
  const data = `"${JSON.stringify(event.data).replaceAll('"', '""')}"`;
  return `${String(position)},${time},${texts.map(field).join(',')},${data}\n`;
};

export const ndjsonOf = (event: Recorded): string => `${JSON.stringify(rowOf(event))}\n`;
