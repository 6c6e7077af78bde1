import type { NumberedWriters } from '../../core/conversation/appendOnce.ts';
import { numbered } from '../../core/conversation/decider.ts';
import { loadNumbered } from '../../core/conversation/load.ts';
import { StreamWriters } from '../../core/kernel/writer.ts';
import type { MemoryEventLog } from './memoryEventLog.ts';

/** The writers of conversations of a process that has just been started on this log, with a clock that stands. */
export const numberedWriters = (log: MemoryEventLog): NumberedWriters =>
  new StreamWriters({
    log,
    decider: numbered,
    streamOf: ({ stream }) => stream,
    metaOf: ({ meta }) => meta,
    load: loadNumbered(log, () => undefined),
    clock: () => 0,
    pause: () => Promise.resolve(),
  });
