import { describe, expect, test } from 'vitest';
import { msgDataJson, pullMsgsJson, pullsJson } from '../../../gateways/openim/json.ts';
import { emptyMsgData } from '../../../gateways/openim/msgData.ts';

describe('a message in HTTP answers', () => {
  test('has every key, but no empty map', () => {
    expect(JSON.stringify(msgDataJson(emptyMsgData()))).toBe(
      '{"sendID":"","recvID":"","groupID":"","clientMsgID":"","serverMsgID":"","senderPlatformID":0,"senderNickname":"","senderFaceURL":"","sessionType":0,"msgFrom":0,"contentType":0,"content":"","seq":0,"sendTime":0,"createTime":0,"status":0,"isRead":false,"atUserIDList":[],"attachedInfo":"","ex":"","offlinePushInfo":null}',
    );
  });

  test('has its content in base64, and options where there are any', () => {
    const message = {
      ...emptyMsgData(),
      content: '{"content":"hi"}',
      options: { history: false },
      atUserIDList: ['u2'],
    };
    expect(msgDataJson(message)).toMatchObject({
      content: 'eyJjb250ZW50IjoiaGkifQ==',
      options: { history: false },
      atUserIDList: ['u2'],
    });
    expect(msgDataJson({ ...message, content: 'é' }).content).toBe('w6k=');
  });

  test('stands in pulls by conversation', () => {
    const pull = { Msgs: [emptyMsgData()], isEnd: true, endSeq: 4 };
    const json = { Msgs: [msgDataJson(emptyMsgData())], isEnd: true, endSeq: 4 };
    expect(pullMsgsJson(pull)).toEqual(json);
    expect(pullsJson(new Map([['si_u1_u2', pull]]))).toEqual({ si_u1_u2: json });
  });
});
