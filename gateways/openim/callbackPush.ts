import type { ConversationId, UserId } from '../../core/kernel/ids.ts';
import type { Fields } from './callbackAnswer.ts';
import { PLATFORM_NAMES } from './callbacks.ts';
import type { MsgData } from './msgData.ts';
import { isNotificationContent } from './numbers.ts';

/** Of a notification it is the text that its detail is (REST reference 10.6). */
const contentOf = ({ contentType, content }: MsgData): string => {
  if (!isNotificationContent(contentType)) return content;
  try {
    const { detail } = JSON.parse(content) as { detail?: unknown };
    return typeof detail === 'string' ? detail : content;
  } catch {
    return content;
  }
};

/**
 * A message that has not reached these users, as OpenIM's callback before an offline push shows it, and
 * where and when it was said, so that one that is too old is not pushed any more.
 */
export const pushFields = (
  message: MsgData,
  conversation: ConversationId,
  users: readonly UserId[],
): Fields => ({
  platformID: message.senderPlatformID,
  platform: PLATFORM_NAMES[message.senderPlatformID] ?? '',
  userIDList: users,
  ...message.offlinePushInfo,
  clientMsgID: message.clientMsgID,
  sendID: message.sendID,
  groupID: message.groupID,
  contentType: message.contentType,
  sessionType: message.sessionType,
  atUserIDList: message.atUserIDList,
  content: contentOf(message),
  conversationID: conversation,
  seq: message.seq,
  sendTime: message.sendTime,
});
