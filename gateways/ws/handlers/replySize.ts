import type { WireForm } from '../../openim/envelope.ts';

/** Go core cuts the connection over a message of 1 MiB, and would meet it again at each login (GW 2.7). */
export const REPLY_BYTES_MAX = 900_000;

/** What an answer may have before it is wrapped. Base64 makes four bytes of three; gzip is a gift. */
export const dataBytesMax = (form: WireForm): number =>
  form.kind === 'json' ? Math.floor((REPLY_BYTES_MAX * 3) / 4) : REPLY_BYTES_MAX;

/** Tags and lengths around a message, or around an entry of a map. */
const AROUND_BYTES = 16;

/** What the entries of a map cost beside their messages. */
export const namesSize = (names: Iterable<string>): number => {
  let size = 0;
  for (const name of names) size += Buffer.byteLength(name) + AROUND_BYTES;
  return size;
};

/** A tag and a number of 64 bits, as protobuf writes it. */
export const NUMBER_BYTES_MAX = 11;

/** As many entries of a map as fit into `bytesMax`, the first ones; `each` is what a value takes at most. */
export const fittingEntries = <T>(
  entries: Iterable<readonly [string, T]>,
  bytesMax: number,
  each: number,
): Map<string, T> => {
  const fit = new Map<string, T>();
  let left = bytesMax;
  for (const [name, value] of entries) {
    left -= namesSize([name]) + each;
    if (left < 0) break;
    fit.set(name, value);
  }
  return fit;
};

/**
 * As much of some lists as fits into `bytesMax`, in the order they have. Kept is what stands at the
 * `kept` end of each; each list gets its first before any gets a second.
 */
export const fitting = <Encoded extends Readonly<{ length: number }>>(
  lists: readonly (readonly Encoded[])[],
  bytesMax: number,
  kept: 'newest' | 'oldest',
): readonly (readonly Encoded[])[] => {
  const counts = lists.map(() => 0);
  let left = bytesMax;
  for (let rank = 0, took = true; took; rank++) {
    took = false;
    for (const [index, list] of lists.entries()) {
      const message = kept === 'newest' ? list[list.length - 1 - rank] : list[rank];
      // A list that has stopped stays stopped: a message may not be left out of the middle.
      if (message === undefined || counts[index] !== rank) continue;
      const size = message.length + AROUND_BYTES;
      if (size > left) continue;
      left -= size;
      counts[index] = rank + 1;
      took = true;
    }
  }
  return lists.map((list, index) => {
    const count = counts[index] ?? 0;
    return kept === 'newest' ? list.slice(list.length - count) : list.slice(0, count);
  });
};
