import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { setAppBackgroundStatusReq } from '../../../../gateways/openim/requests.ts';
import { hookServer, type HookServer } from '../../../support/hookServer.ts';
import { receiver, type Receiver } from '../../../support/receiver.ts';
import { untilTrue } from '../../../support/until.ts';

const IOS = 1;
const WEB = 5;

let server: HookServer;
let app: Receiver;
const endpoint = () => ({
  name: 'push',
  url: app.url,
  allowPrivate: true,
  after: { beforeOfflinePush: {}, afterSendSingleMsg: {} },
});

beforeAll(async () => {
  server = await hookServer();
  app = await receiver();
  await server.begin([endpoint()]);
  await server.register('ann', 'bob', 'cat');
});
afterEach(() => {
  app.received.length = 0;
});
afterAll(async () => {
  await server.drop();
  await app.end();
});

const send = (clientMsgID: string, to: object) =>
  server.post('/msg/send_msg', {
    sendID: 'ann',
    content: { content: clientMsgID },
    contentType: 101,
    sessionType: 1,
    clientMsgID,
    ...to,
  });
const pushes = () =>
  app.received
    .map(({ body }) => body)
    .filter(({ callbackCommand }) => callbackCommand === 'callbackBeforeOfflinePushCommand');
/** For whom each message is to be pushed, in order. */
const wanted = () => pushes().map((body) => [body['clientMsgID'], body['userIDList']]);
const told = (clientMsgID: string) =>
  untilTrue(
    `${clientMsgID} has been told`,
    () => app.received.some(({ body }) => body['clientMsgID'] === clientMsgID),
    { seen: wanted },
  );

describe('an app server that pushes by itself', () => {
  test('[HOK-46] learns of each message whom it has not reached', async () => {
    await send('m1', { recvID: 'bob' });
    await untilTrue('it is told', () => pushes().length === 1, { seen: app.commands });
    expect(pushes()).toMatchObject([
      {
        userIDList: ['bob'],
        sendID: 'ann',
        groupID: '',
        clientMsgID: 'm1',
        content: '{"content":"m1"}',
        conversationID: 'si_ann_bob',
        seq: 1,
        sessionType: 1,
      },
    ]);
  });

  test('[HOK-45] [HOK-47] not while a phone has it in hand, but once its app is in the background', async () => {
    const phone = await server.connect('bob', IOS);
    const web = await server.connect('cat', WEB);
    await send('m2', { recvID: 'bob' });
    await phone.pushOf('m2');
    const status = { userID: 'bob', isBackground: true };
    await phone.socket.request(2004, setAppBackgroundStatusReq.encode(status));
    await send('m3', { recvID: 'bob' });
    // At a desk, and so not reached by what would be pushed.
    await send('m4', { recvID: 'cat' });
    await web.pushOf('m4');
    await untilTrue('both are told', () => pushes().length === 2, { seen: wanted });
    expect(wanted().sort()).toEqual([
      ['m3', ['bob']],
      ['m4', ['cat']],
    ]);
    phone.socket.terminate();
    web.socket.terminate();
  });

  test('[HOK-45] of a group: who has it set to wake nobody is left out', async () => {
    await server.post('/group/create_group', {
      ownerUserID: 'ann',
      memberUserIDs: ['bob', 'cat'],
      groupInfo: { groupID: 'g1', groupName: 'G', groupType: 2 },
    });
    const conversation = { conversationID: 'sg_g1', conversationType: 3, groupID: 'g1' };
    const quiet = { userIDs: ['cat'], conversation: { ...conversation, recvMsgOpt: 2 } };
    expect(await server.post('/conversation/set_conversations', quiet)).toMatchObject({
      errCode: 0,
    });
    app.received.length = 0;
    await send('m5', { sessionType: 3, groupID: 'g1' });
    await untilTrue('it is told', () => wanted().some(([id]) => id === 'm5'), { seen: wanted });
    expect(wanted().filter(([id]) => id === 'm5')).toEqual([['m5', ['bob']]]);
  });

  test('[HOK-46] what was missed while it was away comes when it is back, after a restart too', async () => {
    await app.end();
    await send('m6', { recvID: 'bob' });
    await server.end();
    await server.begin([endpoint()]);
    await send('m7', { recvID: 'bob' });
    await app.begin();
    await untilTrue('both are told', () => pushes().length >= 2, { seen: wanted });
    await told('m7');
    expect(wanted().slice(0, 2)).toEqual([
      ['m6', ['bob']],
      ['m7', ['bob']],
    ]);
  });
});
