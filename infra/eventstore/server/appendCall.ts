import type { StoreEvent } from '../../../core/kernel/eventStore.ts';
import { AppendSize } from './appendSize.ts';
import { Refused } from './failures.ts';
import { Malformed } from '../protocol/protobufReader.ts';
import { appendResponse, conflictResponse } from './responses.ts';
import { readAppendMessage, type WriteOptions } from './writeRequests.ts';
import type { Writes } from './writes.ts';

/** One `Append` call: first its options, then its events, each in a message of its own. */
export const answerAppend = async (
  { append }: Writes,
  messages: AsyncIterable<Buffer>,
): Promise<Buffer> => {
  const events: StoreEvent[] = [];
  const size = new AppendSize();
  let options: WriteOptions | undefined;
  for await (const bytes of messages) {
    const message = readAppendMessage(bytes);
    if (message.kind === 'options') options = message.options;
    else {
      if (options === undefined) throw new Malformed('an event comes before the options');
      size.add(message.event);
      if (size.exceeded) throw new Refused({ kind: 'append-too-big' });
      events.push(message.event);
    }
  }
  if (options === undefined) throw new Malformed('the options are missing');
  try {
    return appendResponse(await append(options, events));
  } catch (error) {
    // Here, and only here, a conflict is an answer and no error.
    if (error instanceof Refused && error.failure.kind === 'conflict')
      return conflictResponse(error.failure.conflict);
    throw error;
  }
};
