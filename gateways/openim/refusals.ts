import type { Refusal, Refused } from '../ports.ts';
import { WIRE_ERRORS, type WireError } from './errors.ts';

/**
 * The wire's name for everything that can be refused. 1501 to 1507 end the login of any SDK that meets
 * them, so only `token/…` may lead there.
 */
export const REFUSALS = {
  'args/invalid': WIRE_ERRORS.args,
  'caller/not-allowed': WIRE_ERRORS.noPermission,
  'user/unknown': WIRE_ERRORS.recordNotFound,
  'user/registered-already': WIRE_ERRORS.registeredAlready,
  'user/is-admin': WIRE_ERRORS.noPermission,
  'user/is-system': WIRE_ERRORS.args,
  'secret/wrong': WIRE_ERRORS.noPermission,
  'token/malformed': WIRE_ERRORS.tokenMalformed,
  'token/expired': WIRE_ERRORS.tokenExpired,
  'token/not-yet-valid': WIRE_ERRORS.tokenNotValidYet,
  'token/unknown': WIRE_ERRORS.tokenUnknown,
  'token/kicked': WIRE_ERRORS.tokenKicked,
  'token/not-exist': WIRE_ERRORS.tokenNotExist,
  'message/too-long': WIRE_ERRORS.args,
  'message/not-found': WIRE_ERRORS.recordNotFound,
  'message/revoked-already': WIRE_ERRORS.msgAlreadyRevoke,
  'message/not-received': WIRE_ERRORS.args,
  'conversation/not-party': WIRE_ERRORS.args,
  'conversation/unknown': WIRE_ERRORS.recordNotFound,
  'conversation/beyond-newest': WIRE_ERRORS.args,
  'message/blocked': WIRE_ERRORS.blockedByPeer,
  'message/not-friends': WIRE_ERRORS.notPeersFriend,
  'friendship/self': WIRE_ERRORS.canNotAddYourself,
  'friendship/already': WIRE_ERRORS.relationshipAlready,
  'friendship/no-request': WIRE_ERRORS.recordNotFound,
  'friendship/not-pending': WIRE_ERRORS.args,
  'friendship/handled-already': WIRE_ERRORS.friendRequestHandled,
  'block/self': WIRE_ERRORS.args,
  'block/too-many': WIRE_ERRORS.args,
  'favourite/unknown': WIRE_ERRORS.recordNotFound,
  'favourite/too-many': WIRE_ERRORS.args,
  'config/too-many': WIRE_ERRORS.args,
  'group/unknown': WIRE_ERRORS.recordNotFound,
  'group/exists': WIRE_ERRORS.groupIdExisted,
  'group/dismissed': WIRE_ERRORS.dismissedAlready,
  'group/not-member': WIRE_ERRORS.recordNotFound,
  'group/not-allowed': WIRE_ERRORS.noPermission,
  'group/owner-stays': WIRE_ERRORS.noPermission,
  'group/member-already': WIRE_ERRORS.args,
  'group/too-many': WIRE_ERRORS.args,
  'group/no-request': WIRE_ERRORS.recordNotFound,
  'group/request-handled': WIRE_ERRORS.groupRequestHandled,
  'message/not-in-group': WIRE_ERRORS.notInGroupYet,
  'message/muted': WIRE_ERRORS.mutedInGroup,
  'message/group-muted': WIRE_ERRORS.mutedGroup,
  'callback/refused': WIRE_ERRORS.callback,
  'callback/unreachable': WIRE_ERRORS.network,
  'callback/bad-answer': WIRE_ERRORS.data,
  'webhook/no-dead-letter': WIRE_ERRORS.recordNotFound,
  'webhook/too-many-replays': WIRE_ERRORS.args,
  'service/unavailable': WIRE_ERRORS.serverInternal,
} as const satisfies Record<Refusal, WireError>;

/** The app server's own number and words go out unchanged, whatever they are (REST reference 10.3). */
export const wireErrorOf = ({ reason, own }: Omit<Refused, 'kind'>): WireError =>
  own === undefined ? REFUSALS[reason] : { errCode: own.code, errMsg: own.message };
