import type { EventLog } from '../../core/kernel/eventLog.ts';
import type { Log } from './log.ts';

/**
 * `append` with a line for each event that a command has led to, at level debug: by the operation id it
 * ties the call to its place in the log. `position` is that of the append's last event. Names and numbers
 * only.
 */
export const loggedAppends =
  (events: EventLog, log: Pick<Log, 'isLevelEnabled' | 'debug'>): EventLog['append'] =>
  async (stream, expected, appended) => {
    const result = await events.append(stream, expected, appended);
    if (result.kind === 'conflict' || !log.isLevelEnabled('debug')) return result;
    const { position } = result;
    for (const [index, { id: eventId, type, meta }] of appended.entries()) {
      const revision = result.revision - appended.length + 1 + index;
      const { operationId } = meta;
      log.debug({ operationId, eventId, type, stream, revision, position }, 'committed');
    }
    return result;
  };
