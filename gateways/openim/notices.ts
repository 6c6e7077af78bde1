import { selfNotification } from '../../core/conversation/ids.ts';
import type { SeqlineEvent } from '../../core/kernel/catalogue.ts';
import type { Recorded } from '../../core/kernel/fact.ts';
import type { UserId } from '../../core/kernel/ids.ts';
import type { Passing } from '../../core/sequence/shown.ts';
import { CONTENT_TYPES } from './numbers.ts';
import { notificationOptions } from './options.ts';
import { conversationUpdateTips, markAsReadTips, userInfoUpdatedTips } from './tips.ts';

const toSelf = (
  { id, meta, created }: Recorded<SeqlineEvent>,
  user: UserId,
  contentType: number,
  content: string,
): Passing => ({
  conversation: selfNotification(user),
  id,
  meta,
  data: {
    from: user,
    to: user,
    clientMsgId: id.replaceAll('-', ''),
    contentType,
    system: true,
    createTime: created,
    sendTime: created,
    options: notificationOptions(),
    body: { content },
  },
});

/**
 * What the user's devices are told of a fact that takes no number. Whoever is offline misses it and needs
 * it not: each login syncs the lists these notices speak of.
 */
export const noticeOf = (event: Recorded<SeqlineEvent>): Passing | undefined => {
  switch (event.type) {
    case 'UserChanged': {
      const { user } = event.data;
      const tips = userInfoUpdatedTips({ userID: user });
      return toSelf(event, user, CONTENT_TYPES.userInfoUpdated, tips);
    }
    case 'ConversationConfigured': {
      const { user, conversation } = event.data;
      const tips = conversationUpdateTips({ userID: user, conversationIDList: [conversation] });
      return toSelf(event, user, CONTENT_TYPES.conversationChanged, tips);
    }
    case 'ReadMarked': {
      const { user, conversation, upTo } = event.data;
      const tips = markAsReadTips({
        markAsReadUserID: user,
        conversationID: conversation,
        seqs: [],
        hasReadSeq: upTo,
      });
      return toSelf(event, user, CONTENT_TYPES.readReceipt, tips);
    }
    default:
      return undefined;
  }
};
