import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { launchChromium, type Chromium } from '../support/chromium.ts';
import { listAt, numberAt, textAt } from '../support/json.ts';
import { conversationWhere, SdkRefusal, singleChat, type SdkClient } from '../support/sdkClient.ts';
import { startSeqline, type Seqline } from '../support/seqline.ts';
import { until } from '../support/until.ts';
import { devicesOn, registered, type Devices } from './kits.ts';

const APPROVED = 1201;
const PAGE = { offset: 0, count: 100 };

let chromium: Chromium;
let server: Seqline;
let devices: Devices;

beforeAll(async () => {
  [server, chromium] = await Promise.all([startSeqline(), launchChromium()]);
  devices = devicesOn(server, chromium);
});
afterEach(() => devices.closeAll());
afterAll(async () => {
  await chromium.close();
  await server.dispose();
});

type Friend = Readonly<{ userID: string; nickname: string; remark: string }>;

const items = (found: unknown): readonly unknown[] => listAt({ found }, 'found');
const idsOf = (found: unknown): readonly string[] =>
  items(found).map((item) => textAt(item, 'userID'));

/** The list as the app of this device would show it. */
const friendsOf = async (client: SdkClient): Promise<readonly Friend[]> =>
  items(await client.call('getFriendList', false)).map((item) => ({
    userID: textAt(item, 'userID'),
    nickname: textAt(item, 'nickname'),
    remark: textAt(item, 'remark'),
  }));

const friendsWhere = (
  client: SdkClient,
  wanted: (friends: readonly Friend[]) => boolean,
): Promise<readonly Friend[]> => {
  let last: readonly Friend[] = [];
  return until(
    `${client.userID} lists friends as wanted`,
    async () => {
      last = await friendsOf(client);
      return wanted(last) ? last : undefined;
    },
    { seen: () => last },
  );
};

/** The server's code; 0 when the call was done. */
const refusalOf = async (asked: Promise<unknown>): Promise<number> =>
  asked.then(
    () => 0,
    (error: unknown) => {
      if (error instanceof SdkRefusal) return error.errCode;
      throw error;
    },
  );

describe('three users with the wasm SDK', () => {
  test('[FRD-32] ask, agree, refuse, name, block and delete, and each device sees its part at once', async () => {
    const [ann, bob, cat] = await Promise.all(
      ['ann', 'bob', 'cat'].map((name) => registered(server, name)),
    );
    if (ann === undefined || bob === undefined || cat === undefined) throw new Error('three users');
    const [{ client: anns }, { client: bobs }, { client: cats }] = await Promise.all([
      devices.ready('wasm', ann),
      devices.ready('wasm', bob),
      devices.ready('wasm', cat),
    ]);

    await anns.call('addFriend', { toUserID: bob, reqMsg: 'it is ann' });
    const asked = await bobs.events.heard('OnFriendApplicationAdded');
    expect(textAt(asked.data, 'fromUserID')).toBe(ann);
    expect(textAt(asked.data, 'fromNickname')).toBe(`${ann} of the tests`);
    expect(textAt(asked.data, 'reqMsg')).toBe('it is ann');
    const waiting = items(await bobs.call('getFriendApplicationListAsRecipient', PAGE));
    expect(waiting.map((item) => textAt(item, 'reqMsg'))).toEqual(['it is ann']);
    expect(await friendsOf(anns)).toEqual([]);

    await bobs.call('acceptFriendApplication', { toUserID: ann, handleMsg: 'yes' });
    const agreed = await anns.events.heard('OnFriendApplicationAccepted');
    expect(textAt(agreed.data, 'handleMsg')).toBe('yes');
    for (const [client, other] of [
      [anns, bob],
      [bobs, ann],
    ] as const) {
      const added = await client.events.heard('OnFriendAdded');
      expect(textAt(added.data, 'userID')).toBe(other);
      const [friend] = await friendsWhere(client, ({ length }) => length === 1);
      expect(friend).toEqual({ userID: other, nickname: `${other} of the tests`, remark: '' });
    }
    // The line that says so counts as unread for who has asked.
    const chat = await conversationWhere(
      anns,
      singleChat(ann, bob),
      ({ unreadCount }) => unreadCount === 1,
    );
    expect(chat.latest).toMatchObject({ contentType: APPROVED, seq: 1, sendID: bob });
    expect(await refusalOf(anns.call('addFriend', { toUserID: bob, reqMsg: '' }))).toBe(1304);

    await cats.call('addFriend', { toUserID: ann, reqMsg: 'and cat' });
    await anns.events.heard('OnFriendApplicationAdded', { after: 0 });
    await anns.call('refuseFriendApplication', { toUserID: cat, handleMsg: 'no' });
    const refused = await cats.events.heard('OnFriendApplicationRejected');
    expect(textAt(refused.data, 'handleMsg')).toBe('no');
    expect(await friendsOf(cats)).toEqual([]);

    await anns.call('updateFriends', { friendUserIDs: [bob], remark: 'Bobby', isPinned: true });
    const named = await anns.events.heard('OnFriendInfoChanged');
    expect(textAt(named.data, 'remark')).toBe('Bobby');
    expect((await friendsOf(anns))[0]?.remark).toBe('Bobby');
    const mark = anns.events.mark;
    await bobs.call('setSelfInfo', { nickname: 'Robert' });
    const renamed = await anns.events.heard('OnFriendInfoChanged', { after: mark });
    expect(textAt(renamed.data, 'nickname')).toBe('Robert');
    expect((await friendsOf(anns))[0]).toEqual({
      userID: bob,
      nickname: 'Robert',
      remark: 'Bobby',
    });

    await anns.call('addBlack', { toUserID: cat });
    await anns.events.heard('OnBlackAdded');
    expect(idsOf(await anns.call('getBlackList'))).toEqual([cat]);
    expect(await refusalOf(cats.sendText(ann, 'let me in'))).toBe(1302);
    expect((await anns.sendText(cat, 'but you hear me')).status).toBe(2);
    await anns.call('removeBlack', cat);
    await anns.events.heard('OnBlackDeleted');
    expect((await cats.sendText(ann, 'and now?')).status).toBe(2);

    await bobs.call('deleteFriend', ann);
    const gone = await bobs.events.heard('OnFriendDeleted');
    expect(textAt(gone.data, 'userID')).toBe(ann);
    expect(await friendsOf(bobs)).toEqual([]);
    expect((await friendsOf(anns)).map(({ userID }) => userID)).toEqual([bob]);

    // Whoever is blocked or named, and whoever is deleted, is told nothing of it.
    expect(cats.events.names().filter((name) => /Black/.test(name))).toEqual([]);
    expect(bobs.events.count('OnFriendInfoChanged')).toBe(0);
    expect(anns.events.count('OnFriendDeleted')).toBe(0);
    for (const client of [anns, bobs, cats]) expect(client.faults()).toEqual([]);

    // An empty device has the same lists.
    await anns.close();
    const { client: fresh } = await devices.ready('wasm', ann);
    const [friend] = await friendsWhere(fresh, ({ length }) => length === 1);
    expect(friend).toEqual({ userID: bob, nickname: 'Robert', remark: 'Bobby' });

    // And what an app server brings in shows on it without its doing.
    await server.asAdmin('/friend/import_friend', { ownerUserID: ann, friendUserIDs: [cat] });
    await fresh.events.heard('OnFriendAdded');
    expect((await friendsOf(fresh)).map(({ userID }) => userID)).toEqual([bob, cat]);
    expect(fresh.faults()).toEqual([]);
  });
});

