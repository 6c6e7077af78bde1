import type { Placed } from '../kernel/decider.ts';
import { isErased, type Personal } from '../kernel/fact.ts';
import type { EventId, Millis, UserId } from '../kernel/ids.ts';
import { Shelves, type ShelvesDraft } from '../kernel/shelves.ts';
import type {
  GroupChanged,
  GroupCreated,
  GroupEvent,
  GroupProfile,
  GroupRules,
  JoinAnswered,
  JoinRequested,
  MemberChanged,
  MemberNotes,
  Role,
} from './events.ts';

export type Member = Readonly<{
  role: Role;
  /** May not speak before that time; 0: may. */
  mutedUntil: Millis;
  /** How it shows itself here. Empty: as in its profile. */
  notes: Personal<Required<MemberNotes>>;
  /** The newest change that its profile has brought about. */
  shown: EventId | undefined;
}>;

/** Who has been in it and is not any more stays known: nobody comes in twice by the same call. */
type Person = Member | 'former';

/** The newest request of a user to come in. */
export type Asked = Readonly<
  | {
      result: 'waiting';
      inviter: UserId | undefined;
      source: number;
      application: JoinRequested['data']['application'];
    }
  | { result: 'agreed' | 'refused'; by: UserId; answer: JoinAnswered['data']['answer'] }
>;

export type Group = Readonly<{
  /** `dismissed`: its members are still to be told; `disbanded`: it has none any more. */
  status: 'unknown' | 'open' | 'dismissed' | 'disbanded';
  /** Of the call that has made it: whoever repeats it completes what a crash has cut short. */
  creation: EventId | undefined;
  owner: UserId | undefined;
  rules: Readonly<GroupRules>;
  profile: Personal<GroupProfile>;
  /** Empty: there is none. */
  announcement: Personal<{ text: string }>;
  muted: boolean;
  version: number;
  memberCount: number;
  people: Shelves<UserId, Person>;
  requests: Shelves<UserId, Asked>;
  /** Units of text that are kept of it, about: memory is counted by them. */
  texts: number;
}>;

export const NO_GROUP: Group = {
  status: 'unknown',
  creation: undefined,
  owner: undefined,
  rules: { verification: 0, lookMemberInfo: 0, applyMemberFriend: 0 },
  profile: { name: '', introduction: '', faceUrl: '', ex: '' },
  announcement: { text: '' },
  muted: false,
  version: 0,
  memberCount: 0,
  people: Shelves.empty(),
  requests: Shelves.empty(),
  texts: 0,
};

const NO_NOTES: Required<MemberNotes> = { nickname: '', faceUrl: '', ex: '' };
const memberOfRole = (role: Role): Member => ({
  role,
  mutedUntil: 0,
  notes: NO_NOTES,
  shown: undefined,
});
/** Most of a hundred thousand are like this: one value for all of them. */
const ORDINARY = memberOfRole(20);
const ADMIN = memberOfRole(60);
const OWNER = memberOfRole(100);

export const memberOf = ({ status, people }: Group, user: UserId): Member | undefined => {
  const person = status === 'disbanded' ? undefined : people.get(user);
  return person === 'former' ? undefined : person;
};

export const membersOf = (group: Group): readonly UserId[] =>
  group.status === 'disbanded'
    ? []
    : [...group.people.entries()].flatMap(([user, person]) => (person === 'former' ? [] : [user]));

/** Whether the user is in it or has been. */
export const hasBeenIn = ({ people }: Group, user: UserId): boolean =>
  people.get(user) !== undefined;

/** A group on its way from one event to the next: one for each event, or one for all that are read. */
type Draft = { -readonly [Key in Exclude<keyof Group, 'people' | 'requests'>]: Group[Key] } & {
  people: ShelvesDraft<UserId, Person>;
  requests: ShelvesDraft<UserId, Asked>;
};

export const draftOf = (group: Group): Draft =>
  Object.assign({ ...group }, { people: group.people.draft(), requests: group.requests.draft() });

export const finished = (draft: Draft): Group =>
  Object.assign({ ...draft }, { people: draft.people.done(), requests: draft.requests.done() });

const textsOf = (personal: object | undefined): number =>
  personal === undefined || isErased(personal)
    ? 0
    : Object.values(personal).reduce<number>(
        (units, value) => units + (typeof value === 'string' ? value.length : 0),
        0,
      );

const textsOfPerson = (person: Person | undefined): number =>
  person === undefined || person === 'former' || person.notes === NO_NOTES
    ? 0
    : textsOf(person.notes);

const textsOfAsked = (asked: Asked | undefined): number =>
  asked === undefined
    ? 0
    : textsOf(asked.result === 'waiting' ? asked.application : (asked.answer ?? {}));

const setPerson = (draft: Draft, user: UserId, person: Person): void => {
  const before = draft.people.get(user);
  const wasIn = before !== undefined && before !== 'former';
  draft.memberCount += Number(person !== 'former') - Number(wasIn);
  draft.texts += textsOfPerson(person) - textsOfPerson(before);
  draft.people.set(user, person);
};

