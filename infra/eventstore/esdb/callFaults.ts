import { Metadata } from '@grpc/grpc-js';
import { ClientFault, type FaultReason } from './faults.ts';

/** By the trailer in which EventStoreDB says what went wrong. */
const EXCEPTIONS: Readonly<Record<string, FaultReason>> = {
  'stream-not-found': { kind: 'no-stream' },
  'stream-deleted': { kind: 'stream-deleted' },
  'access-denied': { kind: 'denied' },
  'maximum-append-size-exceeded': { kind: 'too-big' },
  'not-leader': { kind: 'not-leader' },
};

/** By gRPC's status, where there is no such trailer. */
const CODES: Readonly<Record<number, FaultReason>> = {
  1: { kind: 'away' },
  3: { kind: 'invalid' },
  4: { kind: 'late' },
  7: { kind: 'denied' },
  10: { kind: 'late' },
  12: { kind: 'unknown-call' },
  14: { kind: 'away' },
  16: { kind: 'denied' },
};

/** What a call has failed with, in the words that the rest of the adapter decides by. */
export const faultOf = (error: unknown): ClientFault => {
  if (error instanceof ClientFault) return error;
  if (!(error instanceof Error)) return new ClientFault({ kind: 'other' }, String(error));
  return new ClientFault(reasonOf(error), error.message, { cause: error });
};

const reasonOf = (error: Error): FaultReason => {
  const metadata = 'metadata' in error ? error.metadata : undefined;
  const exception = metadata instanceof Metadata ? metadata.get('exception')[0] : undefined;
  const byTrailer = typeof exception === 'string' ? EXCEPTIONS[exception] : undefined;
  const code = 'code' in error && typeof error.code === 'number' ? error.code : 0;
  return byTrailer ?? CODES[code] ?? { kind: 'other' };
};
