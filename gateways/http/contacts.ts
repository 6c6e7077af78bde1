import type { Static } from '@sinclair/typebox';
import type { UserId } from '../../core/kernel/ids.ts';
import type { ListKind, PageRequest, VersionIdOf } from '../ports.ts';
import type { groupInfo, incrementalMembers } from './shapes.ts';

export type GroupInfo = Static<typeof groupInfo>;
export type MembersSince = Static<typeof incrementalMembers>;

/** What a client last had of a list; `''` and 0: nothing. */
export type Since = Readonly<{ version: number; versionID: string }>;

export type Page<T> = Readonly<{ total: number; items: readonly T[] }>;

type ListSince<T> = Readonly<{
  version: number;
  versionID: string;
  /** The client fetches everything anew; the lists are then empty. */
  full: boolean;
  delete: readonly string[];
  insert: readonly T[];
  update: readonly T[];
  /** The version of the last change of order among these; 0: none. */
  sortVersion: number;
}>;

/** As it is answered. */
export const changesOf = <T>(list: ListSince<T>) => ({
  ...list,
  delete: [...list.delete],
  insert: [...list.insert],
  update: [...list.update],
});

/** A list of one user that its clients keep in step by version (REST reference 9). */
interface OwnedList<T> {
  page(owner: UserId, page: PageRequest): Promise<Page<T>>;
  since(owner: UserId, since: Since): Promise<ListSince<T>>;
  /** In the order of the pages. Not older than the version that stands with them. */
  ids(
    owner: UserId,
  ): Promise<Readonly<{ version: number; versionID: string; ids: readonly string[] }>>;
}

/** Which groups a user is in. */
export interface Contacts {
  groups: OwnedList<GroupInfo>;
  /** Undefined for a group that is not this user's: what is unknown looks the same as what is foreign. */
  membersSince(user: UserId, groupID: string, since: Since): Promise<MembersSince | undefined>;
}

/** The version of a list that nothing has ever changed (REST reference 9.1). */
const FIRST_VERSION = 1;

const emptyList = (kind: ListKind, versionIdOf: VersionIdOf): OwnedList<never> => ({
  page: () => Promise.resolve({ total: 0, items: [] }),
  since: (owner, { version, versionID }) => {
    const current = versionIdOf(kind, owner);
    const full = version !== FIRST_VERSION || versionID !== current;
    const none = { delete: [], insert: [], update: [], sortVersion: 0 };
    return Promise.resolve({ version: FIRST_VERSION, versionID: current, full, ...none });
  },
  ids: (owner) =>
    Promise.resolve({ version: FIRST_VERSION, versionID: versionIdOf(kind, owner), ids: [] }),
});

/** Nobody is in any group. Real in every respect: versions hold when the lists begin to fill. */
export const emptyContacts = (versionIdOf: VersionIdOf): Contacts => ({
  groups: emptyList('groups', versionIdOf),
  membersSince: () => Promise.resolve(undefined),
});
