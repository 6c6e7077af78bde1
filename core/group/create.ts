import { done, isRefused, type Result } from '../kernel/call.ts';
import { refuse, type Refused } from '../kernel/decider.ts';
import type { Meta } from '../kernel/fact.ts';
import type { DeriveId, EventId, GroupId, Position, UserId } from '../kernel/ids.ts';
import { newGroupFault } from './check.ts';
import type { GroupActor, NewGroup } from './commands.ts';
import { groupStream, MEMBERS_PER_EVENT_MAX } from './events.ts';
import type { GroupDeps, GroupsRefusal } from './handler.ts';
import { notAllowed } from './rights.ts';
import { unregistered } from './users.ts';

/** Ids made up for one call before it is given up: half of four billion would have to be taken. */
const ATTEMPTS_MAX = 32;

/** Up to ten digits, as OpenIM makes them up. */
const madeUp = (deriveId: DeriveId, call: EventId, attempt: number): GroupId => {
  const id = deriveId(call, 'group', String(attempt));
  return String(Number.parseInt(id.slice(0, 8), 16)) as GroupId;
};

/**
 * Of all that the call says: who repeats it after a crash completes it, and no other call does. Where the
 * group's id is made up, the same call is one with the same id, for anybody may want two groups alike.
 */
const creationOf = (deriveId: DeriveId, wish: NewGroup, by: GroupActor): EventId =>
  deriveId('create-group', by.user, JSON.stringify(wish));

type Made = Readonly<{ group: GroupId; creation: EventId; position?: Position }>;

const partsOf = (users: readonly UserId[]): readonly (readonly UserId[])[] => {
  const parts: (readonly UserId[])[] = [];
  for (let at = 0; at < users.length; at += MEMBERS_PER_EVENT_MAX) {
    parts.push(users.slice(at, at + MEMBERS_PER_EVENT_MAX));
  }
  return parts;
};

/** How many of the members the first event can name beside owner and admins. */
const namedFirst = ({ admins }: Pick<NewGroup, 'admins'>): number =>
  MEMBERS_PER_EVENT_MAX - 1 - admins.length;

const begin = async (
  { writers, deriveId, now }: GroupDeps,
  { group: given, ...wish }: NewGroup,
  by: GroupActor,
  meta: Meta,
  call: EventId,
): Result<GroupsRefusal, Made> => {
  const at = now();
  const members = wish.members.slice(0, namedFirst(wish));
  for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
    const group = given ?? madeUp(deriveId, call, attempt);
    const data = { ...wish, group, members, announcement: wish.announcement.trim(), by };
    const creation = deriveId(call, 'created', group);
    const handled = await writers.handle({ type: 'CreateGroup', id: creation, at, meta, data });
    if (!isRefused(handled)) return done({ group, creation }, handled.position);
    if (given !== undefined || handled.reason !== 'group/exists') return handled;
    // Made by this very call, and dismissed since.
    const { creation: made } = await writers.state(groupStream(group));
    if (made === creation) return done({ group, creation }, undefined);
  }
  return refuse('service/unavailable', 'no free group id was found; try again');
};

const mayNotCreate = async (
  { userOf }: GroupDeps,
  wish: NewGroup,
  by: GroupActor,
): Promise<Refused<GroupsRefusal> | undefined> => {
  const { owner, admins, members } = wish;
  if (!by.admin && by.user !== owner) {
    return notAllowed(`ownerUserID: ${by.user} cannot make a group for ${owner}`);
  }
  return (
    newGroupFault(wish) ??
    (await unregistered(userOf, 'ownerUserID', [owner])) ??
    (await unregistered(userOf, 'adminUserIDs', admins)) ??
    (await unregistered(userOf, 'memberUserIDs', members))
  );
};

/** All or none, but for a crash: then the same call again completes it. */
export const createHandler =
  (deps: GroupDeps) =>
  async (
    wish: NewGroup,
    by: GroupActor,
    meta: Meta,
    id?: EventId,
  ): Result<GroupsRefusal, { group: GroupId }> => {
    const { writers, deriveId, newId, now, historyVisible } = deps;
    const refused = await mayNotCreate(deps, wish, by);
    if (refused !== undefined) return refused;
    const call = wish.group === undefined ? (id ?? newId()) : creationOf(deriveId, wish, by);
    const made = await begin(deps, wish, by, meta, call);
    if (made.kind === 'refused') return made;
    const { group, creation } = made;
    let newest = made.position;
    for (const [part, users] of partsOf(wish.members.slice(namedFirst(wish))).entries()) {
      const handled = await writers.handle({
        type: 'FillGroup',
        id: deriveId(creation, 'members', String(part)),
        at: now(),
        meta,
        data: { group, creation, users, by, historyVisible },
      });
      if (handled.kind === 'refused') return handled;
      newest = handled.position ?? newest;
    }
    return done({ group }, newest);
  };
