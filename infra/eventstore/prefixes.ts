import type { StreamPrefixes } from '../../core/kernel/eventStore.ts';

/** Whether a stream's events concern a reader of these prefixes; without any, all do. */
export const streamFilter = (prefixes?: StreamPrefixes): ((stream: string) => boolean) => {
  if (prefixes === undefined || prefixes.length === 0) return () => true;
  return (stream) => prefixes.some((prefix) => stream.startsWith(prefix));
};
