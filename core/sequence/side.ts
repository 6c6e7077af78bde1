import type { NumberedEvent } from '../conversation/events.ts';
import type { ConversationKind, ConversationSettings, InboxEvent, Peer } from '../inbox/events.ts';
import { isErased, type Recorded } from '../kernel/fact.ts';
import type { ConversationId, Position, Seq, UserId } from '../kernel/ids.ts';

/** One user's side of one conversation: only what the user did; what it did not, has no row. */
export type Side = Readonly<Required<ConversationSettings>> &
  Readonly<{
    owner: UserId;
    conversation: ConversationId;
    /** Explicit marks only; having sent something counts beside it (Head). */
    readUpTo: Seq;
    /** The first number the user may see; 0: all. */
    minSeq: Seq;
    /** Set for a conversation that may have no message yet. */
    kind: ConversationKind | undefined;
    peer: Peer | undefined;
    ex: string;
    attachedInfo: string;
    /** The first time the user set something; 0: never. */
    configuredPos: Position;
    /** The last time what the conversation's row shows has changed. */
    changedPos: Position;
    /** The last time the mark moved, and the last time `groupAtType` was set. */
    readPos: Position;
    atSetPos: Position;
    /** The last time the user has deleted its row, and the newest number then; 0: never. */
    deletedPos: Position;
    deletedUpTo: Seq;
  }>;

export const emptySide = (owner: UserId, conversation: ConversationId): Side => ({
  owner,
  conversation,
  readUpTo: 0,
  minSeq: 0,
  kind: undefined,
  peer: undefined,
  receive: 0,
  pinned: false,
  privateChat: false,
  burnDuration: 0,
  groupAtType: 0,
  destructTime: 0,
  destruct: false,
  ex: '',
  attachedInfo: '',
  configuredPos: 0,
  changedPos: 0,
  readPos: 0,
  atSetPos: 0,
  deletedPos: 0,
  deletedUpTo: 0,
});

/** Whether the row is gone: nothing has been set since it was deleted, and nothing said. */
export const isDeleted = ({ deletedPos, deletedUpTo, configuredPos }: Side, maxSeq: Seq): boolean =>
  deletedPos > 0 && configuredPos === 0 && maxSeq <= deletedUpTo;

const readTo = (side: Side, upTo: Seq, readPos: Position): Side =>
  upTo > side.readUpTo ? { ...side, readUpTo: upTo, readPos } : side;

type SideEvent = Extract<
  InboxEvent | NumberedEvent,
  {
    type:
      | 'MessagesRead'
      | 'ReadMarked'
      | 'ConversationCleared'
      | 'ConversationConfigured'
      | 'ConversationDeleted';
  }
>;

/** Whose side of which conversation the event changes, if any. */
export const sideOf = (
  event: Recorded<InboxEvent | NumberedEvent>,
): Readonly<{ owner: UserId; conversation: ConversationId }> | undefined => {
  switch (event.type) {
    case 'MessagesRead':
      return { owner: event.data.from, conversation: event.data.conversation };
    case 'ReadMarked':
    case 'ConversationCleared':
    case 'ConversationConfigured':
    case 'ConversationDeleted':
      return { owner: event.data.user, conversation: event.data.conversation };
    default:
      return undefined;
  }
};

export const foldSide = (side: Side, event: Recorded<SideEvent>): Side => {
  switch (event.type) {
    case 'MessagesRead':
    case 'ReadMarked':
      return readTo(side, event.data.upTo, event.position);
    case 'ConversationCleared': {
      const { upTo } = event.data;
      return {
        ...readTo(side, upTo, event.position),
        minSeq: Math.max(side.minSeq, upTo + 1),
        changedPos: event.position,
      };
    }
    case 'ConversationConfigured': {
      const { kind, peer, settings, notes = {} } = event.data;
      return {
        ...side,
        ...settings,
        ...(isErased(notes) ? { ex: '', attachedInfo: '' } : notes),
        kind,
        peer,
        configuredPos: side.configuredPos === 0 ? event.position : side.configuredPos,
        changedPos: event.position,
        atSetPos: settings.groupAtType === undefined ? side.atSetPos : event.position,
      };
    }
    case 'ConversationDeleted': {
      const { owner, conversation, readUpTo, readPos, minSeq } = side;
      return {
        ...emptySide(owner, conversation),
        ...{ readUpTo, readPos, minSeq },
        changedPos: event.position,
        // What the user was pointed to is put aside with the row.
        atSetPos: event.position,
        deletedPos: event.position,
        deletedUpTo: event.data.upTo,
      };
    }
  }
};
