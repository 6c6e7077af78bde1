import type { Position } from '../../../core/kernel/ids.ts';
import { randomId } from '../../ids.ts';
import { NO_REVISION } from '../expectedRevision.ts';
import { appendToDeleted } from './appends.ts';
import { writeDocument, type StreamParts } from './describing.ts';
import { checkExpectation, storedOr } from './expectation.ts';
import { Refused } from './failures.ts';
import { SOFT_DELETED } from './streamMetadata.ts';
import { newestOf, type StreamState } from './streamStates.ts';
import { tombstone } from './systemEvents.ts';
import type { WriteOptions } from './writeRequests.ts';

/** Hides all events of a stream until another is appended. While alone with it. */
export const softDelete = async (
  parts: StreamParts,
  options: WriteOptions,
  state: StreamState,
): Promise<Position> => {
  const { stream, expected } = options;
  const gone = state.visibility.softDeleted && expected === 'stream_exists';
  if (state.tombstoned || gone) throw new Refused({ kind: 'stream-deleted', stream });
  const last = (await newestOf(parts.store, stream))?.revision ?? NO_REVISION;
  if (last === NO_REVISION && state.documentAt === 0)
    throw new Refused({ kind: 'conflict', stream, conflict: { expected, actual: 'no_stream' } });
  checkExpectation(options, state, last);
  return writeDocument(parts, stream, SOFT_DELETED);
};

/** Ends a stream for ever. While alone with it. */
export const bury = async (
  parts: StreamParts,
  options: WriteOptions,
  state: StreamState,
): Promise<Position> => {
  const { stream, expected } = options;
  if (state.tombstoned) throw new Refused({ kind: 'stream-deleted', stream });
  const event = [tombstone(randomId())];
  const result = state.visibility.softDeleted
    ? await appendToDeleted(parts, options, event)
    : await parts.store.append(stream, expected, event);
  const { position } = storedOr(options, result);
  parts.states.tombstoned(stream, state);
  return position;
};
