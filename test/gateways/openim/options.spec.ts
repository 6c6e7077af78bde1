import { describe, expect, test } from 'vitest';
import {
  cloneOptions,
  copyOptions,
  isOn,
  isStored,
  notificationOptions,
  ONLINE_ONLY,
  sendOptions,
} from '../../../gateways/openim/options.ts';

const QUIET = {
  conversationUpdate: false,
  senderConversationUpdate: false,
  unreadCount: false,
  offlinePush: false,
};

describe('options of a send', () => {
  test('an absent key counts as true', () => {
    expect(isOn({}, 'history')).toBe(true);
    expect(isOn({ history: true }, 'history')).toBe(true);
    expect(isOn({ history: false }, 'history')).toBe(false);
  });

  test('are taken as they are for an ordinary message', () => {
    const sent = { notPrivate: false, unknown: true };
    expect(sendOptions(101, sent)).toEqual(sent);
    expect(sendOptions(101, {})).toEqual({});
  });

  test('do not make a notification of a user’s message', () => {
    const sent = { isNotNotification: false, isSendMsg: true, history: true };
    expect(sendOptions(101, sent)).toEqual({ history: true });
  });

  test('typing is never stored, whatever its sender says', () => {
    const options = sendOptions(113, { history: true, notPrivate: false });
    expect(options).toEqual({
      notPrivate: false,
      history: false,
      persistent: false,
      senderSync: false,
      ...QUIET,
    });
    expect(isStored(options)).toBe(false);
    expect(isStored(ONLINE_ONLY)).toBe(false);
    expect(isStored({})).toBe(true);
  });

  test('receipts and old revokes are quiet', () => {
    expect(sendOptions(2200, { unreadCount: true })).toEqual(QUIET);
    expect(sendOptions(111, {})).toEqual({ unreadCount: false, offlinePush: false });
  });
});

describe('options of a notification', () => {
  test('that is not stored are the eleven of the reference, in its order', () => {
    expect(JSON.stringify(notificationOptions())).toBe(
      '{"isNotNotification":false,"isSendMsg":false,"history":false,"persistent":false,"offlinePush":false,"unreadCount":false,"conversationUpdate":false,"senderSync":true,"notPrivate":false,"senderConversationUpdate":false,"reactionFromCache":false}',
    );
  });

  test('that is stored differ in two', () => {
    expect(notificationOptions({ stored: true })).toEqual({
      ...notificationOptions(),
      history: true,
      persistent: true,
    });
  });

  test('with a line in the chat count there and not in the copy', () => {
    const made = notificationOptions({ clone: true });
    expect(made).toEqual({ ...notificationOptions(), isSendMsg: true, unreadCount: true });
    expect(cloneOptions(made)).toEqual({ offlinePush: false, unreadCount: true });
    expect(copyOptions(made)).toEqual({ ...notificationOptions(), isSendMsg: true });
    const waking = notificationOptions({ clone: true, offlinePush: true });
    expect(cloneOptions(waking)).toEqual({ offlinePush: true, unreadCount: true });
    expect(copyOptions(waking)).toEqual(copyOptions(made));
  });
});
