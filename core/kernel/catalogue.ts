import type { BlockEvent } from '../block/events.ts';
import type { ClientConfigEvent } from '../clientConfig/events.ts';
import type { NumberedEvent } from '../conversation/events.ts';
import type { FavouriteEvent } from '../favourite/events.ts';
import type { FriendshipEvent } from '../friendship/events.ts';
import { applicantOf, groupSubject, type GroupEvent } from '../group/events.ts';
import type { InboxEvent } from '../inbox/events.ts';
import type { LoginEvent } from '../login/events.ts';
import type { CheckpointMoved } from '../notice/events.ts';
import type { ProjectorEvent } from '../projector/events.ts';
import type { UserEvent } from '../user/events.ts';
import type { WebhookEvent } from '../webhook/events.ts';
import type { UserId } from './ids.ts';

/** Every event the system has. */
export type SeqlineEvent =
  | UserEvent
  | LoginEvent
  | NumberedEvent
  | InboxEvent
  | FriendshipEvent
  | BlockEvent
  | GroupEvent
  | FavouriteEvent
  | ClientConfigEvent
  | CheckpointMoved
  | ProjectorEvent
  | WebhookEvent;

export type EventType = SeqlineEvent['type'];
type EventOf<Type extends EventType> = Extract<SeqlineEvent, { type: Type }>;

export type EventSpec<Data> = Readonly<{
  /** The shape that is written today. Older ones are brought up as they are read. */
  version: number;
  /** Which fields are personal, and whose: sealed with that user's key before they are stored. */
  personal?: Readonly<Partial<Record<keyof Data & string, (data: Data) => UserId>>>;
  /**
   * Which field is a list of users, each with something personal to it: `{ user, shown }`, of which `shown` is
   * sealed with that user's key. Each user is in it once.
   */
  each?: keyof Data & string;
  /** Which field is a position in the log. A copy of the log has other positions, and says which. */
  position?: keyof Data & string;
  /** Brings stored data of an older version to today's. Gets `ERASED` where a key is gone. */
  upcast?: (data: Record<string, unknown>, version: number) => Record<string, unknown>;
}>;

/** By name. A name is a literal that is never renamed; a new shape is a new version or a new event. */
export const catalogue = {
  UserRegistered: { version: 1, personal: { profile: ({ user }) => user } },
  UserChanged: { version: 1, personal: { profile: ({ user }) => user } },
  TokenIssued: { version: 1 },
  LoginActivated: { version: 1 },
  LogoutForced: { version: 1 },
  MessageSent: { version: 1, personal: { body: ({ from }) => from } },
  NoticePosted: { version: 1, personal: { body: ({ from }) => from }, each: 'others' },
  SeqVoided: { version: 1 },
  MessageRevoked: {
    version: 1,
    personal: { revoker: ({ by }) => by, source: ({ sentBy }) => sentBy },
  },
  MessagesRead: { version: 1 },
  MessagesDeleted: { version: 1 },
  ConversationConfigured: { version: 1, personal: { notes: ({ user }) => user } },
  ReadMarked: { version: 1 },
  ConversationCleared: { version: 1 },
  ConversationDeleted: { version: 1 },
  MessagesHidden: { version: 1 },
  FriendRequested: { version: 1, personal: { application: ({ from }) => from } },
  FriendAccepted: { version: 1, personal: { answer: ({ to }) => to } },
  FriendRefused: { version: 1, personal: { answer: ({ to }) => to } },
  FriendImported: { version: 1 },
  FriendDeleted: { version: 1 },
  FriendConfigured: { version: 1, personal: { notes: ({ owner }) => owner } },
  UserBlocked: { version: 1, personal: { notes: ({ owner }) => owner } },
  UserUnblocked: { version: 1 },
  GroupCreated: {
    version: 1,
    personal: { profile: ({ group }) => groupSubject(group), announcement: ({ by }) => by },
  },
  GroupChanged: {
    version: 1,
    personal: { profile: ({ group }) => groupSubject(group), announcement: ({ by }) => by },
  },
  MembersAdded: { version: 1 },
  MemberLeft: { version: 1 },
  MembersKicked: { version: 1, personal: { reason: ({ by }) => by } },
  JoinRequested: { version: 1, personal: { application: applicantOf } },
  JoinAnswered: { version: 1, personal: { answer: ({ by }) => by } },
  OwnerTransferred: { version: 1 },
  MemberMuted: { version: 1 },
  MemberUnmuted: { version: 1 },
  GroupMuted: { version: 1 },
  GroupUnmuted: { version: 1 },
  MemberChanged: { version: 1, personal: { notes: ({ user }) => user } },
  MemberProfileChanged: { version: 1 },
  GroupDismissed: { version: 1 },
  GroupDisbanded: { version: 1 },
  FavouriteAdded: { version: 1, personal: { content: ({ user }) => user } },
  FavouriteChanged: { version: 1, personal: { content: ({ user }) => user } },
  FavouriteRemoved: { version: 1 },
  ClientConfigured: { version: 1, personal: { values: ({ user }) => user } },
  ClientConfigRemoved: { version: 1 },
  ClientDefaultsConfigured: { version: 1 },
  ClientDefaultsRemoved: { version: 1 },
  CheckpointMoved: { version: 1, position: 'position' },
  ProjectionSkipped: { version: 1, position: 'position' },
  DeliveryGivenUp: { version: 1 },
  ResendAsked: { version: 1 },
  DeliveryResent: { version: 1 },
  ReplayAsked: { version: 1, position: 'after' },
  ReplayMoved: { version: 1, position: 'position' },
  ReplayEnded: { version: 1 },
  DeliveriesMade: { version: 1 },
  PresenceChanged: { version: 1 },
  RecipientsOffline: { version: 1 },
} as const satisfies { [Type in EventType]: EventSpec<EventOf<Type>['data']> };

/** The streams Seqline writes. Others may live in the same store; they are not ours to read. */
export const STREAM_PREFIXES = [
  'user-',
  'login-',
  'conversation-',
  'inbox-',
  'annotations-',
  'friendship-',
  'block-',
  'group-',
  'favourite-',
  'clientConfig-',
  'checkpoint-',
  'projector-',
  'webhook-',
] as const;
