import { describe, expect, test } from 'vitest';
import type { SendMessage } from '../../../core/conversation/handler.ts';
import type { Filter } from '../../../core/webhook/ports.ts';
import { verdictOf } from '../../../gateways/openim/callbackAnswer.ts';
import { concerns, modifiedBy } from '../../../gateways/openim/callbackMessages.ts';
import { ann, bob } from '../../support/people.ts';

describe('[HOK-9] an answer', () => {
  const NO = { actionCode: 0, errCode: 5001, errMsg: 'no', errDlt: 'first', nextCode: 1 };
  const refused = { kind: 'refused', code: 5001, message: 'no', detail: 'first' };

  test.each([
    ['v3', NO, refused],
    ['v3', { ...NO, nextCode: '1' }, refused],
    ['v3', { ...NO, errCode: 0 }, { ...refused, code: 500 }],
    ['v3', { ...NO, nextCode: 0 }, { kind: 'go-on' }],
    ['v3', { ...NO, actionCode: 1 }, { kind: 'go-on' }],
    ['v3', {}, { kind: 'go-on' }],
    ['v2', { actionCode: 1, errCode: 5001, errMsg: 'no', errDlt: 'first' }, refused],
    ['v2', { actionCode: 0, errCode: 0, errMsg: '' }, { kind: 'go-on' }],
    ['v2', { ...NO, actionCode: 0 }, { kind: 'go-on' }],
  ] as const)('of %s: %j', (convention, answer, verdict) => {
    expect(verdictOf(convention, 200, JSON.stringify(answer))).toMatchObject(verdict);
    // The status is not looked at where the body says what is meant.
    if ('actionCode' in answer) {
      expect(verdictOf(convention, 500, JSON.stringify(answer))).toMatchObject(verdict);
    }
  });

  test.each([
    [200, ''],
    [200, '<html>'],
    [200, '[]'],
    [200, 'null'],
    [500, '{"statusCode":500,"error":"Internal Server Error"}'],
    [404, '{}'],
  ])('[HOK-4] HTTP %i with %j is none', (status, body) => {
    expect(verdictOf('v3', status, body)).toMatchObject({ kind: 'unreadable' });
  });
});

describe('[HOK-6] a callback is about', () => {
  const ALL: Filter = { allowedTypes: [], deniedTypes: [], attentionIds: new Set() };
  const text = { contentType: 101, sendID: 'ann', recvID: 'bob', groupID: '' };
  test.each([
    ['any message', ALL, text, true],
    ['no notification', ALL, { ...text, contentType: 1400 }, false],
    ['no typing', ALL, { ...text, contentType: 113 }, false],
    ['none of a denied type', { ...ALL, deniedTypes: [[100, 101]] as const }, text, false],
    ['those of other types', { ...ALL, deniedTypes: [[102, 120]] as const }, text, true],
    ['those of an allowed type', { ...ALL, allowedTypes: [[101, 101]] as const }, text, true],
    ['no others', { ...ALL, allowedTypes: [[102, 106]] as const }, text, false],
    ['those of a sender', { ...ALL, attentionIds: new Set(['ann']) }, text, true],
    ['those to a receiver', { ...ALL, attentionIds: new Set(['bob']) }, text, true],
    [
      'those in a group',
      { ...ALL, attentionIds: new Set(['g1']) },
      { ...text, groupID: 'g1' },
      true,
    ],
    ['nobody else’s', { ...ALL, attentionIds: new Set(['cat']) }, text, false],
  ])('%s', (_what, filter, message, expected) => {
    expect(concerns(filter, message)).toBe(expected);
  });
});

describe('[HOK-2] what an answer changes', () => {
  const message: SendMessage['message'] = {
    from: ann,
    to: bob,
    clientMsgId: 'c1',
    contentType: 101,
    platform: 5,
    createTime: 1,
    options: { unreadCount: false },
    body: { content: '{"content":"a bad word"}', nickname: 'Ann' },
  };
  const asked = { recvID: 'bob', clientMsgID: 'c1', serverMsgID: 'ff', sessionType: 1 };

  test('is the text', () => {
    const content = '{"content":"***"}';
    expect(modifiedBy(message, asked, { content })).toEqual({
      kind: 'changed',
      message: { ...message, body: { content, nickname: 'Ann' } },
      stored: true,
    });
  });

  test('is every field that OpenIM names', () => {
    const answer = {
      content: '{"data":"x"}',
      contentType: 110,
      senderPlatformID: 2,
      senderNickname: 'Annie',
      senderFaceURL: 'https://x/a.png',
      msgFrom: 200,
      options: { history: false },
      offlinePushInfo: { title: 'T', desc: 'D', iOSBadgeCount: true },
      atUserIDList: ['bob'],
      attachedInfo: 'info',
      ex: 'ex',
      status: 4,
    };
    expect(modifiedBy(message, asked, answer)).toEqual({
      kind: 'changed',
      stored: false,
      message: {
        from: 'ann',
        to: 'bob',
        clientMsgId: 'c1',
        createTime: 1,
        contentType: 110,
        platform: 2,
        system: true,
        options: { history: false },
        atUsers: ['bob'],
        body: {
          content: '{"data":"x"}',
          nickname: 'Annie',
          faceUrl: 'https://x/a.png',
          attachedInfo: 'info',
          ex: 'ex',
          push: { title: 'T', desc: 'D', iosBadge: true },
        },
      },
    });
  });

  test.each([
    ['nothing', {}],
    ['null', { content: null, ex: null, options: null }],
    [
      'what was asked, repeated',
      {
        ...asked,
        content: '{"content":"a bad word"}',
        senderNickname: 'Ann',
        senderFaceURL: '',
        ex: '',
        msgFrom: 100,
        contentType: 101,
        senderPlatformID: 5,
        atUserIDList: [],
        options: { unreadCount: false },
      },
    ],
  ])('is nothing: %s', (_what, answer) => {
    expect(modifiedBy(message, asked, answer)).toEqual({ kind: 'same' });
  });

  test.each([
    ['content', { content: 'plain' }],
    ['content', { content: 7 }],
    ['other', { recvID: 'cat' }],
    ['other', { clientMsgID: 'c2' }],
    ['other', { sessionType: 3 }],
    ['other', { contentType: 1501 }],
    ['other', { contentType: '101' }],
    ['other', { options: { history: 'no' } }],
    ['other', { atUserIDList: [7] }],
    ['other', { ex: 'x'.repeat(30_000) }],
  ])('cannot be: %s of %j', (of, answer) => {
    expect(modifiedBy(message, asked, answer)).toMatchObject({ kind: 'wrong', of });
  });

  test('keeps what only the server may say out of the options', () => {
    const options = { isNotNotification: false, unreadCount: true };
    const modified = modifiedBy(message, asked, { options });
    expect(modified).toMatchObject({ message: { options: { unreadCount: true } } });
    expect(modified).not.toHaveProperty('message.options.isNotNotification');
  });
});
