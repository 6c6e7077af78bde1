/** What an answer says went wrong. Clients decide by the number alone. */
export type WireError = Readonly<{ errCode: number; errMsg: string }>;

/**
 * Every code of OpenIM's catalogue (REST reference 3) that a server may answer with. 1501 to 1507 log an
 * SDK out wherever it meets them, so they speak of the caller's token and of nothing else.
 */
export const WIRE_ERRORS = {
  tooManyRequests: { errCode: 429, errMsg: 'too many requests, please try again later' },
  serverInternal: { errCode: 500, errMsg: 'ServerInternalError' },
  unknownCode: { errCode: 1000, errMsg: 'UnknownCode' },
  args: { errCode: 1001, errMsg: 'ArgsError' },
  noPermission: { errCode: 1002, errMsg: 'NoPermissionError' },
  duplicateKey: { errCode: 1003, errMsg: 'DuplicateKeyError' },
  recordNotFound: { errCode: 1004, errMsg: 'RecordNotFoundError' },
  secretNotChanged: { errCode: 1050, errMsg: 'SecretNotChangedError' },
  userIdNotFound: { errCode: 1101, errMsg: 'UserIDNotFoundError' },
  registeredAlready: { errCode: 1102, errMsg: 'RegisteredAlreadyError' },
  groupIdNotFound: { errCode: 1201, errMsg: 'GroupIDNotFoundError' },
  groupIdExisted: { errCode: 1202, errMsg: 'GroupIDExisted' },
  notInGroupYet: { errCode: 1203, errMsg: 'NotInGroupYetError' },
  dismissedAlready: { errCode: 1204, errMsg: 'DismissedAlreadyError' },
  groupTypeNotSupport: { errCode: 1205, errMsg: 'GroupTypeNotSupport' },
  groupRequestHandled: { errCode: 1206, errMsg: 'GroupRequestHandled' },
  canNotAddYourself: { errCode: 1301, errMsg: 'CanNotAddYourselfError' },
  blockedByPeer: { errCode: 1302, errMsg: 'BlockedByPeer' },
  notPeersFriend: { errCode: 1303, errMsg: 'NotPeersFriend' },
  relationshipAlready: { errCode: 1304, errMsg: 'RelationshipAlreadyError' },
  friendRequestHandled: { errCode: 1305, errMsg: 'FriendRequestHandled' },
  messageHasReadDisable: { errCode: 1401, errMsg: 'MessageHasReadDisable' },
  mutedInGroup: { errCode: 1402, errMsg: 'MutedInGroup' },
  mutedGroup: { errCode: 1403, errMsg: 'MutedGroup' },
  msgAlreadyRevoke: { errCode: 1404, errMsg: 'MsgAlreadyRevoke' },
  tokenExpired: { errCode: 1501, errMsg: 'TokenExpiredError' },
  tokenInvalid: { errCode: 1502, errMsg: 'TokenInvalidError' },
  tokenMalformed: { errCode: 1503, errMsg: 'TokenMalformedError' },
  tokenNotValidYet: { errCode: 1504, errMsg: 'TokenNotValidYetError' },
  tokenUnknown: { errCode: 1505, errMsg: 'TokenUnknownError' },
  tokenKicked: { errCode: 1506, errMsg: 'TokenKickedError' },
  tokenNotExist: { errCode: 1507, errMsg: 'TokenNotExistError' },
  orgUserNoPermission: { errCode: 1520, errMsg: 'OrgUserNoPermissionError' },
  connOverMaxNumLimit: { errCode: 1601, errMsg: 'ConnOverMaxNumLimit' },
  connArgs: { errCode: 1602, errMsg: 'ConnArgsErr' },
  pushMsg: { errCode: 1603, errMsg: 'PushMsgErr' },
  iosBackgroundPush: { errCode: 1604, errMsg: 'IOSBackgroundPushErr' },
  fileUploadedExpired: { errCode: 1701, errMsg: 'FileUploadedExpiredError' },
  callback: { errCode: 80000, errMsg: 'CallbackError' },
  database: { errCode: 90002, errMsg: 'DatabaseError' },
  network: { errCode: 90004, errMsg: 'NetworkError' },
  data: { errCode: 90007, errMsg: 'DataError' },
} as const satisfies Record<string, WireError>;

const NUMBERS: ReadonlySet<number> = new Set(
  Object.values(WIRE_ERRORS).map(({ errCode }) => errCode),
);
/** Below it are those of HTTP, which the oldest app servers are answered with. */
const OWN_MIN = 1_000;

/** What an answer is counted under: app servers' own numbers are one, for each would be a series that stays. */
export const countedCode = (errCode: number): number =>
  errCode < OWN_MIN || NUMBERS.has(errCode) ? errCode : WIRE_ERRORS.callback.errCode;

/** Body of an HTTP answer and of the first text frame of a socket; `data` is the route's to add. */
export type ApiResp = Readonly<{ errCode: number; errMsg: string; errDlt: string }>;

const SUCCESS: WireError = { errCode: 0, errMsg: '' };

export const apiResp = ({ errCode, errMsg } = SUCCESS, errDlt = ''): ApiResp => ({
  errCode,
  errMsg,
  errDlt,
});
