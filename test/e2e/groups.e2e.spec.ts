import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { launchChromium, type Chromium } from '../support/chromium.ts';
import { numberAt, textAt } from '../support/json.ts';
import { WEB, type SdkClient } from '../support/sdkClient.ts';
import { startSeqline, type Seqline } from '../support/seqline.ts';
import { untilTrue } from '../support/until.ts';
import {
  groupsWhere,
  heardOf,
  hears,
  items,
  lineIn,
  membersWhere,
  refusalOf,
  rolesAre,
  sendToGroup,
} from './groupKit.ts';
import { devicesOn, registered, type Devices, type SdkName } from './kits.ts';

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

type Three = Readonly<{
  ids: readonly [string, string, string];
  clients: readonly [SdkClient, SdkClient, SdkClient];
}>;

const three = async (sdk: SdkName): Promise<Three> => {
  const one = async (name: string) => {
    const id = await registered(server, name);
    return { id, client: (await devices.ready(sdk, id)).client };
  };
  const [ann, bob, cat] = await Promise.all([one('ann'), one('bob'), one('cat')]);
  return { ids: [ann.id, bob.id, cat.id], clients: [ann.client, bob.client, cat.client] };
};

/** On each device alike. */
const everywhere = async (
  clients: readonly SdkClient[],
  look: (client: SdkClient) => Promise<unknown>,
): Promise<void> => {
  await Promise.all(clients.map(look));
};

const create = async (
  client: SdkClient,
  memberUserIDs: readonly string[],
  info: object = {},
): Promise<string> => {
  const groupInfo = { groupType: 2, groupName: 'Team', ...info };
  const made = await client.call('createGroup', {
    memberUserIDs,
    adminUserIDs: [],
    ownerUserID: client.userID,
    groupInfo,
  });
  return textAt(made, 'groupID');
};

