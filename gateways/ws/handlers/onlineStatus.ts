import type { UserId } from '../../../core/kernel/ids.ts';
import { subUserOnlineStatus, subUserOnlineStatusTips } from '../../openim/requests.ts';
import { WIRE_ERRORS } from '../../openim/errors.ts';
import { isUserId } from '../../openim/user.ts';
import { data, failure, type Handler } from '../answer.ts';
import { mayWatch, WATCHED_MAX } from '../presence.ts';
import type { HandlerDeps } from './common.ts';

/** Ids go back in the answer: as many of these as may be watched fit into one. */
const USER_ID_LENGTH_MAX = 64;

/** 2005: watches users and ceases to; the answer has every user that is watched from now on. */
export const onlineStatus =
  ({ connections }: Pick<HandlerDeps, 'connections'>): Handler =>
  (connection, request) => {
    const { subscribeUserID, unsubscribeUserID } = subUserOnlineStatus.decode(request.data);
    if (subscribeUserID.some(({ length }) => length > USER_ID_LENGTH_MAX)) {
      return failure(
        WIRE_ERRORS.args,
        `subscribeUserID: at most ${String(USER_ID_LENGTH_MAX)} characters each`,
      );
    }
    for (const user of unsubscribeUserID) connections.unwatch(connection, user as UserId);
    const users = [...new Set(subscribeUserID)].filter(isUserId);
    const strange = subscribeUserID.find((user) => !isUserId(user));
    if (strange !== undefined) {
      return failure(WIRE_ERRORS.args, 'subscribeUserID: one of these is no user id');
    }
    if (!mayWatch(connection, users)) {
      return failure(WIRE_ERRORS.args, `subscribeUserID: at most ${String(WATCHED_MAX)}`);
    }
    for (const user of users) connections.watch(connection, user);
    const subscribers = users.map((user) => ({
      userID: user,
      onlinePlatformIDs: [...connections.platformsOf(user)],
    }));
    return data(subUserOnlineStatusTips.encode({ subscribers }));
  };