const leave = (draft: Draft, user: UserId): void => {
  if (draft.people.get(user) !== undefined) setPerson(draft, user, 'former');
};

const change = (draft: Draft, user: UserId, changed: Partial<Member>): void => {
  const person = draft.people.get(user);
  if (person === undefined || person === 'former') return;
  setPerson(draft, user, { ...person, ...changed });
};

/** What has been erased and what is said since then are not put together: the rest of it is not known. */
const merged = <T extends object>(before: Personal<T>, said: Personal<Partial<T>>): Personal<T> =>
  isErased(before) || isErased(said) ? before : { ...before, ...said };

const create = (draft: Draft, { id, data }: Placed<GroupCreated>): void => {
  draft.status = 'open';
  draft.creation = id;
  draft.owner = data.owner;
  draft.rules = data.rules;
  setTexts(draft, data.profile, data.announcement ?? { text: '' });
  setPerson(draft, data.owner, OWNER);
  for (const user of data.admins) setPerson(draft, user, ADMIN);
  for (const user of data.members) setPerson(draft, user, ORDINARY);
};

const setTexts = (
  draft: Draft,
  profile: Group['profile'],
  announcement: Group['announcement'],
): void => {
  draft.texts -= textsOf(draft.profile) + textsOf(draft.announcement);
  draft.profile = profile;
  draft.announcement = announcement;
  draft.texts += textsOf(profile) + textsOf(announcement);
};

const changeInfo = (draft: Draft, { profile, announcement, rules }: GroupChanged['data']): void => {
  setTexts(
    draft,
    profile === undefined ? draft.profile : merged(draft.profile, profile),
    announcement ?? draft.announcement,
  );
  if (rules !== undefined) draft.rules = { ...draft.rules, ...rules };
};

const changeMember = (draft: Draft, { user, role, notes }: MemberChanged['data']): void => {
  const person = draft.people.get(user);
  if (person === undefined || person === 'former') return;
  setPerson(draft, user, {
    ...person,
    role: role ?? person.role,
    notes: notes === undefined ? person.notes : merged(person.notes, notes),
  });
};

const setAsked = (draft: Draft, user: UserId, asked: Asked): void => {
  draft.texts += textsOfAsked(asked) - textsOfAsked(draft.requests.get(user));
  draft.requests.set(user, asked);
};

/** What an event makes of a group. The one fold there is: for a single event, and for all of a stream. */
export const apply = (draft: Draft, event: Placed<GroupEvent>): void => {
  if ('version' in event.data) draft.version = event.data.version;
  switch (event.type) {
    case 'GroupCreated':
      create(draft, event);
      break;
    case 'GroupChanged':
      changeInfo(draft, event.data);
      break;
    case 'MembersAdded':
      for (const user of event.data.users) setPerson(draft, user, ORDINARY);
      break;
    case 'MemberLeft':
      leave(draft, event.data.user);
      break;
    case 'MembersKicked':
      for (const user of event.data.users) leave(draft, user);
      break;
    case 'JoinRequested': {
      const { user, inviter, source, application } = event.data;
      setAsked(draft, user, { result: 'waiting', inviter, source, application });
      break;
    }
    case 'JoinAnswered': {
      const { user, by, agrees, answer } = event.data;
      setAsked(draft, user, { result: agrees ? 'agreed' : 'refused', by, answer });
      break;
    }
    default:
      applyRest(draft, event);
  }
};

type Rest = Exclude<
  GroupEvent,
  {
    type:
      | 'GroupCreated'
      | 'GroupChanged'
      | 'MembersAdded'
      | 'MemberLeft'
      | 'MembersKicked'
      | 'JoinRequested'
      | 'JoinAnswered';
  }
>;

/** Standing and status. */
const applyRest = (draft: Draft, event: Placed<Rest>): void => {
  switch (event.type) {
    case 'OwnerTransferred':
      draft.owner = event.data.to;
      change(draft, event.data.from, { role: event.data.fromRole });
      change(draft, event.data.to, { role: 100 });
      break;
    case 'MemberMuted':
      change(draft, event.data.user, { mutedUntil: event.data.until });
      break;
    case 'MemberUnmuted':
      change(draft, event.data.user, { mutedUntil: 0 });
      break;
    case 'GroupMuted':
      draft.muted = true;
      break;
    case 'GroupUnmuted':
      draft.muted = false;
      break;
    case 'MemberChanged':
      changeMember(draft, event.data);
      break;
    case 'MemberProfileChanged':
      change(draft, event.data.user, { shown: event.id });
      break;
    case 'GroupDismissed':
      draft.status = 'dismissed';
      break;
    case 'GroupDisbanded':
      draft.status = 'disbanded';
      draft.owner = undefined;
      draft.memberCount = 0;
      break;
  }
};

export const evolve = (group: Group, event: Placed<GroupEvent>): Group => {
  const draft = draftOf(group);
  apply(draft, event);
  return finished(draft);
};
