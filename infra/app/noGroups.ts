import type { GroupLists } from '../../gateways/ports.ts';

const page = () => Promise.resolve({ total: 0, items: [] });
const none = () => Promise.resolve([]);
/** The version of a list that nothing has ever changed (REST reference 9.1). */
const FIRST_VERSION = 1;
const ids = () => Promise.resolve({ version: FIRST_VERSION, ids: [] });
const nothing = (versionId: string, since: Readonly<{ version: number; versionId: string }>) => ({
  version: FIRST_VERSION,
  versionId,
  full: since.version !== FIRST_VERSION || since.versionId !== versionId,
  delete: [],
  insert: [],
  update: [],
  sortVersion: 0,
});

export const noGroupLists: GroupLists = {
  groups: none,
  joined: page,
  joinedIds: ids,
  joinedSince: (_, versionId, since) => Promise.resolve(nothing(versionId, since)),
  members: page,
  membersAmong: none,
  managers: none,
  memberIds: ids,
  membersSince: (_, versionId, since) =>
    Promise.resolve({ ...nothing(versionId, since), group: undefined }),
  search: page,
  requestsTo: page,
  requestsFrom: page,
  requestsOf: none,
  waiting: () => Promise.resolve(0),
};
