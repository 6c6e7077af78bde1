import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { catalogue } from '../../../../core/kernel/catalogue.ts';
import { ALL_ROLES, type Roles } from '../../../../infra/app/roles.ts';
import { start, type Running } from '../../../../infra/app/start.ts';
import { EVERYBODY, written } from '../../../../infra/app/cluster/wire.ts';
import { openEsdbForReading } from '../../../../infra/eventstore/esdb/reader.ts';
import { openNats } from '../../../../infra/bus/nats.ts';
import { readConfig } from '../../../../infra/config/config.ts';
import { createLog } from '../../../../infra/observe/log.ts';
import { startServedLog, type ServedLog } from '../../../support/eventStore/servedLog.ts';
import { openRelay, type Relay } from '../../../support/faultRelay.ts';
import { natsServer, type NatsServer } from '../../../support/natsServer.ts';
import { testDatabase, type TestDatabase } from '../../../support/postgres.ts';
import { dial, type RawSocket } from '../../../support/rawSocket.ts';
import { JSON_FORM, PbCoder } from '../../../support/rawWire.ts';
import { receiver, type Receiver } from '../../../support/receiver.ts';
import { post, replyOf } from '../../../support/seqline.ts';
import { textAt } from '../../../support/json.ts';
import { until, untilTrue } from '../../../support/until.ts';

const SECRET = 'the-secret-of-the-app-server';
const BETWEEN = { within: 60_000 } as const;

/** A whole Seqline over what it shares with the others, and the line by which it reaches NATS. */
type Process = Readonly<{ running: Running; line: Relay; lines: string[] }>;

let root = '';
let served: ServedLog;
let nats: NatsServer;
let app: Receiver;
const databases: TestDatabase<object>[] = [];
const processes: Process[] = [];
let admin = '';

const begin = async (roles: Roles): Promise<Process> => {
  const line = await openRelay(nats.port);
  const lines: string[] = [];
  const [models, keys] = databases;
  const config = readConfig({
    SEQLINE_HTTP_PORT: '0',
    SEQLINE_WS_PORT: '0',
    SEQLINE_DATA: join(root, String(processes.length)),
    SEQLINE_SECRET: SECRET,
    SEQLINE_WEBHOOKS: join(root, 'webhooks.json'),
    SEQLINE_EVENTSTORE: served.url(),
    SEQLINE_BUS: line.wsAddr.replace('ws://', 'nats://'),
    DATABASE_URL: models?.url,
    SEQLINE_KEYS: keys?.url,
  });
  const log = createLog('info', { write: (text) => lines.push(text) });
  const begun = { running: await start(config, log, roles), line, lines };
  processes.push(begun);
  await untilTrue(
    'it is ready',
    async () => (await fetch(`${begun.running.httpAddress}/readyz`)).status === 200,
    BETWEEN,
  );
  return begun;
};

const call = async ({ running }: Process, path: string, body: object, token = admin) => {
  const answer = await post(`${running.httpAddress}${path}`, JSON.stringify(body), {
    operationID: `two ${path}`,
    token,
  });
  const { errCode, data } = replyOf(answer.status, answer.text);
  return { errCode, data };
};

const tokenOf = async (process: Process, userID: string, platformID: number): Promise<string> =>
  textAt((await call(process, '/auth/get_user_token', { userID, platformID })).data, 'token');

let one: Process;
let two: Process;
let api: Process;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'seqline-two-'));
  served = await startServedLog();
  nats = await natsServer();
  await nats.start();
  app = await receiver();
  const crm = {
    name: 'crm',
    url: app.url,
    allowPrivate: true,
    secrets: `whsec_${Buffer.alloc(32, 7).toString('base64')}`,
    after: { afterSendSingleMsg: {} },
  };
  await writeFile(join(root, 'webhooks.json'), JSON.stringify({ endpoints: [crm] }));
  databases.push(await testDatabase(), await testDatabase());
  one = await begin(ALL_ROLES);
  two = await begin(ALL_ROLES);
  api = await begin(new Set(['api']));
  const given = await call(one, '/auth/get_admin_token', { secret: SECRET, userID: 'imAdmin' }, '');
  admin = textAt(given.data, 'token');
  const users = ['ann', 'bob', 'cat'].map((userID) => ({ userID, nickname: userID }));
  await call(api, '/user/user_register', { users });
}, 180_000);

afterAll(async () => {
  for (const { running } of processes) await running.close();
  for (const { line } of processes) await line.close();
  await app.end();
  await nats.kill();
  await served.remove();
  for (const database of databases) {
    await database.close();
    await database.drop();
  }
  await rm(root, { recursive: true, force: true });
});

