import type { NumberedEvent } from '../../core/conversation/events.ts';
import type { Recorded } from '../../core/kernel/fact.ts';
import type { Shown } from '../../core/sequence/shown.ts';
import { msgData } from '../openim/msgData.ts';
import { renderEvent, renderShown } from '../openim/render.ts';

type Encoded = WeakMap<Recorded<NumberedEvent>, Uint8Array>;

/**
 * What was encoded before, for as long as the event itself is kept by whoever reads it (the log keeps those
 * read of late, and lets go of them when somebody is erased): all readers of a page get the same bytes.
 */
const unread: Encoded = new WeakMap();
const read: Encoded = new WeakMap();

/** A message of a page in protobuf, as this viewer is shown it. Not to be written to. */
export const encodeShown = (shown: Shown): Uint8Array => {
  // What was taken back or hidden is rare, and hangs on more than the event.
  if (shown.kind !== 'event') return msgData.encode(renderShown(shown));
  const { event, isRead } = shown;
  const kept = isRead ? read : unread;
  const known = kept.get(event);
  if (known !== undefined) return known;
  const encoded = msgData.encode(renderEvent(event, isRead));
  kept.set(event, encoded);
  return encoded;
};
