import { randomUUID } from 'node:crypto';
import type { StoredEvent } from '../../../core/kernel/eventStore.ts';
import type { Position } from '../../../core/kernel/ids.ts';
import { deliverTo } from './deliver.ts';
import { matcherOf, type EventFilter } from './filter.ts';
import type { Outgoing } from './outgoing.ts';
import { Malformed } from '../protocol/protobufReader.ts';
import type { ReadRequest } from './readRequest.ts';
import { caughtUpResponse, checkpointResponse, confirmationResponse } from './responses.ts';
import type { StreamSource } from './streamReads.ts';

type Request = Pick<ReadRequest, 'filter' | 'resolveLinks' | 'uuids'> &
  Readonly<{ from: Position | 'start' | 'end' }>;

/**
 * The events after a position that the filter lets through, without an end. A filtered caller is told how
 * far it is: after so many events looked at, and when it has caught up.
 */
export const subscribeToAll = async (
  parts: StreamSource,
  request: Request,
  out: Outgoing,
): Promise<void> => {
  const { filter, from } = request;
  if (filter !== undefined && filter.checkpointEvery < 1)
    throw new Malformed('the interval of checkpoints is less than one event');
  const { store } = parts;
  const head = await store.head();
  const after = from === 'start' ? 0 : from === 'end' ? head : from;
  const deliver = deliverTo(out, parts, request);
  const matches = matcherOf(filter);
  const checkpoints = new Checkpoints(filter, out);
  let behind = after < head;

  out.write(confirmationResponse(randomUUID()));
  if (!behind) out.write(caughtUpResponse());
  const subscription = store.subscribeAll({
    after,
    onEvents: async (events) => {
      for (const event of events) {
        const wait = matches(event) ? deliver(event) : undefined;
        if (wait !== undefined) await wait;
        if (!out.isOpen()) return;
        checkpoints.lookedAt(event);
      }
      const reached = events.at(-1)?.position ?? 0;
      if (!behind || reached < (await store.head())) return;
      behind = false;
      checkpoints.send();
      out.write(caughtUpResponse());
    },
    onFailed: (error) => out.fail(error),
  });
  out.onClosed(() => void subscription.close());
};

/** How far a filtered caller has been brought: never ahead of what it has been sent, never twice. */
class Checkpoints {
  readonly #every: number;
  readonly #out: Outgoing;
  #position: Position = 0;
  #looked = 0;

  constructor(filter: EventFilter | undefined, out: Outgoing) {
    this.#every = filter?.checkpointEvery ?? Infinity;
    this.#out = out;
  }

  lookedAt({ position }: StoredEvent): void {
    this.#position = position;
    if (++this.#looked >= this.#every) this.send();
  }

  send(): void {
    if (this.#looked === 0 || this.#every === Infinity) return;
    this.#looked = 0;
    this.#out.write(checkpointResponse(this.#position));
  }
}
