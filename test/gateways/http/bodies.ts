import type { Route } from '../../../gateways/http/route.ts';
import { routesOf } from '../../../gateways/http/routes.ts';
import { secretMatches } from '../../../gateways/http/secret.ts';
import { ADMIN, fakeDeps, SECRET } from '../../support/fakes.ts';
import { annAndBob } from '../../support/people.ts';

const pagination = { pageNumber: 1, showNumber: 20 };
const read = { userID: 'ann', conversationID: annAndBob };

/** For every route a body of ann's that is answered with success. */
export const BODIES: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  '/admin/projector/status': {},
  '/admin/projector/skip': { position: 7, reason: 'a profile from before the limit' },
  '/auth/get_admin_token': { secret: SECRET, userID: ADMIN },
  '/auth/get_user_token': { platformID: 1, userID: 'ann' },
  '/auth/parse_token': { token: 'ann.1.0' },
  '/auth/force_logout': { platformID: 2, userID: 'ann' },
  '/auth/user_register': { secret: SECRET, platform: 1, uid: 'new1', name: 'New' },
  '/auth/user_token': { secret: SECRET, platform: 1, uid: 'ann' },
  '/user/user_register': { users: [{ userID: 'new2', nickname: 'New' }] },
  '/user/update_user_info': { userInfo: { userID: 'ann', nickname: 'Ann' } },
  '/user/update_user_info_ex': { userInfo: { userID: 'ann', nickname: 'Ann', ex: '' } },
  '/user/set_global_msg_recv_opt': { userID: 'ann', globalRecvMsgOpt: 2 },
  '/user/get_users_info': { userIDs: ['ann'] },
  '/user/account_check': { checkUserIDs: ['ann', 'zed'] },
  '/user/get_users': { pagination },
  '/user/get_all_users_uid': { pagination },
  '/conversation/get_all_conversations': { ownerUserID: 'ann' },
  '/conversation/get_conversations': { ownerUserID: 'ann', conversationIDs: [annAndBob] },
  '/conversation/get_conversation': { ownerUserID: 'ann', conversationID: annAndBob },
  '/conversation/get_owner_conversation': { userID: 'ann', pagination },
  '/conversation/get_not_notify_conversation_ids': { userID: 'ann' },
  '/conversation/get_pinned_conversation_ids': { userID: 'ann' },
  '/conversation/get_incremental_conversations': { userID: 'ann', versionID: '', version: 0 },
  '/conversation/get_full_conversation_ids': { userID: 'ann', idHash: 0 },
  '/conversation/set_conversations': {
    userIDs: ['ann'],
    conversation: {
      conversationID: annAndBob,
      conversationType: 1,
      userID: 'bob',
      isPinned: true,
    },
  },
  '/friend/add_friend': { fromUserID: 'ann', toUserID: 'cat', reqMsg: 'hi' },
  '/friend/add_friend_response': { fromUserID: 'cat', toUserID: 'ann', handleResult: 1 },
  '/friend/delete_friend': { ownerUserID: 'ann', friendUserID: 'bob' },
  '/friend/set_friend_remark': { ownerUserID: 'ann', friendUserID: 'bob', remark: 'B' },
  '/friend/update_friends': { ownerUserID: 'ann', friendUserIDs: ['bob'], isPinned: true },
  '/friend/import_friend': { ownerUserID: 'ann', friendUserIDs: ['cat'] },
  '/friend/get_specified_friends_info': { ownerUserID: 'ann', userIDList: ['bob'] },
  '/friend/is_friend': { userID1: 'ann', userID2: 'cat' },
  '/friend/get_friend_id': { userID: 'ann' },
  '/friend/get_friend_apply_list': { userID: 'ann', pagination },
  '/friend/get_self_friend_apply_list': { userID: 'ann', pagination },
  '/friend/get_designated_friend_apply': { fromUserID: 'cat', toUserID: 'ann' },
  '/friend/get_self_unhandled_apply_count': { userID: 'ann' },
  '/friend/add_black': { ownerUserID: 'ann', blackUserID: 'cat' },
  '/friend/remove_black': { ownerUserID: 'ann', blackUserID: 'cat' },
  '/friend/get_specified_blacks': { ownerUserID: 'ann', userIDList: ['cat'] },
  '/friend/get_incremental_blacks': { userID: 'ann' },
  '/friend/get_friend_list': { userID: 'ann', pagination },
  '/friend/get_designated_friends': { ownerUserID: 'ann', friendUserIDs: ['bob'] },
  '/friend/get_black_list': { userID: 'ann', pagination },
  '/friend/get_incremental_friends': { userID: 'ann' },
  '/friend/get_full_friend_user_ids': { userID: 'ann', idHash: 0 },
  '/group/create_group': {
    memberUserIDs: ['bob'],
    ownerUserID: 'ann',
    groupInfo: { groupName: 'Team', groupType: 2 },
  },
  '/group/set_group_info': { groupInfoForSet: { groupID: 'g1', groupName: 'G' } },
  '/group/set_group_info_ex': { groupID: 'g1', groupName: 'G', needVerification: 2 },
  '/group/join_group': { groupID: 'g1', reqMessage: 'hi', joinSource: 3, inviterUserID: 'ann' },
  '/group/quit_group': { groupID: 'g1', userID: 'ann' },
  '/group/group_application_response': { groupID: 'g1', fromUserID: 'cat', handleResult: 1 },
  '/group/transfer_group': { groupID: 'g1', oldOwnerUserID: 'ann', newOwnerUserID: 'amy' },
  '/group/get_recv_group_applicationList': { fromUserID: 'ann', pagination },
  '/group/get_user_req_group_applicationList': { userID: 'ann', pagination },
  '/group/get_group_users_req_application_list': { groupID: 'g1', userIDs: ['cat'] },
  '/group/get_specified_user_group_request_info': { groupID: 'g1', userID: 'ann' },
  '/group/get_groups_info': { groupIDs: ['g1'] },
  '/group/kick_group': { groupID: 'g1', kickedUserIDs: ['zoe'] },
  '/group/get_group_members_info': { groupID: 'g1', userIDs: ['mia'] },
  '/group/get_group_member_list': { groupID: 'g1', pagination },
  '/group/invite_user_to_group': { groupID: 'g1', invitedUserIDs: ['bob'] },
  '/group/dismiss_group': { groupID: 'g1' },
  '/group/mute_group_member': { groupID: 'g1', userID: 'mia', mutedSeconds: 60 },
  '/group/cancel_mute_group_member': { groupID: 'g1', userID: 'mia' },
  '/group/mute_group': { groupID: 'g1' },
  '/group/cancel_mute_group': { groupID: 'g1' },
  '/group/set_group_member_info': { members: [{ groupID: 'g1', userID: 'mia', nickname: 'M' }] },
  '/group/get_group_abstract_info': { groupIDs: ['g1'] },
  '/group/get_groups': { pagination },
  '/group/get_group_member_user_id': { groupID: 'g1' },
  '/group/get_incremental_group_members': { groupID: 'g1' },
  '/group/get_full_group_member_user_ids': { groupID: 'g1', idHash: 0 },
  '/group/get_group_application_unhandled_count': { userID: 'ann' },
  '/group/get_joined_group_list': { fromUserID: 'ann', pagination },
  '/group/get_incremental_join_groups': { userID: 'ann' },
  '/group/get_full_join_group_ids': { userID: 'ann', idHash: 0 },
  '/group/get_incremental_group_members_batch': {
    userID: 'ann',
    reqList: [{ groupID: 'g1', versionID: 'v', version: 3 }],
  },
  '/msg/send_msg': {
    sendID: 'ann',
    recvID: 'bob',
    content: { content: 'hi' },
    contentType: 101,
    sessionType: 1,
  },
  '/msg/newest_seq': { userID: 'ann' },
  '/msg/pull_msg_by_seq': {
    userID: 'ann',
    seqRanges: [{ conversationID: annAndBob, begin: 1, end: 2, num: 2 }],
  },
  '/msg/get_conversations_has_read_and_max_seq': { userID: 'ann' },
  '/msg/mark_msgs_as_read': { ...read, seqs: [1, 2] },
  '/msg/mark_conversation_as_read': { ...read, hasReadSeq: 2 },
  '/msg/set_conversation_has_read_seq': { ...read, hasReadSeq: 2 },
  '/msg/revoke_msg': { ...read, seq: 1 },
  '/msg/delete_msgs': { ...read, seqs: [1] },
  '/msg/clear_conversation_msg': { userID: 'ann', conversationIDs: [annAndBob] },
  '/msg/user_clear_all_msg': { userID: 'ann' },
  '/msg/get_server_time': {},
  '/jssdk/get_conversations': { conversationIDs: [annAndBob] },
  '/jssdk/get_active_conversations': { count: 10 },
};

export const bodyFor = (path: string): Readonly<Record<string, unknown>> => {
  const body = BODIES[path];
  if (body === undefined) throw new Error(`no body for ${path}`);
  return body;
};

/** The declared list, as the server mounts it. */
export const ROUTES: readonly Route[] = routesOf({
  ...fakeDeps(),
  secretMatches: secretMatches(SECRET),
});
