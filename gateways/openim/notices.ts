import { notificationOf, selfNotification, single } from '../../core/conversation/ids.ts';
import type { ConversationConfigured } from '../../core/inbox/events.ts';
import type { SeqlineEvent } from '../../core/kernel/catalogue.ts';
import type { Recorded } from '../../core/kernel/fact.ts';
import type { UserId } from '../../core/kernel/ids.ts';
import type { Reaction } from '../../core/notice/reaction.ts';
import { CONTENT_TYPES } from './numbers.ts';
import { cloneOptions, copyOptions, notificationOptions } from './options.ts';
import {
  clearConversationTips,
  conversationSetPrivateTips,
  conversationUpdateTips,
  markAsReadTips,
  userInfoUpdatedTips,
} from './tips.ts';

type Said = NonNullable<Reaction['line']>;

/** What only the user's own devices are told. */
export const toSelf = (user: UserId, contentType: number, content: string): Said => ({
  conversation: selfNotification(user),
  data: {
    from: user,
    to: user,
    contentType,
    system: true,
    options: notificationOptions(),
    body: { content },
  },
});

const conversationChanged = (user: UserId, conversation: string): Said =>
  toSelf(
    user,
    CONTENT_TYPES.conversationChanged,
    conversationUpdateTips({ userID: user, conversationIDList: [conversation] }),
  );

/**
 * A private chat is private for both, whoever of the two has said so: the other's side follows, and a
 * line in the chat tells of it.
 */
const madePrivate = (
  { user, conversation, peer }: ConversationConfigured['data'],
  isPrivate: boolean,
): Reaction => {
  if (!('user' in peer)) return { order: conversation };
  const other = peer.user;
  const made = notificationOptions({ clone: true });
  const tips = { recvID: other, sendID: user, isPrivate, conversationID: conversation };
  const said = {
    from: user,
    to: other,
    contentType: CONTENT_TYPES.conversationPrivateChat,
    system: true,
    body: { content: conversationSetPrivateTips(tips) },
  } as const;
  return {
    order: conversation,
    note: {
      user: other,
      event: {
        type: 'ConversationConfigured',
        data: {
          user: other,
          conversation,
          kind: 1,
          peer: { user },
          settings: { privateChat: isPrivate },
        },
      },
    },
    line: { conversation, data: { ...said, options: cloneOptions(made) } },
    copies: [
      {
        conversation: notificationOf(conversation),
        data: { ...said, options: copyOptions(made) },
      },
    ],
  };
};

const configured = ({ data, meta }: Recorded<ConversationConfigured>): Reaction | undefined => {
  const { user, conversation, kind, peer, settings, notes } = data;
  const { privateChat, ...others } = settings;
  const isSingle = kind === 1 && 'user' in peer && conversation === single(user, peer.user);
  // What follows from another's wish has been told to both already.
  const told = privateChat !== undefined && meta.causationId !== undefined;
  const alsoOthers = Object.keys(others).length > 0 || notes !== undefined;
  if (privateChat === undefined || told || !isSingle) {
    return told ? undefined : { order: user, copies: [conversationChanged(user, conversation)] };
  }
  const reaction = madePrivate(data, privateChat);
  if (!alsoOthers) return reaction;
  return {
    ...reaction,
    copies: [...(reaction.copies ?? []), conversationChanged(user, conversation)],
  };
};

/**
 * What follows from a fact: lines in a chat, which are stored, and notices, which are not. Whoever is
 * offline misses a notice and does not need it: each login syncs the lists it speaks of.
 */
export const reactionTo = (event: Recorded<SeqlineEvent>): Reaction | undefined => {
  switch (event.type) {
    case 'UserChanged': {
      const { user } = event.data;
      const tips = userInfoUpdatedTips({ userID: user });
      return { order: user, copies: [toSelf(user, CONTENT_TYPES.userInfoUpdated, tips)] };
    }
    case 'ConversationConfigured':
      return configured(event);
    case 'ConversationCleared': {
      const { user, conversation, everywhere } = event.data;
      const tips = clearConversationTips({ userID: user, conversationIDs: [conversation] });
      const cleared = toSelf(user, CONTENT_TYPES.clearConversation, tips);
      const changed = conversationChanged(user, conversation);
      return { order: user, copies: everywhere === true ? [cleared, changed] : [changed] };
    }
    case 'ReadMarked': {
      const { user, conversation, upTo } = event.data;
      const tips = markAsReadTips({
        markAsReadUserID: user,
        conversationID: conversation,
        seqs: [],
        hasReadSeq: upTo,
      });
      return { order: user, copies: [toSelf(user, CONTENT_TYPES.readReceipt, tips)] };
    }
    default:
      return undefined;
  }
};
