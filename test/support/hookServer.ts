import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { start, type Running } from '../../infra/app/start.ts';
import { readConfig } from '../../infra/config/config.ts';
import { createLog } from '../../infra/observe/log.ts';
import { isRecord, parseJson, textAt } from './json.ts';
import { testDatabase } from './postgres.ts';
import { dial } from './rawSocket.ts';
import { JSON_FORM, PbCoder, textMessage, textOf } from './rawWire.ts';
import { until } from './until.ts';

const SECRET = 'the-secret-of-the-app-server';

export type Answer = Readonly<{ errCode: number; errMsg: string; errDlt: string; data?: unknown }>;

/** A server in this process whose file of webhooks a test writes, and which it may end and begin again. */
export const hookServer = async () => {
  const root = await mkdtemp(join(tmpdir(), 'seqline-hooks-'));
  const database = await testDatabase();
  const webhooks = join(root, 'webhooks.json');
  const lines: string[] = [];
  let running: Running | undefined;
  let admin = '';

  const post = async (
    path: string,
    body: object,
    token = admin,
    operationID = `op ${path}`,
  ): Promise<Answer> => {
    const response = await fetch(`${running?.httpAddress ?? ''}${path}`, {
      method: 'POST',
      headers: { operationID, token },
      body: JSON.stringify(body),
    });
    const parsed = parseJson(await response.text());
    if (!isRecord(parsed)) throw new Error(`${path} did not answer with an object`);
    return parsed as Answer;
  };
  const tokenOf = async (userID: string, platformID = 5): Promise<string> =>
    textAt((await post('/auth/get_user_token', { userID, platformID })).data, 'token');

  const config = () => {
    const read = readConfig({
      SEQLINE_HTTP_PORT: '0',
      SEQLINE_WS_PORT: '0',
      SEQLINE_DATA: join(root, 'data'),
      SEQLINE_SECRET: SECRET,
      SEQLINE_LOG_LEVEL: 'info',
      SEQLINE_WEBHOOKS: webhooks,
      DATABASE_URL: 'postgres://placeholder/x',
    });
    return { ...read, postgres: { kind: 'url', url: database.url } } as const;
  };

  return {
    lines,
    post,
    tokenOf,
    /** Writes the file and starts; users are ann, bob and cat. */
    begin: async (endpoints: readonly object[]) => {
      await writeFile(webhooks, JSON.stringify({ endpoints }));
      running = await start(config(), createLog('info', { write: (line) => lines.push(line) }));
      const given = await post('/auth/get_admin_token', { secret: SECRET, userID: 'imAdmin' }, '');
      admin = textAt(given.data, 'token');
    },
    register: (...userIDs: string[]) =>
      post('/user/user_register', {
        users: userIDs.map((userID) => ({ userID, nickname: userID })),
      }),
    metrics: async () => (await fetch(`${running?.httpAddress ?? ''}/metrics`)).text(),
    end: async () => {
      await running?.close();
      running = undefined;
    },
    /** Of a running server, as `seqline` commands take it. */
    at: () => ({ ...config(), httpPort: Number(new URL(running?.httpAddress ?? '').port) }),
    /** A connected client: sends texts, and has what it was pushed. */
    connect: async (userID: string, platformID = 5) => {
      const pushed: { clientMsgID: string; text: string; seq: number; from: string }[] = [];
      const token = await tokenOf(userID, platformID);
      const wsAddr = running?.wsAddress ?? '';
      const login = { wsAddr, userID, token, platformID, form: JSON_FORM };
      const socket = await dial(login, {
        frame: ({ data }) => {
          const { msgs } = PbCoder.PushMessages.decode(data);
          for (const { Msgs } of Object.values(msgs)) {
            for (const message of Msgs) {
              const { clientMsgID, seq, sendID } = message;
              pushed.push({ clientMsgID, text: textOf(message), seq, from: sendID });
            }
          }
        },
      });
      return {
        pushed,
        socket,
        send: async (to: string, clientMsgID: string, text: string) => {
          const message = textMessage({ from: userID, to, clientMsgID, text, platformID });
          const { errCode, errMsg } = await socket.request(
            1003,
            PbCoder.MsgData.encode(message).finish(),
          );
          return { errCode, errMsg };
        },
        pushOf: (clientMsgID: string) =>
          until(`${userID} is pushed ${clientMsgID}`, () =>
            pushed.find((message) => message.clientMsgID === clientMsgID),
          ),
      };
    },
    drop: async () => {
      await running?.close();
      await database.drop();
      await rm(root, { recursive: true });
    },
  };
};

export type HookServer = Awaited<ReturnType<typeof hookServer>>;
