import type { BeforeSend } from '../../../core/conversation/ports.ts';
import type { Millis } from '../../../core/kernel/ids.ts';
import { blocksAskedFirst, friendsAskedFirst } from '../../../gateways/hooks/contacts.ts';
import { openQuestions, WAITING_MAX } from '../../../gateways/hooks/ask.ts';
import { groupsAskedFirst } from '../../../gateways/hooks/groups.ts';
import { askAboutMessages } from '../../../gateways/hooks/messages.ts';
import { usersAskedFirst } from '../../../gateways/hooks/users.ts';
import { KNOWN_CALLBACKS } from '../../../gateways/openim/callbacks.ts';
import { unreachedBy, type UnreachedDeps } from '../../../gateways/hooks/unreached.ts';
import type { Blocks, Friends, Groups, Presence, Users } from '../../../gateways/ports.ts';
import { quietIn } from '../../../projections/chats/queries.ts';
import type { Webhooks } from '../../../gateways/webhookPorts.ts';
import type { CallbackMeter } from '../../../gateways/meters.ts';
import type { Traces } from '../../../gateways/traces.ts';
import type { Endpoint } from '../../../core/webhook/ports.ts';
import type { Told } from '../../observe/callbackMeter.ts';
import type { Log } from '../../observe/log.ts';
import { noCounts, type Counts } from './endpoint.ts';
import { openPost } from '../../webhooks/post.ts';
import { readWebhooks } from '../../webhooks/settings.ts';
import type { Cluster } from '../cluster/cluster.ts';
import type { ReadModels } from '../readModels/readModels.ts';
import { leadWork } from '../cluster/leadWork.ts';
import { recordOffline } from './offlineRecord.ts';
import { openPresenceRecord, type PresenceRecord } from './presenceRecord.ts';
import { leadEndpoint, type Leading } from './lead.ts';
import { webhookAdmin } from './admin.ts';
import type { Writers } from '../capabilities/writers.ts';

/** A push may come so much later; past it somebody may be woken who has just set otherwise. */
const PROJECTED_MS = 2_000;
/** Connections to one endpoint that is told: more than the calls that are made of it at once. */
const SOCKETS_MAX = 64;

type Deps = Readonly<{
  endpoints: readonly Endpoint[];
  cluster: Cluster;
  models: Pick<ReadModels, 'db' | 'tail' | 'follower' | 'runner'>;
  writers: Pick<Writers, 'webhooks'>;
  metrics: Readonly<{ callbacks: CallbackMeter }>;
  traces: Readonly<{ noted: Pick<Traces, 'asked'> | undefined }>;
  now: () => Millis;
  log: Log;
}>;

type Closing = Readonly<{ close: () => Promise<void> }>;
type Asked = Readonly<{ users: Users; friends: Friends; blocks: Blocks; groups: Groups }>;

/** What must be known of whom a message reaches. */
type Reaching = Readonly<{
  reachOf: Presence;
  membersOf: UnreachedDeps['membersOf'];
}>;

export type OpenWebhooks = Readonly<{
  /** Undefined: nobody is asked about messages. */
  beforeSend: BeforeSend | undefined;
  /** The same commands, each after the app server has been asked. */
  askedFirst: (commands: Asked) => Asked;
  presence: PresenceRecord;
  /** Begins to tell the endpoints what happens. */
  tell: (reaching: Reaching) => Promise<void>;
  admin: Webhooks;
  /** What has become of what they are told, for whoever measures. */
  told: () => readonly Told[];
  close: () => Promise<void>;
}>;

/** What users had set when a message came, or, if the tables are far behind, what they show. */
const quietAsOf =
  ({ db, runner }: Pick<ReadModels, 'db' | 'runner'>): UnreachedDeps['quietIn'] =>
  async (conversation, users, position) => {
    await runner.reached(position, PROJECTED_MS);
    return quietIn(db, conversation, users);
  };

/** The app server's endpoints, as the file of settings has them; '' for none. Throws what is wrong with it. */
export const readEndpoints = (path: string): readonly Endpoint[] =>
  readWebhooks(path, KNOWN_CALLBACKS);

/** The app server's callbacks. */
export const openWebhooks = ({
  endpoints,
  cluster,
  models,
  writers,
  metrics,
  traces,
  now,
  log,
}: Deps): OpenWebhooks => {
  const { events } = cluster;
  const asking = openPost({ now, socketsMax: WAITING_MAX });
  const telling = openPost({ now, socketsMax: SOCKETS_MAX });
  const meter = metrics.callbacks;
  const questionOf = openQuestions({
    ...{ endpoints, post: asking.post, log, meter },
    noted: traces.noted?.asked,
  });
  const presence = openPresenceRecord({ endpoints, events, now, log });
  const told: Leading[] = [];
  let recording: Closing | undefined;
  const counted = new Map(endpoints.map(({ name }) => [name, noCounts()]));
  const countsOf = ({ name }: Pick<Endpoint, 'name'>): Counts => counted.get(name) ?? noCounts();
  return {
    beforeSend: askAboutMessages(questionOf),
    askedFirst: (commands) => ({
      users: usersAskedFirst(commands.users, questionOf),
      friends: friendsAskedFirst(commands.friends, questionOf),
      blocks: blocksAskedFirst(commands.blocks, questionOf),
      groups: groupsAskedFirst(commands.groups, questionOf, now),
    }),
    presence,
    tell: async (reaching) => {
      const unreached = unreachedBy({ endpoints, ...reaching, quietIn: quietAsOf(models), now });
      if (unreached !== undefined) {
        recording = await leadWork({
          ...{ cluster, events, log },
          name: 'offline-recipients',
          begin: (checkpoint) => recordOffline({ unreached, events, models, log }, checkpoint),
        });
      }
      const common = { events, models, writers: writers.webhooks, post: telling.post, log, now };
      for (const endpoint of endpoints) {
        if (endpoint.after.size === 0) continue;
        const counts = countsOf(endpoint);
        told.push(await leadEndpoint({ ...common, endpoint, counts, cluster }));
      }
    },
    told: () =>
      told.map(({ endpoint: { name }, telling: tellingNow }) => ({
        endpoint: name,
        ...countsOf({ name }),
        now: tellingNow()?.state(),
      })),
    admin: webhookAdmin({
      endpoints,
      tellingOf: (name) => told.find(({ endpoint }) => endpoint.name === name)?.telling(),
      events,
      writers: writers.webhooks,
      post: telling.post,
      now,
    }),
    close: async () => {
      asking.close();
      await presence.close();
      await recording?.close();
      const closing = told.map(({ close }) => close());
      // Calls under way end here: they are made again, under the same ids.
      telling.close();
      await Promise.all(closing);
    },
  };
};
