import type { GroupCommand } from '../../../core/group/commands.ts';
import { groupDecider } from '../../../core/group/decider.ts';
import { groupStream } from '../../../core/group/events.ts';
import type { GroupWriters } from '../../../core/group/handler.ts';
import { loadGroup } from '../../../core/group/load.ts';
import type { EventLog } from '../../../core/kernel/eventLog.ts';
import type { Millis } from '../../../core/kernel/ids.ts';
import { StreamWriters } from '../../../core/kernel/writer.ts';
import { deriveId } from '../../ids.ts';

/** Memory for the states of groups: two dozen of the largest, or small ones with two million members. */
const GROUPS_BYTES_MAX = 256 * 1024 * 1024;
/**
 * A group beside its members; one member, or one who has been (65 bytes measured, with ids of 6 characters);
 * a request; and a unit of text.
 */
const GROUP_BYTES = 1_500;
const PERSON_BYTES = 100;
const REQUEST_BYTES = 400;
const BYTES_PER_KEPT_UNIT = 2;

/** What JSON, sealing and metadata add to an event; a unit of text is 3 bytes of UTF-8 at most. */
const EVENT_OVERHEAD_BYTES = 1_500;
const BYTES_PER_UNIT = 4;

const unitsOf = (texts: object): number =>
  Object.values(texts).reduce<number>(
    (units, value) => units + (typeof value === 'string' ? value.length : 0),
    0,
  );

/** Who is named is a few bytes more; who is asked or changed is an event of its own. */
const weigh = ({ type, data }: GroupCommand): number => {
  const named = (users: readonly string[]): number =>
    users.reduce((bytes, user) => bytes + user.length + BYTES_PER_UNIT, 0);
  const event = EVENT_OVERHEAD_BYTES + unitsOf(data) * BYTES_PER_UNIT;
  switch (type) {
    case 'CreateGroup':
      return event + unitsOf(data.profile) * BYTES_PER_UNIT + named(data.members);
    case 'ChangeGroup':
      return 3 * event + unitsOf(data.profile ?? {}) * BYTES_PER_UNIT;
    case 'InviteMembers':
      return event * data.users.length;
    case 'ChangeMembers':
      return data.changes.reduce(
        (bytes, { notes = {} }) => bytes + 2 * event + unitsOf(notes) * BYTES_PER_UNIT,
        0,
      );
    case 'FillGroup':
    case 'KickMembers':
      return event + named(data.users);
    default:
      return 2 * event;
  }
};

export const openGroupWriters = (
  log: EventLog,
  time: Readonly<{ clock: () => Millis; pause: (ms: Millis) => Promise<void> }>,
): GroupWriters =>
  new StreamWriters({
    log,
    decider: groupDecider(deriveId),
    streamOf: ({ data }) => groupStream(data.group),
    metaOf: ({ meta }) => meta,
    load: loadGroup(log),
    weigh,
    weightOf: ({ people, requests, texts }) =>
      GROUP_BYTES +
      people.size * PERSON_BYTES +
      requests.size * REQUEST_BYTES +
      texts * BYTES_PER_KEPT_UNIT,
    weightMax: GROUPS_BYTES_MAX,
    ...time,
  });