describe('three users with the wasm SDK', () => {
  test('[GRP-90] make a group, speak in it, change who is what, kick and end it; each device shows it at once', async () => {
    const { ids, clients } = await three('wasm');
    const [ann, bob, cat] = ids;
    const [anns, bobs, cats] = clients;
    const groupID = await create(anns, [bob, cat]);
    for (const client of clients) {
      expect(await groupsWhere(client, ({ length }) => length === 1)).toEqual([
        { groupID, name: 'Team', status: 0, owner: ann },
      ]);
      await membersWhere(client, groupID, rolesAre({ [ann]: 100, [bob]: 20, [cat]: 20 }));
    }
    // The lines of the chat reach all as well, with the names that an app shows.
    for (const client of [bobs, cats]) {
      await heardOf(client, 'OnJoinedGroupAdded', 'groupID', groupID);
      const line = await lineIn(client, 1501);
      expect(line.sendID).toBe(ann);
      expect(line.detail).toContain(`"nickname":"${cat} of the tests"`);
    }

    await sendToGroup(bobs, groupID, 'hello all');
    for (const client of [anns, cats]) {
      expect((await hears(client, 'hello all')).sendID).toBe(bob);
    }

    await anns.call('setGroupMemberInfo', { groupID, userID: cat, roleLevel: 60 });
    await bobs.call('setGroupMemberInfo', { groupID, userID: bob, nickname: 'Bobby' });
    for (const client of clients) {
      const members = await membersWhere(client, groupID, (all) =>
        all.some(({ nickname }) => nickname === 'Bobby'),
      );
      expect(members.map(({ userID, role }) => [userID, role])).toEqual([
        [ann, 100],
        [cat, 60],
        [bob, 20],
      ]);
    }
    await anns.call('setGroupInfo', { groupID, groupName: 'Renamed' });
    await everywhere(clients, (client) =>
      groupsWhere(client, ([group]) => group?.name === 'Renamed'),
    );

    // By an app admin from outside: this SDK hands its wasm an argument too many, and asks no server.
    await server.asAdmin('/group/mute_group', { groupID });
    await everywhere(clients, (client) => groupsWhere(client, ([group]) => group?.status === 3));
    expect(await refusalOf(sendToGroup(bobs, groupID, 'may I?'))).toBe(1403);
    await sendToGroup(cats, groupID, 'I may');
    await server.asAdmin('/group/cancel_mute_group', { groupID });
    await everywhere(clients, (client) => groupsWhere(client, ([group]) => group?.status === 0));
    await cats.call('changeGroupMemberMute', { groupID, userID: bob, mutedSeconds: 600 });
    await heardOf(bobs, 'OnGroupMemberInfoChanged', 'userID', bob);
    expect(await refusalOf(sendToGroup(bobs, groupID, 'and now?'))).toBe(1402);
    await cats.call('changeGroupMemberMute', { groupID, userID: bob, mutedSeconds: 0 });
    await sendToGroup(bobs, groupID, 'thanks');
    await everywhere([anns, cats], (client) => hears(client, 'thanks'));

    await anns.call('transferGroupOwner', { groupID, newOwnerUserID: bob });
    const handed = { [bob]: 100, [cat]: 60, [ann]: 20 };
    await everywhere(clients, (client) => membersWhere(client, groupID, rolesAre(handed)));

    // Scenario 8.2, step 10 of the gateway reference.
    await bobs.call('kickGroupMember', { groupID, reason: '', userIDList: [cat] });
    await heardOf(cats, 'OnJoinedGroupDeleted', 'groupID', groupID);
    expect(await groupsWhere(cats, ({ length }) => length === 0)).toEqual([]);
    for (const client of [anns, bobs]) {
      await membersWhere(client, groupID, rolesAre({ [bob]: 100, [ann]: 20 }));
    }
    await lineIn(cats, 1508);
    expect(await refusalOf(sendToGroup(cats, groupID, 'let me in'))).toBe(1203);
    await sendToGroup(anns, groupID, 'she is gone');
    await hears(bobs, 'she is gone');

    await anns.call('quitGroup', groupID);
    await heardOf(anns, 'OnJoinedGroupDeleted', 'groupID', groupID);
    await membersWhere(bobs, groupID, rolesAre({ [bob]: 100 }));
    // Once she is back she sees what newcomers see, and that is all of it.
    expect(cats.events.messages().some(({ text }) => text === 'she is gone')).toBe(false);
    await bobs.call('inviteUserToGroup', { groupID, reason: '', userIDList: [ann, cat] });
    await everywhere([anns, cats], (client) => groupsWhere(client, ({ length }) => length === 1));
    await sendToGroup(cats, groupID, 'back again');
    await everywhere([anns, bobs], (client) => hears(client, 'back again'));

    await bobs.call('dismissGroup', groupID);
    for (const client of clients) {
      await heardOf(client, 'OnGroupDismissed', 'groupID', groupID);
      expect(await groupsWhere(client, ({ length }) => length === 0)).toEqual([]);
    }
    expect(await refusalOf(sendToGroup(bobs, groupID, 'anybody?'))).toBeGreaterThan(0);
    for (const client of clients) expect(client.faults()).toEqual([]);
  });

  test('[GRP-91] come in as the group has it, with a request that is agreed to or refused, or at once', async () => {
    const { ids, clients } = await three('wasm');
    const [ann, bob, cat] = ids;
    const [anns, bobs, cats] = clients;
    const join = (client: SdkClient, groupID: string) =>
      client.call('joinGroup', { groupID, reqMsg: 'let me in', joinSource: 3, ex: '' });
    const answered = { groupID: [], handleResults: [], offset: 0, count: 10 };

    // 0: who applies is asked about, who is invited is not.
    const some = await create(anns, [], { needVerification: 0 });
    await join(bobs, some);
    const asked = await anns.events.heard('OnGroupApplicationAdded');
    expect(textAt(asked.data, 'userID')).toBe(bob);
    expect(textAt(asked.data, 'reqMsg')).toBe('let me in');
    const waiting = items(await anns.call('getGroupApplicationListAsRecipient', answered));
    expect(waiting.map((one) => [textAt(one, 'userID'), numberAt(one, 'handleResult')])).toEqual([
      [bob, 0],
    ]);
    await anns.call('refuseGroupApplication', { groupID: some, fromUserID: bob, handleMsg: 'no' });
    const refused = await bobs.events.heard('OnGroupApplicationRejected');
    expect(textAt(refused.data, 'handledMsg')).toBe('no');
    expect(await groupsWhere(bobs, () => true)).toEqual([]);
    await join(bobs, some);
    await anns.call('acceptGroupApplication', { groupID: some, fromUserID: bob, handleMsg: 'yes' });
    await bobs.events.heard('OnGroupApplicationAccepted');
    await groupsWhere(bobs, ({ length }) => length === 1);
    await membersWhere(anns, some, rolesAre({ [ann]: 100, [bob]: 20 }));
    await bobs.call('inviteUserToGroup', { groupID: some, reason: '', userIDList: [cat] });
    await groupsWhere(cats, ({ length }) => length === 1);

    // 1: whoever a member invites is asked about, too.
    const all = await create(anns, [bob], { needVerification: 1 });
    await groupsWhere(bobs, ({ length }) => length === 2);
    const mark = anns.events.mark;
    await bobs.call('inviteUserToGroup', { groupID: all, reason: 'a friend', userIDList: [cat] });
    await heardOf(anns, 'OnGroupApplicationAdded', 'userID', cat, mark);
    expect(await groupsWhere(cats, () => true)).toHaveLength(1);
    await anns.call('acceptGroupApplication', { groupID: all, fromUserID: cat, handleMsg: '' });
    await groupsWhere(cats, ({ length }) => length === 2);

    // 2: nobody is asked about.
    const open = await create(anns, [], { needVerification: 2 });
    await join(cats, open);
    await groupsWhere(cats, ({ length }) => length === 3);
    await membersWhere(anns, open, rolesAre({ [ann]: 100, [cat]: 20 }));
    await lineIn(anns, 1510);
    for (const client of clients) expect(client.faults()).toEqual([]);
  });
});
test('[GRP-92] the JS SDK lists groups and members, and is told of each change', async () => {
  const { ids, clients } = await three('js');
  const [ann, bob, cat] = ids;
  const [anns, bobs, cats] = clients;
  const groupID = await create(anns, [bob]);
  await groupsWhere(bobs, ([group]) => group?.groupID === groupID && group.owner === ann);
  await membersWhere(bobs, groupID, rolesAre({ [ann]: 100, [bob]: 20 }));
  await sendToGroup(bobs, groupID, 'hello');
  await hears(anns, 'hello');

  await anns.call('inviteUserToGroup', { groupID, reason: '', userIDList: [cat] });
  await groupsWhere(cats, ({ length }) => length === 1);
  await heardOf(bobs, 'OnGroupMemberAdded', 'userID', cat);
  await anns.call('setGroupInfo', { groupID, groupName: 'Renamed' });
  await everywhere([bobs, cats], (client) =>
    groupsWhere(client, ([one]) => one?.name === 'Renamed'),
  );
  await anns.call('kickGroupMember', { groupID, reason: '', userIDList: [cat] });
  await heardOf(cats, 'OnJoinedGroupDeleted', 'groupID', groupID);
  expect(await groupsWhere(cats, ({ length }) => length === 0)).toEqual([]);
  await heardOf(bobs, 'OnGroupMemberDeleted', 'userID', cat);
  // This SDK asks the server who its user is in the group, and tells its app the answer: that is no member's.
  const noMember = '10006 NoPermissionError';
  await expect(sendToGroup(cats, groupID, 'let me in')).rejects.toThrow(noMember);

  // On an empty device, after all has been cleared, each is as before: one may speak and the other may not.
  const anew = async (userID: string): Promise<SdkClient> => {
    const token = await server.tokenOf(userID, WEB);
    await server.api('/msg/user_clear_all_msg', { userID }, { token });
    return (await devices.ready('js', userID)).client;
  };
  await expect(sendToGroup(await anew(cat), groupID, 'now?')).rejects.toThrow(noMember);
  const empty = await anew(bob);
  await sendToGroup(empty, groupID, 'still here');
  await hears(anns, 'still here');

  await anns.call('dismissGroup', groupID);
  await groupsWhere(empty, ({ length }) => length === 0);
});

