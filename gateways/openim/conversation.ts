import type { ConversationView } from '../ports.ts';
import type { Conversation } from './jssdk.ts';

/** A row as its owner's clients get it. When messages were last destroyed is not kept: 0, never. */
export const conversation = (view: ConversationView): Conversation => ({
  ownerUserID: view.owner,
  conversationID: view.conversation,
  recvMsgOpt: view.receive,
  conversationType: view.kind,
  userID: 'user' in view.peer ? view.peer.user : '',
  groupID: 'group' in view.peer ? view.peer.group : '',
  isPinned: view.pinned,
  attachedInfo: view.attachedInfo,
  isPrivateChat: view.privateChat,
  groupAtType: view.groupAtType,
  ex: view.ex,
  burnDuration: view.burnDuration,
  minSeq: view.minSeq,
  maxSeq: view.maxSeq,
  msgDestructTime: view.destructTime,
  latestMsgDestructTime: 0,
  isMsgDestruct: view.destruct,
});
