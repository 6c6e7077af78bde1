import { gunzipSync, gzipSync } from 'node:zlib';
import { PbCoder, type SdkWsProto } from '@openim/protocol';
import { decodeGob, encodeGobRequest } from './gob.ts';
import { isRecord, numberAt, parseJson, textAt } from './json.ts';

/** The messages themselves go through the official protobuf codec, not through the gateway's own. */
export type MsgData = SdkWsProto.MsgData;
export { PbCoder };

/** How a connection writes its envelopes: chosen by its address, the same in both directions. */
export type Form = Readonly<{ sdkType: 'go' | 'js'; gzip: boolean }>;
export const JSON_FORM: Form = { sdkType: 'js', gzip: false };
export const GOB_FORM: Form = { sdkType: 'go', gzip: true };

export type RawRequest = Readonly<{
  reqIdentifier: number;
  sendID: string;
  operationID: string;
  msgIncr: string;
  data: Uint8Array;
}>;

export type RawReply = Readonly<{
  reqIdentifier: number;
  msgIncr: string;
  operationID: string;
  errCode: number;
  errMsg: string;
  data: Uint8Array;
}>;

const utf8 = new TextEncoder();

export const encodeRequest = (form: Form, request: RawRequest): Uint8Array => {
  const envelope =
    form.sdkType === 'js'
      ? utf8.encode(
          JSON.stringify({ ...request, data: Buffer.from(request.data).toString('base64') }),
        )
      : encodeGobRequest({
          ReqIdentifier: request.reqIdentifier,
          SendID: request.sendID,
          OperationID: request.operationID,
          MsgIncr: request.msgIncr,
          Data: request.data,
        });
  return form.gzip ? gzipSync(envelope) : envelope;
};

const fromJson = (envelope: Uint8Array): RawReply => {
  const parsed = parseJson(Buffer.from(envelope).toString('utf8'));
  const data = isRecord(parsed) ? parsed['data'] : undefined;
  return {
    reqIdentifier: numberAt(parsed, 'reqIdentifier'),
    msgIncr: textAt(parsed, 'msgIncr'),
    operationID: textAt(parsed, 'operationID'),
    errCode: numberAt(parsed, 'errCode'),
    errMsg: textAt(parsed, 'errMsg'),
    data: typeof data === 'string' ? Buffer.from(data, 'base64') : new Uint8Array(),
  };
};

const fromGob = (envelope: Uint8Array): RawReply => {
  const values = decodeGob(envelope);
  const number = (name: string): number => {
    const value = values.get(name) ?? 0;
    if (typeof value !== 'number') throw new Error(`gob: ${name} is not an int`);
    return value;
  };
  const text = (name: string): string => {
    const value = values.get(name) ?? '';
    if (typeof value !== 'string') throw new Error(`gob: ${name} is not a string`);
    return value;
  };
  const data = values.get('Data') ?? new Uint8Array();
  if (!(data instanceof Uint8Array)) throw new Error('gob: Data is not bytes');
  return {
    reqIdentifier: number('ReqIdentifier'),
    msgIncr: text('MsgIncr'),
    operationID: text('OperationID'),
    errCode: number('ErrCode'),
    errMsg: text('ErrMsg'),
    data,
  };
};

export const decodeReply = (form: Form, frame: Uint8Array): RawReply => {
  const envelope = form.gzip ? gunzipSync(frame) : frame;
  return form.sdkType === 'js' ? fromJson(envelope) : fromGob(envelope);
};

/** A message as a client composes it: what only the server knows is zero. */
export const textMessage = (message: {
  from: string;
  /** A user; empty: it is for a group. */
  to: string;
  groupID?: string;
  clientMsgID: string;
  text: string;
  platformID: number;
}): MsgData => ({
  sendID: message.from,
  recvID: message.to,
  groupID: message.groupID ?? '',
  clientMsgID: message.clientMsgID,
  serverMsgID: '',
  senderPlatformID: message.platformID,
  senderNickname: `${message.from} of the tests`,
  senderFaceURL: '',
  sessionType: message.groupID === undefined ? 1 : 3,
  msgFrom: 100,
  contentType: 101,
  content: utf8.encode(JSON.stringify({ content: message.text })),
  seq: 0,
  sendTime: 0,
  createTime: Date.now(),
  status: 1,
  isRead: false,
  options: {},
  offlinePushInfo: undefined,
  atUserIDList: [],
  attachedInfo: '',
  ex: '',
  keyVersion: 0,
  dstUserIDs: [],
});

export const textOf = (message: MsgData): string => Buffer.from(message.content).toString('utf8');

/** GetMaxSeqReq and other requests that hold nothing but the user. */
export const userOnly = (userID: string): Uint8Array =>
  PbCoder.GetConversationsHasReadAndMaxSeqReq.encode({ userID, conversationIDs: [] }).finish();

/** The same token with one character of its signature changed: well-formed, but not what was signed. */
export const forged = (token: string): string => {
  const at = token.lastIndexOf('.') - 20;
  return `${token.slice(0, at)}${token[at] === 'A' ? 'B' : 'A'}${token.slice(at + 1)}`;
};
