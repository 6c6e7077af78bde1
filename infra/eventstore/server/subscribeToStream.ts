import { randomUUID } from 'node:crypto';
import type { Revision } from '../../../core/kernel/ids.ts';
import { NO_REVISION } from '../expectedRevision.ts';
import { deliverTo, type Deliver } from './deliver.ts';
import { Refused } from './failures.ts';
import type { Outgoing } from './outgoing.ts';
import type { ReadRequest } from './readRequest.ts';
import { caughtUpResponse, confirmationResponse } from './responses.ts';
import { streamPages, type StreamSource } from './streamReads.ts';
import { newestOf } from './streamStates.ts';
import { Signal, type StreamWatch } from './streamWatch.ts';
import { TOMBSTONE_TYPE } from './systemEvents.ts';

/** Events of one page: at the size an event may have, 16 MiB are held. */
const PAGE_EVENTS_MAX = 64;

type Parts = StreamSource & Readonly<{ watch: StreamWatch }>;
type Request = Pick<ReadRequest, 'resolveLinks' | 'uuids'> &
  Readonly<{ stream: string; from: Revision | 'start' | 'end' }>;

/**
 * What is visible after a revision, and from then on every event, until the caller or the stream goes.
 * Ends with `Refused` when the stream is tombstoned.
 */
export const subscribeToStream = async (
  parts: Parts,
  request: Request,
  out: Outgoing,
): Promise<void> => {
  const { stream } = request;
  const deliver = deliverTo(out, parts, request);
  const more = new Signal();
  // Watched before the first look, so that nothing falls between looking and waiting.
  const stop = parts.watch.add(stream, { woken: () => more.raise(), failed: (e) => out.fail(e) });
  out.onClosed(() => {
    stop();
    more.raise();
  });
  out.write(confirmationResponse(randomUUID()));
  let next = await catchUp(parts, request, { out, deliver });
  out.write(caughtUpResponse());
  while (out.isOpen()) {
    const events = await parts.store.readStream(stream, {
      from: next,
      direction: 'forwards',
      max: PAGE_EVENTS_MAX,
    });
    for (const event of events) {
      await deliver(event);
      if (!out.isOpen()) return;
      next = event.revision + 1;
      if (event.type === TOMBSTONE_TYPE) throw new Refused({ kind: 'stream-deleted', stream });
    }
    if (events.length === 0) await more.next();
  }
};

/** Delivers what is visible now. Resolves with the revision that is next, which may be still to come. */
const catchUp = async (
  parts: Parts,
  { stream, from }: Request,
  { out, deliver }: Readonly<{ out: Outgoing; deliver: Deliver }>,
): Promise<Revision> => {
  const last = (await newestOf(parts.store, stream))?.revision ?? NO_REVISION;
  const after = from === 'start' ? NO_REVISION : from === 'end' ? last : from;
  let next = Math.max(last, after) + 1;
  const part = { from: after + 1, direction: 'forwards', count: Infinity } as const;
  for await (const events of streamPages(parts, stream, part)) {
    for (const event of events) {
      const wait = deliver(event);
      if (wait !== undefined) await wait;
      next = Math.max(next, event.revision + 1);
    }
    if (!out.isOpen()) break;
  }
  return next;
};
