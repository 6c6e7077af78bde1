import type { StoredEvent } from '../../../core/kernel/eventStore.ts';
import type { Outgoing } from './outgoing.ts';
import type { ReadRequest } from './readRequest.ts';
import { eventResponse, type Delivered } from './responses.ts';
import { visibleEvent, type StreamSource } from './streamReads.ts';
import { LINK_TYPE } from './systemEvents.ts';

export type Deliver = (event: StoredEvent) => Promise<void> | undefined;

/**
 * Hands events to a caller in the form it has asked for. Returns a promise where the next one has to
 * wait: for a link's target to be read, or for the caller to take what it has been sent.
 */
export const deliverTo = (
  out: Outgoing,
  source: StreamSource,
  { resolveLinks, uuids }: Pick<ReadRequest, 'resolveLinks' | 'uuids'>,
): Deliver => {
  const send = (bytes: Buffer): Promise<void> | undefined =>
    out.write(bytes) ? undefined : out.room();
  return (event) =>
    resolveLinks && event.type === LINK_TYPE
      ? resolved(source, event).then((delivered) => send(eventResponse(delivered, uuids)))
      : send(source.encoded.response(event, uuids));
};

const TARGET = /^(\d{1,15})@(.+)$/s;

/** What a link stands for; without a target that can be seen, the link alone. */
const resolved = async (source: StreamSource, link: StoredEvent): Promise<Delivered> => {
  const [, revision, stream] = TARGET.exec(new TextDecoder().decode(link.data)) ?? [];
  if (revision === undefined || stream === undefined) return { event: undefined, link };
  return { event: await visibleEvent(source, stream, Number(revision)), link };
};