/** The `groupAtType` that the app of this device would show. */
const namedAs = async (client: SdkClient, conversationID: string): Promise<number | undefined> => {
  const all = items(await client.call('getAllConversationList'));
  const found = all.find((each) => textAt(each, 'conversationID') === conversationID);
  return found === undefined ? undefined : numberAt(found, 'groupAtType');
};

test('[GRP-93] who is named, and all, see that they are, and an empty device has the history', async () => {
  const { ids, clients } = await three('wasm');
  const [, bob, cat] = ids;
  const [anns, bobs, cats] = clients;
  const groupID = await create(anns, [bob, cat]);
  const chat = `sg_${groupID}`;
  const sendAt = async (atUserIDList: readonly string[], text: string): Promise<void> => {
    const atUsersInfo = atUserIDList.map((atUserID) => ({ atUserID, groupNickname: atUserID }));
    const message = await anns.call('createTextAtMessage', { text, atUserIDList, atUsersInfo });
    await anns.call('sendMessage', { recvID: '', groupID, message });
  };
  await sendAt([bob], 'hear, bob');
  const shows = (client: SdkClient, type: number) =>
    untilTrue(`${client.userID} is named as ${String(type)}`, async () => {
      return (await namedAs(client, chat)) === type;
    });
  await shows(bobs, 1);
  expect(await namedAs(cats, chat)).toBe(0);
  await sendAt(['AtAllTag'], 'hear, all');
  await shows(cats, 2);

  await bobs.close();
  const { client: fresh } = await devices.ready('wasm', bob);
  await groupsWhere(fresh, ({ length }) => length === 1);
  const history = await fresh.history(chat, 20);
  expect(history.map(({ seq }) => seq)).toEqual([1, 2, 3]);
  for (const client of [anns, cats, fresh]) expect(client.faults()).toEqual([]);
});
