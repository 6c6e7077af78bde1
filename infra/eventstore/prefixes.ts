import { STREAM_PREFIXES } from '../../core/kernel/catalogue.ts';
import type { StreamPrefixes } from '../../core/kernel/eventStore.ts';

/**
 * All streams that are Seqline's. Besides the catalogue's: what has been folded already.
 */
export const OWN_PREFIXES = [...STREAM_PREFIXES, 'snapshot_'] as const;

/** Whether a stream's events concern a reader of these prefixes; without any, all do. */
export const streamFilter = (prefixes?: StreamPrefixes): ((stream: string) => boolean) => {
  if (prefixes === undefined || prefixes.length === 0) return () => true;
  return (stream) => prefixes.some((prefix) => stream.startsWith(prefix));
};

export const isOwnStream = streamFilter(OWN_PREFIXES);
