import { CONVERSATION_PREFIX, type NumberedEvent } from '../../../core/conversation/events.ts';
import type { EventLog } from '../../../core/kernel/eventLog.ts';
import type { NewEvent, Recorded } from '../../../core/kernel/fact.ts';
import type { EventId, Millis, Position, UserId } from '../../../core/kernel/ids.ts';
import type { Passing } from '../../../core/sequence/shown.ts';
import { asPassed, partiesOf, recipientsOfPassing } from '../../../gateways/ws/fanOut.ts';
import { PAYLOAD_BYTES_MAX, type Bus } from '../../bus/bus.ts';
import { subjectOfTopic } from './subjects.ts';
import { written } from './wire.ts';

/** How long the bus has for saying that it has all that was published. */
const HANDED_ON_MS = 2_000;

type Told = Readonly<{ after?: Position; fact?: Millis }>;

/** What this process tells the gateways of others. */
export type Telling = Readonly<{
  pass: (passing: Passing, senderSync: boolean, told?: Told) => void;
  /** `append` that tells of what is said between two once it is durable; others hear of it by the log as well. */
  append: EventLog['append'];
  /** Whether all that was passed since the last call is with the bus. */
  handedOn: () => Promise<boolean>;
}>;

/** Told of each event that was given to the bus, or that the bus did not take. */
type Published = (event: EventId, taken: boolean) => void;

export const telling = (
  bus: Bus,
  append: EventLog['append'],
  isElsewhere: (user: UserId) => boolean,
  published: Published = () => undefined,
  tooLarge: (passing: Passing) => void = () => undefined,
): Telling => {
  /** Something may not have gone out, or not have come to the bus. */
  let lost = false;
  bus.onChange({
    cut: () => {
      lost = true;
    },
    whole: () => undefined,
  });

  const tellOf = (events: readonly Recorded<NumberedEvent>[]): void => {
    const [first] = events;
    // Who is in a group as something is said there only the log knows, which all gateways follow (ADR 15).
    if (first === undefined || 'group' in first.data) return;
    // Where a user has come to just now it is not known yet, and the log tells it there.
    const wanted = partiesOf(first.data).filter((topic) => isElsewhere(topic));
    if (wanted.length === 0) return;
    const payload = written({ kind: 'stored', events });
    let taken = true;
    for (const topic of wanted) {
      if (!bus.publish(subjectOfTopic(topic), payload)) taken = false;
    }
    for (const { id } of events) published(id, taken);
  };

  return {
    pass: (passing, senderSync, told = {}) => {
      if (!bus.isShared()) return;
      const payload = written({ kind: 'passing', passing: asPassed(passing, senderSync), ...told });
      if (payload.length > PAYLOAD_BYTES_MAX) {
        // However often it were done again: all that comes after it would wait for ever.
        tooLarge(passing);
        return;
      }
      for (const topic of recipientsOfPassing(passing, senderSync)) {
        if (!bus.publish(subjectOfTopic(topic), payload)) lost = true;
      }
    },

    append: async (stream, expected, appended) => {
      const result = await append(stream, expected, appended);
      if (!bus.isShared()) return result;
      if (result.kind === 'appended' && stream.startsWith(CONVERSATION_PREFIX)) {
        const { revision, position, created } = result;
        const before = revision - appended.length + 1;
        tellOf(
          appended.map((event, index) => ({
            // A stream of conversations has numbered events only.
            ...(event as NewEvent<NumberedEvent>),
            stream,
            revision: before + index,
            // Of the last of them: the others stand before it, and only the store knows where.
            position,
            created,
          })),
        );
      }
      return result;
    },

    handedOn: async () => {
      const isThere = !bus.isShared() || (await bus.flush(HANDED_ON_MS));
      const wasLost = lost;
      lost = false;
      return isThere && !wasLost;
    },
  };
};
