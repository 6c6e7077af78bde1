/**
 * What one 1:1 text message costs on the wire, by form: `npx tsx test/bench/wire.ts`. Prints µs of CPU
 * per call, the best of several rounds, so that what else the machine does counts little.
 */
import {
  decodeRequest,
  encodePush,
  encodeReply,
  type Reply,
  type WireForm,
} from '../../gateways/openim/envelope.ts';
import { emptyMsgData, msgData, type MsgData } from '../../gateways/openim/msgData.ts';
import { pushMessages, sendMsgResp } from '../../gateways/openim/requests.ts';
import { encodeRequest } from '../support/rawWire.ts';

const ROUNDS = 8;
const ROUND_MS = 150;
const CALLS_BETWEEN_LOOKS = 500;

const message: MsgData = {
  ...emptyMsgData(),
  sendID: 'user_000017',
  recvID: 'user_004711',
  clientMsgID: '9b74c9897bac770ffc029102a200c5de',
  senderPlatformID: 5,
  senderNickname: 'Ann',
  senderFaceURL: 'https://files.example.com/faces/ann.png',
  sessionType: 1,
  msgFrom: 100,
  contentType: 101,
  content: '{"content":"See you at the station at half past eight, then."}',
  createTime: 1_760_000_000_000,
  status: 1,
  offlinePushInfo: {
    title: '',
    desc: '',
    ex: '',
    iOSPushSound: '',
    iOSBadgeCount: true,
    signalInfo: '',
  },
};

const stored: MsgData = {
  ...message,
  serverMsgID: '0cc175b9c0f1b6a831c399e269772661',
  seq: 4711,
  sendTime: 1_760_000_000_123,
  status: 2,
};

const measure = (work: () => unknown): number => {
  let best = Infinity;
  for (let round = 0; round < ROUNDS; round++) {
    const start = process.cpuUsage();
    let calls = 0;
    let took = 0;
    while (took < ROUND_MS * 1e3) {
      for (let call = 0; call < CALLS_BETWEEN_LOOKS; call++) work();
      calls += CALLS_BETWEEN_LOOKS;
      const { user, system } = process.cpuUsage(start);
      took = user + system;
    }
    best = Math.min(best, took / calls);
  }
  return best;
};

const report = (what: string, bytes: number, work: () => unknown): void => {
  process.stdout.write(
    `${what.padEnd(44)}${String(bytes).padStart(6)} B${measure(work).toFixed(2).padStart(8)} µs\n`,
  );
};

const request = {
  reqIdentifier: 1003,
  sendID: message.sendID,
  operationID: '5f3b1f0e-6a40-4b3c-9a6e-7f1f54e1b2aa',
  msgIncr: 'user_000017_1760000000000123',
  data: msgData.encode(message),
};

const reply: Reply = {
  identifier: 1003,
  msgIncr: request.msgIncr,
  operationId: request.operationID,
  errCode: 0,
  errMsg: '',
  data: sendMsgResp.encode({
    serverMsgID: stored.serverMsgID,
    clientMsgID: stored.clientMsgID,
    sendTime: stored.sendTime,
  }),
};

const pushOf = (): Uint8Array =>
  pushMessages.encode({
    msgs: new Map([['si_user_000017_user_004711', { Msgs: [stored], isEnd: false, endSeq: 0 }]]),
    notificationMsgs: new Map(),
  });

report('MsgData decode', request.data.length, () => msgData.decode(request.data));
report('MsgData encode', request.data.length, () => msgData.encode(message));
const push = pushOf();
report('PushMessages encode', push.length, pushOf);

const FORMS = [
  { name: 'json', form: { kind: 'json', gzip: false } },
  { name: 'gob', form: { kind: 'gob', gzip: false } },
  { name: 'gob+gzip', form: { kind: 'gob', gzip: true } },
] as const satisfies readonly { name: string; form: WireForm }[];

for (const { name, form } of FORMS) {
  const frame = encodeRequest(
    { sdkType: form.kind === 'gob' ? 'go' : 'js', gzip: form.gzip },
    request,
  );
  report(`${name}: request envelope decode`, frame.length, () => decodeRequest(frame, form));
  report(`${name}: request and MsgData decode`, frame.length, () =>
    msgData.decode(decodeRequest(frame, form).data),
  );
  report(`${name}: reply wrap`, encodeReply(reply, form).length, () => encodeReply(reply, form));
  report(`${name}: push wrap`, encodePush(request.operationID, push, form).length, () =>
    encodePush(request.operationID, push, form),
  );
}
