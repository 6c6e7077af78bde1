import { accept, refuse, type Decided, type Decider, type Outcome } from '../kernel/decider.ts';
import { isErased, type Command, type Personal } from '../kernel/fact.ts';
import type { UserId } from '../kernel/ids.ts';
import type { Application, FriendNotes, FriendshipEvent } from './events.ts';

export type RequestFriend = Command<
  'RequestFriend',
  { from: UserId; to: UserId } & Readonly<Application>
>;
export type AnswerRequest = Command<
  'AnswerRequest',
  { from: UserId; to: UserId; agrees: boolean; message: string }
>;
export type ImportFriend = Command<'ImportFriend', { owner: UserId; friend: UserId }>;
export type DeleteFriend = Command<'DeleteFriend', { owner: UserId; friend: UserId }>;
export type ConfigureFriend = Command<
  'ConfigureFriend',
  { owner: UserId; friend: UserId; pinned?: boolean; remark?: string; ex?: string }
>;
export type FriendshipCommand =
  RequestFriend | AnswerRequest | ImportFriend | DeleteFriend | ConfigureFriend;

export type FriendshipRefusal =
  | 'friendship/self'
  | 'friendship/already'
  | 'friendship/no-request'
  /** Agreed to when it was handled otherwise. */
  | 'friendship/not-pending'
  /** Refused when it was agreed to. */
  | 'friendship/handled-already';

/** How one of the two has the other listed. */
type Listed = Readonly<{ pinned: boolean; notes: Personal<Required<FriendNotes>> }>;

type Asked = Readonly<{
  result: 'pending' | 'agreed' | 'refused';
  application: Personal<Application>;
}>;

/** What one of the two has to do with the other. */
export type Direction = Readonly<{
  /** The other is in this one's list. */
  listed: Listed | undefined;
  /** This one's newest request to the other. */
  asked: Asked | undefined;
}>;

/** The directions of both, by who they begin at. */
export type Friendship = ReadonlyMap<UserId, Direction>;

const NOTHING: Direction = { listed: undefined, asked: undefined };
const NEWLY_LISTED: Listed = { pinned: false, notes: { remark: '', ex: '' } };

export const directionOf = (state: Friendship, from: UserId): Direction =>
  state.get(from) ?? NOTHING;

/** Whether the owner has the other in its list. */
export const isListed = (state: Friendship, owner: UserId): boolean =>
  directionOf(state, owner).listed !== undefined;

const areFriends = (state: Friendship, one: UserId, other: UserId): boolean =>
  isListed(state, one) && isListed(state, other);

const change = (state: Friendship, from: UserId, changed: Partial<Direction>): Friendship =>
  new Map(state).set(from, { ...directionOf(state, from), ...changed });

const list = (state: Friendship, owner: UserId): Friendship =>
  isListed(state, owner) ? state : change(state, owner, { listed: NEWLY_LISTED });

const settle = (state: Friendship, from: UserId, result: Asked['result']): Friendship => {
  const { asked } = directionOf(state, from);
  return asked === undefined ? state : change(state, from, { asked: { ...asked, result } });
};

const isPending = (state: Friendship, from: UserId): boolean =>
  directionOf(state, from).asked?.result === 'pending';

const merged = (before: Listed['notes'], notes: Personal<FriendNotes>): Listed['notes'] =>
  isErased(before) || isErased(notes) ? before : { ...before, ...notes };

const evolve = (state: Friendship, event: FriendshipEvent): Friendship => {
  switch (event.type) {
    case 'FriendRequested': {
      const { from, application } = event.data;
      return change(state, from, { asked: { result: 'pending', application } });
    }
    case 'FriendAccepted': {
      const { from, to } = event.data;
      const crossing = isPending(state, to) ? settle(state, to, 'agreed') : state;
      return list(list(settle(crossing, from, 'agreed'), from), to);
    }
    case 'FriendRefused':
      return settle(state, event.data.from, 'refused');
    case 'FriendImported':
      return list(list(state, event.data.owner), event.data.friend);
    case 'FriendDeleted':
      return change(state, event.data.owner, { listed: undefined });
    case 'FriendConfigured': {
      const { owner, pinned, notes = {} } = event.data;
      const { listed } = directionOf(state, owner);
      if (listed === undefined) return state;
      const configured = { pinned: pinned ?? listed.pinned, notes: merged(listed.notes, notes) };
      return change(state, owner, { listed: configured });
    }
  }
};