describe('the JS SDK', () => {
  test('[FRD-32] lists friends, requests and blocks, and is told of them', async () => {
    const [ann, bob] = [await registered(server, 'ann'), await registered(server, 'bob')];
    const { client: anns } = await devices.ready('js', ann);
    const { client: bobs } = await devices.ready('js', bob);

    await bobs.call('addFriend', { toUserID: ann, reqMsg: 'it is bob' });
    await anns.events.heard('OnFriendApplicationAdded');
    const waiting = items(await anns.call('getFriendApplicationListAsRecipient', PAGE));
    expect(waiting.map((item) => [textAt(item, 'reqMsg'), numberAt(item, 'handleResult')])).toEqual(
      [['it is bob', 0]],
    );
    await anns.call('acceptFriendApplication', { toUserID: bob, handleMsg: '' });
    await bobs.events.heard('OnFriendApplicationAccepted');
    await anns.events.heard('OnFriendAdded');
    expect(idsOf(await anns.call('getFriendListPage', PAGE))).toEqual([bob]);
    expect(idsOf(await bobs.call('getFriendListPage', PAGE))).toEqual([ann]);
    expect(
      items(await anns.call('checkFriend', [bob])).map((item) => numberAt(item, 'result')),
    ).toEqual([1]);

    await anns.call('updateFriends', { friendUserIDs: [bob], remark: 'Bobby' });
    const named = await anns.events.heard('OnFriendInfoChanged');
    expect(textAt(named.data, 'remark')).toBe('Bobby');
    await anns.call('addBlack', { toUserID: bob });
    await anns.events.heard('OnBlackAdded');
    expect(idsOf(await anns.call('getBlackList', PAGE))).toEqual([bob]);
    expect(await refusalOf(bobs.sendText(ann, 'hello?'))).toBe(1302);
    await anns.call('deleteFriend', bob);
    await anns.events.heard('OnFriendDeleted');
    expect(idsOf(await anns.call('getFriendListPage', PAGE))).toEqual([]);
    expect(bobs.events.names().filter((name) => /Black/.test(name))).toEqual([]);
  });
});

test('[BLK-4] on a server for friends only, strangers are refused until they are friends', async () => {
  const strict = await startSeqline({ SEQLINE_FRIEND_VERIFY: 'on' });
  try {
    const [ann, bob] = [await registered(strict, 'ann'), await registered(strict, 'bob')];
    const send = (sendID: string, recvID: string): Promise<unknown> => {
      const content = { content: 'hello' };
      const message = { sendID, recvID, content, contentType: 101, sessionType: 1 };
      return strict.asAdmin('/msg/send_msg', message);
    };
    await expect(send(ann, bob)).rejects.toThrow('1303');
    await send('imAdmin', bob);
    await strict.asAdmin('/friend/import_friend', { ownerUserID: ann, friendUserIDs: [bob] });
    await send(ann, bob);
    await send(bob, ann);
    await strict.asAdmin('/friend/delete_friend', { ownerUserID: bob, friendUserID: ann });
    await expect(send(ann, bob)).rejects.toThrow('1303');
    await send(bob, ann);
  } finally {
    await strict.dispose();
  }
});
