/** Numbers and names that OpenIM's clients agree on (gateway reference 3, 4.2, 4.5, appendix B). */

/** What a socket request asks for, and what a frame from the server is. */
export const REQUESTS = {
  newestSeq: 1001,
  pullByRange: 1002,
  sendMessage: 1003,
  /** Signalling of the enterprise edition: always refused. */
  sendSignal: 1004,
  pullBySeqs: 1005,
  readAndMaxSeqs: 1006,
  lastMessages: 1007,
  push: 2001,
  kick: 2002,
  logout: 2003,
  background: 2004,
  onlineStatus: 2005,
} as const;

export const SESSION_TYPES = {
  single: 1,
  /** One copy for each member; no longer in use, and refused. */
  writeGroup: 2,
  group: 3,
  notificationAccount: 4,
} as const;

export const MESSAGE_FROM = { user: 100, system: 200 } as const;

export const MESSAGE_STATUS = { sending: 1, sent: 2, failed: 3, deleted: 4, filtered: 5 } as const;

export const CONTENT_TYPES = {
  text: 101,
  picture: 102,
  sound: 103,
  video: 104,
  file: 105,
  atText: 106,
  merger: 107,
  card: 108,
  location: 109,
  custom: 110,
  legacyRevoke: 111,
  typing: 113,
  quote: 114,
  face: 115,
  advancedText: 117,
  markdown: 118,
  customNoConversation: 119,
  customOnlineOnly: 120,

  friendApplicationApproved: 1201,
  friendApplicationRejected: 1202,
  friendApplication: 1203,
  friendAdded: 1204,
  friendDeleted: 1205,
  friendRemarkSet: 1206,
  blackAdded: 1207,
  blackDeleted: 1208,
  friendInfoUpdated: 1209,
  friendsInfoUpdate: 1210,
  conversationChanged: 1300,
  userInfoUpdated: 1303,
  /** A chat message of a notification account. */
  oaNotification: 1400,
  groupCreated: 1501,
  groupInfoSet: 1502,
  joinGroupApplication: 1503,
  memberQuit: 1504,
  groupApplicationAccepted: 1505,
  groupApplicationRejected: 1506,
  groupOwnerTransferred: 1507,
  memberKicked: 1508,
  memberInvited: 1509,
  memberEnter: 1510,
  groupDismissed: 1511,
  groupMemberMuted: 1512,
  groupMemberCancelMuted: 1513,
  groupMuted: 1514,
  groupCancelMuted: 1515,
  groupMemberInfoSet: 1516,
  groupMemberSetToAdmin: 1517,
  groupMemberSetToOrdinary: 1518,
  groupInfoSetAnnouncement: 1519,
  groupInfoSetName: 1520,
  conversationPrivateChat: 1701,
  clearConversation: 1703,
  businessNotification: 2001,
  revoke: 2101,
  deleteMessages: 2102,
  readReceipt: 2200,
} as const;

/** Content types of this range are notifications, which only the server makes. */
export const NOTIFICATION_CONTENT_MIN = 1000;
export const NOTIFICATION_CONTENT_MAX = 5000;

export const isNotificationContent = (contentType: number): boolean =>
  contentType >= NOTIFICATION_CONTENT_MIN && contentType <= NOTIFICATION_CONTENT_MAX;

/** Keys of a message's options. An absent key counts as true. */
export const OPTION_KEYS = {
  history: 'history',
  persistent: 'persistent',
  offlinePush: 'offlinePush',
  unreadCount: 'unreadCount',
  conversationUpdate: 'conversationUpdate',
  senderSync: 'senderSync',
  senderConversationUpdate: 'senderConversationUpdate',
  senderNotificationPush: 'senderNotificationPush',
  notPrivate: 'notPrivate',
  isNotNotification: 'isNotNotification',
  isSendMsg: 'isSendMsg',
  reactionFromCache: 'reactionFromCache',
} as const;

export type OptionKey = keyof typeof OPTION_KEYS;

/** In `atUserIDList`: everybody is meant. */
export const AT_ALL = 'AtAllTag';

/** Order of a pull; it matters only for where the end is (gateway reference 1005). */
export const PULL_ORDER = { ascending: 0, descending: 1 } as const;