type Decision = Outcome<Decided<FriendshipEvent>, FriendshipRefusal>;

const request = ({ id, data }: RequestFriend, state: Friendship): Decision => {
  const { from, to, greeting, ex } = data;
  if (from === to) return refuse('friendship/self', 'toUserID: nobody is a friend of oneself');
  if (areFriends(state, from, to)) {
    return refuse('friendship/already', `toUserID: ${to} and ${from} are friends already`);
  }
  const { asked } = directionOf(state, from);
  const isSame =
    asked?.result === 'pending' &&
    !isErased(asked.application) &&
    asked.application.greeting === greeting &&
    asked.application.ex === ex;
  if (isSame) return accept();
  return accept({ id, type: 'FriendRequested', data: { from, to, application: { greeting, ex } } });
};

const answer = ({ id, data }: AnswerRequest, state: Friendship): Decision => {
  const { from, to, agrees, message } = data;
  const { asked } = directionOf(state, from);
  if (asked === undefined) {
    return refuse('friendship/no-request', `fromUserID: ${from} has sent no request to ${to}`);
  }
  const said = message === '' ? {} : { answer: { message } };
  if (asked.result === 'pending') {
    return accept({
      id,
      type: agrees ? 'FriendAccepted' : 'FriendRefused',
      data: { from, to, ...said },
    });
  }
  if (agrees) {
    // The same answer again, as long as it still holds; who has been deleted since has to ask anew.
    if (asked.result === 'agreed' && areFriends(state, from, to)) return accept();
    return refuse('friendship/not-pending', `fromUserID: no request of ${from} waits for ${to}`);
  }
  return asked.result === 'refused'
    ? accept()
    : refuse('friendship/handled-already', `fromUserID: ${to} has agreed to it already`);
};

const importFriend = ({ id, data }: ImportFriend, state: Friendship): Decision => {
  const { owner, friend } = data;
  if (owner === friend) {
    return refuse('friendship/self', 'friendUserIDs: nobody is a friend of oneself');
  }
  return areFriends(state, owner, friend)
    ? accept()
    : accept({ id, type: 'FriendImported', data: { owner, friend } });
};

const remove = ({ id, data }: DeleteFriend, state: Friendship): Decision =>
  isListed(state, data.owner) ? accept({ id, type: 'FriendDeleted', data }) : accept();

/** What of the wish is not so already. */
const differing = ({ data }: ConfigureFriend, listed: Listed) => {
  const { pinned, remark, ex } = data;
  const known = isErased(listed.notes) ? undefined : listed.notes;
  const notes = {
    ...(remark === undefined || remark === known?.remark ? {} : { remark }),
    ...(ex === undefined || ex === known?.ex ? {} : { ex }),
  };
  return {
    ...(pinned === undefined || pinned === listed.pinned ? {} : { pinned }),
    ...(Object.keys(notes).length === 0 ? {} : { notes }),
  };
};

const configure = (command: ConfigureFriend, state: Friendship): Decision => {
  const { owner, friend } = command.data;
  const { listed } = directionOf(state, owner);
  const changed = listed === undefined ? {} : differing(command, listed);
  if (Object.keys(changed).length === 0) return accept();
  return accept({ id: command.id, type: 'FriendConfigured', data: { owner, friend, ...changed } });
};

/** Two users: who has asked whom, and who has whom in its list. Approval is always needed. */
export const friendship: Decider<
  FriendshipCommand,
  FriendshipEvent,
  Friendship,
  FriendshipRefusal
> = {
  initialState: new Map(),
  evolve,
  decide: (command, state) => {
    switch (command.type) {
      case 'RequestFriend':
        return request(command, state);
      case 'AnswerRequest':
        return answer(command, state);
      case 'ImportFriend':
        return importFriend(command, state);
      case 'DeleteFriend':
        return remove(command, state);
      case 'ConfigureFriend':
        return configure(command, state);
    }
  },
};
