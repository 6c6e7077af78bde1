import { unreachable } from '../../../core/kernel/assert.ts';
import { deliverTo } from './deliver.ts';
import { matcherOf } from './filter.ts';
import type { Outgoing } from './outgoing.ts';
import { Malformed } from '../protocol/protobufReader.ts';
import type { ReadRequest } from './readRequest.ts';
import { streamNotFoundResponse } from './responses.ts';
import { checkStream } from './streamName.ts';
import { streamPages, type StreamSource } from './streamReads.ts';
import type { StreamWatch } from './streamWatch.ts';
import { subscribeToAll } from './subscribeToAll.ts';
import { subscribeToStream } from './subscribeToStream.ts';

/** Events looked at in one go. */
const PAGE_EVENTS_MAX = 500;

export type ReadParts = StreamSource & Readonly<{ watch: StreamWatch }>;

/** Answers one `Read`, whichever of the four it is. Rejects where the call is to end with an error. */
export const answerRead = async (
  parts: ReadParts,
  request: ReadRequest,
  out: Outgoing,
): Promise<void> => {
  const { source, count } = request;
  switch (source.kind) {
    case 'stream':
      checkStream(source.stream);
      return count === undefined
        ? subscribeToStream(parts, { ...request, ...source }, out)
        : readStream(parts, { ...request, ...source, count }, out);
    case 'all':
      return count === undefined
        ? subscribeToAll(parts, { ...request, ...source }, out)
        : readAll(parts, { ...request, ...source, count }, out);
    default:
      return unreachable(source);
  }
};

type Of<Kind extends ReadRequest['source']['kind']> = Omit<ReadRequest, 'count'> &
  Extract<ReadRequest['source'], { kind: Kind }>;
type Counted = Readonly<{ count: number }>;

const readStream = async (
  parts: ReadParts,
  request: Of<'stream'> & Counted,
  out: Outgoing,
): Promise<void> => {
  const { stream, from, direction, count } = request;
  if (count === 0 || (direction === 'forwards' && from === 'end'))
    throw new Malformed('that asks for no events');
  const deliver = deliverTo(out, parts, request);
  const pages = streamPages(parts, stream, { from, direction, count });
  for (let page = await pages.next(); ; page = await pages.next()) {
    if (page.done === true) {
      if (!page.value) out.write(streamNotFoundResponse(stream));
      break;
    }
    for (const event of page.value) {
      const wait = deliver(event);
      if (wait !== undefined) await wait;
    }
    if (!out.isOpen()) return;
  }
  out.end();
};

const readAll = async (
  parts: ReadParts,
  request: Of<'all'> & Counted,
  out: Outgoing,
): Promise<void> => {
  const { direction, filter, count } = request;
  const deliver = deliverTo(out, parts, request);
  const matches = matcherOf(filter);
  let left = count;
  // Forwards a caller names the first event it wants, and the log the last that is not wanted.
  let from =
    typeof request.from === 'number' && direction === 'forwards'
      ? Math.max(0, request.from - 1)
      : request.from;
  while (out.isOpen() && left > 0) {
    const max = filter === undefined ? Math.min(PAGE_EVENTS_MAX, left) : PAGE_EVENTS_MAX;
    const page = await parts.store.readAll({ from, direction, max });
    for (const event of page.events.filter(matches).slice(0, left)) {
      left--;
      const wait = deliver(event);
      if (wait !== undefined) await wait;
    }
    if (page.end) break;
    from = page.next;
  }
  out.end();
};
