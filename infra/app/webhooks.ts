import type { BeforeSend } from '../../core/conversation/ports.ts';
import type { Millis } from '../../core/kernel/ids.ts';
import { blocksAskedFirst, friendsAskedFirst } from '../../gateways/hooks/contacts.ts';
import { openQuestions, WAITING_MAX } from '../../gateways/hooks/ask.ts';
import { groupsAskedFirst } from '../../gateways/hooks/groups.ts';
import { askAboutMessages } from '../../gateways/hooks/messages.ts';
import { usersAskedFirst } from '../../gateways/hooks/users.ts';
import { KNOWN_CALLBACKS } from '../../gateways/openim/callbacks.ts';
import type { Blocks, Friends, Groups, Users } from '../../gateways/ports.ts';
import type { Webhooks } from '../../gateways/webhookPorts.ts';
import type { Log } from '../observe/log.ts';
import { openPost } from '../webhooks/post.ts';
import { readWebhooks } from '../webhooks/settings.ts';
import type { Cluster } from './cluster.ts';
import type { ReadModels } from './readModels.ts';
import { openPresenceRecord, type PresenceRecord } from './webhookPresence.ts';
import { leadEndpoint, type Leading } from './webhookLead.ts';
import { webhookAdmin } from './webhookAdmin.ts';
import type { Writers } from './writers.ts';

/** Connections to one endpoint that is told: more than the calls that are made of it at once. */
const SOCKETS_MAX = 64;

type Deps = Readonly<{
  /** The file of settings; '' for none. */
  path: string;
  cluster: Cluster;
  models: Pick<ReadModels, 'tail' | 'follower'>;
  writers: Pick<Writers, 'webhooks'>;
  now: () => Millis;
  log: Log;
}>;

type Asked = Readonly<{ users: Users; friends: Friends; blocks: Blocks; groups: Groups }>;

export type OpenWebhooks = Readonly<{
  /** Undefined: nobody is asked about messages. */
  beforeSend: BeforeSend | undefined;
  /** The same commands, each after the app server has been asked. */
  askedFirst: (commands: Asked) => Asked;
  presence: PresenceRecord;
  /** Begins to tell the endpoints what happens. */
  tell: () => Promise<void>;
  admin: Webhooks;
  close: () => Promise<void>;
}>;

/** The app server's callbacks, as its file of settings has them. Throws what is wrong with the file. */
export const openWebhooks = ({ path, cluster, models, writers, now, log }: Deps): OpenWebhooks => {
  const { events } = cluster;
  const endpoints = readWebhooks(path, KNOWN_CALLBACKS);
  const asking = openPost({ now, socketsMax: WAITING_MAX });
  const telling = openPost({ now, socketsMax: SOCKETS_MAX });
  const questionOf = openQuestions({ endpoints, post: asking.post, log });
  const presence = openPresenceRecord({ endpoints, events, now, log });
  const told: Leading[] = [];
  return {
    beforeSend: askAboutMessages(questionOf),
    askedFirst: (commands) => ({
      users: usersAskedFirst(commands.users, questionOf),
      friends: friendsAskedFirst(commands.friends, questionOf),
      blocks: blocksAskedFirst(commands.blocks, questionOf),
      groups: groupsAskedFirst(commands.groups, questionOf, now),
    }),
    presence,
    tell: async () => {
      const common = { events, models, writers: writers.webhooks, post: telling.post, log, now };
      for (const endpoint of endpoints) {
        if (endpoint.after.size === 0) continue;
        told.push(await leadEndpoint({ ...common, endpoint, cluster }));
      }
    },
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
      const closing = told.map(({ close }) => close());
      // Calls under way end here: they are made again, under the same ids.
      telling.close();
      await Promise.all(closing);
    },
  };
};
