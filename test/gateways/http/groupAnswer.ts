/** When whatever is made of group g1 in these tests was made. */
export const AT = 1_700_000_000_123;

/** Group g1, as it is answered. */
export const group = {
  groupID: 'g1',
  groupName: 'g1!',
  notification: 'a',
  introduction: 'i',
  faceURL: 'f',
  ownerUserID: 'ann',
  createTime: AT,
  memberCount: 3,
  ex: 'x',
  status: 0,
  creatorUserID: 'ann',
  groupType: 2,
  needVerification: 1,
  lookMemberInfo: 0,
  applyMemberFriend: 1,
  notificationUpdateTime: AT,
  notificationUserID: 'amy',
};
