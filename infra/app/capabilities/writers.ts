import { block } from '../../../core/block/decider.ts';
import type { BlockWriters } from '../../../core/block/handler.ts';
import { blockStream, type BlockEvent } from '../../../core/block/events.ts';
import { loadBlocks } from '../../../core/block/load.ts';
import { numbered, type AppendNumbered } from '../../../core/conversation/decider.ts';
import type { NumberedWriters } from '../../../core/conversation/appendOnce.ts';
import { lengthenWindows } from '../../../core/conversation/lengthen.ts';
import { loadNumbered } from '../../../core/conversation/load.ts';
import { friendship } from '../../../core/friendship/decider.ts';
import { friendshipStream, type FriendshipEvent } from '../../../core/friendship/events.ts';
import type { FriendshipWriters } from '../../../core/friendship/handler.ts';
import { GROUP_PREFIX, type GroupEvent } from '../../../core/group/events.ts';
import type { GroupWriters } from '../../../core/group/handler.ts';
import { inbox, type InboxWriters } from '../../../core/inbox/decider.ts';
import { inboxStream, type InboxEvent } from '../../../core/inbox/events.ts';
import type { SeqlineEvent } from '../../../core/kernel/catalogue.ts';
import type { EventLog } from '../../../core/kernel/eventLog.ts';
import type { Recorded } from '../../../core/kernel/fact.ts';
import type { Millis } from '../../../core/kernel/ids.ts';
import { loadNewest } from '../../../core/kernel/loadNewest.ts';
import { StreamWriters } from '../../../core/kernel/writer.ts';
import {
  isKept,
  observeKept,
  openKeptWriters,
  type KeptEvent,
  type KeptWriters,
} from './keptWriters.ts';
import { login } from '../../../core/login/decider.ts';
import { loginStream } from '../../../core/login/events.ts';
import type { LoginWriters } from '../../../core/login/handler.ts';
import { projector, type SkipEvent, type Skipped } from '../../../core/projector/decider.ts';
import { projectorStream, type ProjectorEvent } from '../../../core/projector/events.ts';
import { user } from '../../../core/user/decider.ts';
import { userStream } from '../../../core/user/events.ts';
import type { UserWriters } from '../../../core/user/handler.ts';
import { openGroupWriters } from './groupWriters.ts';
import {
  webhook,
  type OutcomeEvent,
  type Webhook,
  type WebhookCommand,
  type WebhookRefusal,
} from '../../../core/webhook/decider.ts';
import {
  WEBHOOK_PREFIX,
  webhookStream,
  type DeliveriesMade,
  type PresenceChanged,
  type RecipientsOffline,
  type WebhookEvent,
} from '../../../core/webhook/events.ts';
import { loadWebhook } from '../../../core/webhook/load.ts';

/**
 * Memory for the windows of once-only sends: at 10 bytes a message (docs/adr/0005), 15 minutes of 20,000
 * messages/s. Beyond it, conversations that nobody writes to go first, then windows become shorter.
 */
const WINDOWS_BYTES_MAX = 256 * 1024 * 1024;
/** What a conversation's state takes beside its window. */
const STATE_BYTES = 600;

/** Blocked users kept in all: at about 50 bytes each, 20 MB. */
const BLOCKED_KEPT_MAX = 400_000;

/** What JSON, sealing and metadata add to a message's text; a unit of text is 3 bytes of UTF-8 at most. */
const EVENT_OVERHEAD_BYTES = 1_500;
const BYTES_PER_UNIT = 4;

const weighNumbered = ({ wish }: AppendNumbered): number => {
  const text = 'body' in wish.data && !('erased' in wish.data.body) ? wish.data.body : undefined;
  const units =
    text === undefined
      ? 0
      : text.content.length + (text.ex?.length ?? 0) + (text.attachedInfo?.length ?? 0);
  return EVENT_OVERHEAD_BYTES + units * BYTES_PER_UNIT;
};

/** Of commands whose data are ids and texts. */
const weighTexts = ({ data }: Readonly<{ data: object }>): number =>
  Object.values(data).reduce<number>(
    (bytes, value) => bytes + (typeof value === 'string' ? value.length * BYTES_PER_UNIT : 0),
    EVENT_OVERHEAD_BYTES,
  );

export type WebhookWriters = StreamWriters<WebhookCommand, OutcomeEvent, Webhook, WebhookRefusal>;
export type ProjectorWriters = StreamWriters<SkipEvent, ProjectorEvent, Skipped, never>;

export type Writers = KeptWriters &
  Readonly<{
    numbered: NumberedWriters;
    users: UserWriters;
    logins: LoginWriters;
    inboxes: InboxWriters;
    friendships: FriendshipWriters;
    blocks: BlockWriters;
    groups: GroupWriters;
    projectors: ProjectorWriters;
    webhooks: WebhookWriters;
    /** What the process's follower has seen. */
    observe: (events: readonly Recorded<SeqlineEvent>[]) => void;
  }>;

const isOfFriends = (event: Recorded<SeqlineEvent>): event is Recorded<FriendshipEvent> =>
  event.stream.startsWith('friendship-');
const isOfGroups = (event: Recorded<SeqlineEvent>): event is Recorded<GroupEvent> =>
  event.stream.startsWith(GROUP_PREFIX);
/** What becomes of deliveries is decided; that they were made is only told. */
const isOfWebhooks = (event: Recorded<SeqlineEvent>): event is Recorded<OutcomeEvent> =>
  event.stream.startsWith(WEBHOOK_PREFIX) && !isOfDeliveries(event);