test('[NOD-24] who is at which gateway is known to all processes, and a subscription made at one without sockets reaches sockets of two', async () => {
  const told: string[] = [];
  const open: RawSocket[] = [];
  const connect = async (process: Process, userID: string, platformID: number) => {
    const token = await tokenOf(api, userID, platformID);
    const login = {
      wsAddr: process.running.wsAddress ?? '',
      userID,
      token,
      platformID,
      form: JSON_FORM,
    };
    const frame = ({ reqIdentifier, data }: { reqIdentifier: number; data: Uint8Array }): void => {
      if (reqIdentifier !== 2005) return;
      for (const { userID: about, onlinePlatformIDs } of PbCoder.SubUserOnlineStatusTips.decode(
        data,
      ).subscribers) {
        told.push(`${userID}${String(platformID)}: ${about} ${onlinePlatformIDs.join('+')}`);
      }
    };
    open.push(await dial(login, { frame }));
    return token;
  };
  const phone = await connect(one, 'ann', 1);
  await connect(two, 'ann', 5);
  await connect(two, 'bob', 2);

  const shown = async (path: string) =>
    JSON.stringify((await call(api, path, { userIDs: ['ann', 'bob', 'cat'] })).data);
  await until(
    'both gateways are shown',
    async () => {
      const text = await shown('/user/get_users_online_status');
      return (
        /"ann","status":1.*"platformID":1.*"platformID":5.*"bob","status":1.*"cat","status":0/.test(
          text,
        ) || undefined
      );
    },
    BETWEEN,
  );
  const tokens = await shown('/user/get_users_online_token_detail');
  expect(tokens).toMatch(
    /"ann".*"platformID":1,"total":1.*"platformID":5,"total":1.*"bob".*"platformID":2/,
  );
  expect(tokens).not.toContain('"cat"');

  const watch = { userID: 'ann', userIDs: ['cat'], genre: 1 };
  expect((await call(api, '/user/subscribe_users_status', watch, phone)).errCode).toBe(0);
  for (const process of [api, one, two]) {
    const listed = await call(
      process,
      '/user/get_subscribe_users_status',
      { userID: 'ann' },
      phone,
    );
    expect(JSON.stringify(listed.data)).toMatch(/"cat"/);
  }
  await connect(one, 'cat', 1);
  await untilTrue(
    'both connections are told',
    () => ['ann1: cat 1', 'ann5: cat 1'].every((line) => told.includes(line)),
    { ...BETWEEN, seen: () => told },
  );
  for (const socket of open) socket.terminate();
});

test('[NOD-25] one of two processes tells an endpoint; cut off, it is replaced by the other, which goes on where it stood, and it ceases', async () => {
  const ids = (): unknown[] => app.received.map(({ body }) => body['clientMsgID']);
  const send = async (clientMsgID: string): Promise<void> => {
    const message = { content: { content: clientMsgID }, contentType: 101, sessionType: 1 };
    const sent = { sendID: 'ann', recvID: 'bob', clientMsgID, ...message };
    expect((await call(api, '/msg/send_msg', sent)).errCode).toBe(0);
  };
  const sendAll = async (name: string): Promise<readonly string[]> => {
    const names = Array.from({ length: 20 }, (_, at) => `${name}${String(at)}`);
    for (const id of names) await send(id);
    await untilTrue(`${name} are told`, () => names.every((id) => ids().includes(id)), {
      ...BETWEEN,
      seen: ids,
    });
    return names;
  };
  const before = await sendAll('before');
  expect(ids()).toEqual(before);

  const isReplaced = (): boolean => one.lines.some((line) => line.includes('left to the process'));
  await one.line.close();
  let sent = 0;
  await untilTrue(
    'the other has taken over, and it knows',
    async () => {
      await send(`cut${String((sent += 1))}`);
      return isReplaced();
    },
    BETWEEN,
  );
  await sendAll('cut off');
  const after = await sendAll('after');
  for (let at = 1; at <= sent; at += 1) expect(ids()).toContain(`cut${String(at)}`);
  expect(ids().filter((id) => after.some((name) => name === id))).toEqual(after);
});

test('[NOD-12] while a process is there that cannot read an event, what leads to it is to be tried again, and all else goes on', async () => {
  const reader = await openEsdbForReading(served.url());
  const cluster = (reader.logId ?? expect.fail('the log has an id')).slice(0, 16);
  await reader.close();
  const older = await openNats({
    url: nats.url,
    cluster,
    log: { info: () => undefined, warn: () => undefined },
  });
  const knows = Object.entries(catalogue)
    .filter(([type]) => type !== 'GroupCreated')
    .map(([type, { version }]) => `${type}@${String(version)}`);
  let groups = 0;
  const make = () =>
    call(two, '/group/create_group', {
      ownerUserID: 'ann',
      memberUserIDs: ['bob'],
      groupInfo: { groupID: `new${String((groups += 1))}`, groupName: 'new', groupType: 2 },
    });
  const member = { id: 'older', leads: [], knows, index: 0 };
  const refused = await until(
    'it is refused',
    async () => {
      older.publish(EVERYBODY, written({ kind: 'member', ...member }));
      const { errCode } = await make();
      return errCode === 0 ? undefined : errCode;
    },
    BETWEEN,
  );
  expect(refused).toBe(500);
  const { errCode } = await call(two, '/user/update_user_info_ex', {
    userInfo: { userID: 'ann', nickname: 'Ann' },
  });
  expect(errCode).toBe(0);
  older.publish(EVERYBODY, written({ kind: 'gone', id: 'older' }));
  await untilTrue('it is done', async () => (await make()).errCode === 0, BETWEEN);
  await older.close();
});
