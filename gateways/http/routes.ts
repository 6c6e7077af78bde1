import type { HttpDeps } from './server.ts';
import type { Route } from './route.ts';
import { adminRoutes } from './routes/admin.ts';
import { authRoutes } from './routes/auth.ts';
import { blackRoutes } from './routes/black.ts';
import { clientConfigRoutes } from './routes/clientConfig.ts';
import { conversationRoutes } from './routes/conversation.ts';
import { explainRoutes } from './routes/explain.ts';
import { favouriteRoutes } from './routes/favourite.ts';
import { friendRoutes } from './routes/friend.ts';
import { friendRequestRoutes } from './routes/friendRequest.ts';
import { groupRoutes } from './routes/group.ts';
import { groupListRoutes } from './routes/groupList.ts';
import { groupMemberRoutes } from './routes/groupMember.ts';
import { groupRequestRoutes } from './routes/groupRequest.ts';
import { groupSyncRoutes } from './routes/groupSync.ts';
import { historyRoutes } from './routes/history.ts';
import { jssdkRoutes } from './routes/jssdk.ts';
import { legacyAuthRoutes } from './routes/legacyAuth.ts';
import { msgRoutes } from './routes/msg.ts';
import { msgSendRoutes } from './routes/msgSend.ts';
import { notificationAccountRoutes } from './routes/notificationAccount.ts';
import { onlineStatusRoutes } from './routes/onlineStatus.ts';
import { statisticsRoutes } from './routes/statistics.ts';
import { userRoutes } from './routes/user.ts';
import { webhookRoutes } from './routes/webhook.ts';

export type RouteDeps = Pick<
  HttpDeps,
  | 'users'
  | 'userLists'
  | 'friends'
  | 'blocks'
  | 'friendLists'
  | 'groups'
  | 'groupLists'
  | 'projected'
  | 'versionIdOf'
  | 'logins'
  | 'messages'
  | 'chats'
  | 'projector'
  | 'webhooks'
  | 'presence'
  | 'presenceSubscriptions'
  | 'favourites'
  | 'favouriteLists'
  | 'clientConfigs'
  | 'clientConfigLists'
  | 'groupStatistics'
  | 'history'
  | 'explain'
  | 'config'
  | 'now'
  | 'newId'
> &
  Readonly<{ secretMatches: (given: string) => boolean }>;

/** Every route of the API, with who may call it: what is mounted, documented and tested. */
export const routesOf = (deps: RouteDeps): readonly Route[] => [
  ...authRoutes(deps),
  ...legacyAuthRoutes(deps),
  ...userRoutes(deps),
  ...onlineStatusRoutes(deps),
  ...favouriteRoutes(deps),
  ...notificationAccountRoutes(deps),
  ...clientConfigRoutes(deps),
  ...statisticsRoutes(deps),
  ...conversationRoutes(deps),
  ...friendRoutes(deps),
  ...friendRequestRoutes(deps),
  ...blackRoutes(deps),
  ...groupRoutes(deps),
  ...groupListRoutes(deps),
  ...groupMemberRoutes(deps),
  ...groupRequestRoutes(deps),
  ...groupSyncRoutes(deps),
  ...msgSendRoutes(deps),
  ...msgRoutes(deps),
  ...jssdkRoutes(deps),
  ...adminRoutes(deps),
  ...historyRoutes(deps),
  ...explainRoutes(deps),
  ...webhookRoutes(deps),
];