const isOfDeliveries = (
  event: Recorded<SeqlineEvent>,
): event is Recorded<DeliveriesMade | PresenceChanged | RecipientsOffline> =>
  event.type === 'DeliveriesMade' ||
  event.type === 'PresenceChanged' ||
  event.type === 'RecipientsOffline';
const isOfInbox = (event: Recorded<SeqlineEvent>): event is Recorded<InboxEvent> =>
  event.stream.startsWith('inbox-');
const isOfBlocks = (event: Recorded<SeqlineEvent>): event is Recorded<BlockEvent> =>
  event.stream.startsWith('block-');

type WritersTell = Readonly<{
  /** What has failed behind the sends, of which nobody else is told. */
  onFault: (error: unknown, stream: string) => void;
  /** Of conversations: how many appends it took until these messages were stored. */
  onStored: (tries: number, messages: number) => void;
  /** Of conversations: another process was first. */
  onConflict: (stream: string) => void;
}>;

type Time = Pick<ConstructorParameters<typeof StreamWriters>[0], 'clock' | 'pause'>;

const openNumberedWriters = (
  log: EventLog,
  time: Time,
  { onFault, onStored, onConflict }: WritersTell,
): NumberedWriters =>
  new StreamWriters({
    log,
    decider: numbered,
    streamOf: ({ stream }) => stream,
    metaOf: ({ meta }) => meta,
    load: loadNumbered(log, lengthenWindows({ log, pause: time.pause, onFault })),
    weigh: weighNumbered,
    weightOf: ({ window }) => STATE_BYTES + window.bytes,
    weightMax: WINDOWS_BYTES_MAX,
    lighten: ({ window }) => {
      window.shorten();
    },
    onStored,
    onConflict,
    ...time,
  });

const openWebhookWriters = (log: EventLog, time: Time): WebhookWriters =>
  new StreamWriters({
    log,
    decider: webhook,
    streamOf: ({ data }) => webhookStream(data.endpoint),
    metaOf: ({ meta }) => meta,
    load: loadWebhook(log),
    ...time,
  });

/** One writer for each kind of stream: all that this process appends goes through these. */
export const openWriters = (
  log: EventLog,
  clock: () => Millis,
  pause: (ms: Millis) => Promise<void>,
  tell: WritersTell,
): Writers => {
  const time = { clock, pause };
  const numberedWriters = openNumberedWriters(log, time, tell);
  const users: UserWriters = new StreamWriters({
    log,
    decider: user,
    streamOf: ({ data }) => userStream(data.user),
    metaOf: ({ meta }) => meta,
    ...time,
  });
  const logins: LoginWriters = new StreamWriters({
    log,
    decider: login,
    streamOf: ({ data }) => loginStream(data.user),
    metaOf: ({ meta }) => meta,
    load: loadNewest(log, login),
    ...time,
  });
  const inboxes: InboxWriters = new StreamWriters({
    log,
    decider: inbox,
    streamOf: ({ data }) => inboxStream(data.user),
    metaOf: ({ meta }) => meta,
    load: loadNewest(log, inbox),
    ...time,
  });
  const friendships: FriendshipWriters = new StreamWriters({
    log,
    decider: friendship,
    streamOf: ({ data }) =>
      'from' in data
        ? friendshipStream(data.from, data.to)
        : friendshipStream(data.owner, data.friend),
    metaOf: ({ meta }) => meta,
    weigh: weighTexts,
    ...time,
  });
  const blocks: BlockWriters = new StreamWriters({
    log,
    decider: block,
    streamOf: ({ data }) => blockStream(data.owner),
    metaOf: ({ meta }) => meta,
    load: loadBlocks(log),
    weigh: weighTexts,
    weightOf: ({ size }) => size + 1,
    weightMax: BLOCKED_KEPT_MAX,
    ...time,
  });
  const groups = openGroupWriters(log, time);
  const kept = openKeptWriters(log, time);
  const projectors: ProjectorWriters = new StreamWriters({
    log,
    decider: projector,
    streamOf: ({ data }) => projectorStream(data.projection),
    metaOf: ({ meta }) => meta,
    ...time,
  });

  const webhooks = openWebhookWriters(log, time);
  const observeOne = (event: Recorded<SeqlineEvent>): void => {
    if (isOfFriends(event)) friendships.observe(event);
    else if (isOfBlocks(event)) blocks.observe(event);
    else if (isOfInbox(event)) inboxes.observe(event);
    else if (isKept(event)) observeKept(kept, event);
    else if (isOfGroups(event)) groups.observe(event);
    else if (isOfWebhooks(event)) webhooks.observe(event);
    else if (!isOfDeliveries(event)) observeOther(event);
  };
  const observeOther = (
    event: Recorded<
      Exclude<
        SeqlineEvent,
        FriendshipEvent | BlockEvent | InboxEvent | GroupEvent | KeptEvent | WebhookEvent
      >
    >,
  ): void => {
    switch (event.type) {
      case 'UserRegistered':
      case 'UserChanged':
        users.observe(event);
        break;
      case 'TokenIssued':
      case 'LoginActivated':
      case 'LogoutForced':
        logins.observe(event);
        break;
      case 'ProjectionSkipped':
        projectors.observe(event);
        break;
      case 'CheckpointMoved':
        break;
      default:
        numberedWriters.observe(event);
    }
  };
  return {
    numbered: numberedWriters,
    users,
    logins,
    inboxes,
    friendships,
    blocks,
    groups,
    ...kept,
    projectors,
    webhooks,
    observe: (events) => {
      for (const event of events) observeOne(event);
    },
  };
};
