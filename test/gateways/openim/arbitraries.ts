import fc from 'fast-check';
import { emptyMsgData, type MsgData } from '../../../gateways/openim/msgData.ts';

/** Values as they may stand in messages: often empty, sometimes at the edge of what is allowed. */
export const texts = fc.oneof(
  fc.constant(''),
  fc.string({ maxLength: 20 }),
  fc.string({ unit: 'grapheme', maxLength: 200, size: 'medium' }),
);
export const int32s = fc.oneof(fc.constant(0), fc.nat(200), fc.integer());
export const int64s = fc.oneof(
  fc.constant(0),
  fc.nat(),
  fc.maxSafeInteger(),
  fc.constantFrom(Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER, 2 ** 32, 2 ** 31, -1),
);

const pushInfos = fc.record({
  title: texts,
  desc: texts,
  ex: texts,
  iOSPushSound: texts,
  iOSBadgeCount: fc.boolean(),
  signalInfo: texts,
});

/** The name that no object takes as a key of its own is dropped on reading. */
const optionKeys = fc.string({ maxLength: 12 }).filter((key) => key !== '__proto__');

const fields: { [Name in keyof MsgData]: fc.Arbitrary<MsgData[Name]> } = {
  sendID: texts,
  recvID: texts,
  groupID: texts,
  clientMsgID: texts,
  serverMsgID: texts,
  senderPlatformID: int32s,
  senderNickname: texts,
  senderFaceURL: texts,
  sessionType: int32s,
  msgFrom: int32s,
  contentType: int32s,
  content: texts,
  seq: int64s,
  sendTime: int64s,
  createTime: int64s,
  status: int32s,
  isRead: fc.boolean(),
  options: fc
    .array(fc.tuple(optionKeys, fc.boolean()), { maxLength: 5 })
    .map((entries): Record<string, boolean> => Object.fromEntries(entries)),
  offlinePushInfo: fc.option(pushInfos, { nil: undefined }),
  atUserIDList: fc.array(texts, { maxLength: 4 }),
  attachedInfo: texts,
  ex: texts,
};

/** Most messages fill a few fields and leave the others as they are. */
export const msgDatas: fc.Arbitrary<MsgData> = fc
  .record(fields, { requiredKeys: [] })
  .map((some) => ({ ...emptyMsgData(), ...some }));
