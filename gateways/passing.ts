import { OutcomeUnknown, StoreUnavailable } from '../core/kernel/eventStore.ts';
import { StreamContended } from '../core/kernel/writer.ts';
import { NotAnswerable } from './ports.ts';

/**
 * What a caller is told of a fault that passes by itself: that the very same call is to be made again.
 * Undefined for any other fault. No SDK tries again by itself: Go core and the JS SDK mark the message as
 * not sent, and who sends it once more does so under the same clientMsgID.
 */
export const passingFault = (error: unknown): string | undefined => {
  if (error instanceof StoreUnavailable)
    return 'the log or its keys cannot be reached for now; try the same call again';
  if (error instanceof OutcomeUnknown)
    return 'it may have been done, and nobody can tell for now; try the same call again';
  if (error instanceof StreamContended)
    return 'too many want to write there at once; try the same call again';
  if (error instanceof NotAnswerable)
    return 'no exact answer can be given for now; try the same call again';
  return undefined;
};
