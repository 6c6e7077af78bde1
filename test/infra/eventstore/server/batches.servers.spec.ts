import { Client, credentials, type ClientDuplexStream } from '@grpc/grpc-js';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { MessageReader } from '../../../../infra/eventstore/protocol/protobufReader.ts';
import { MessageWriter } from '../../../../infra/eventstore/protocol/protobufWriter.ts';
import { writeStream } from '../../../../infra/eventstore/server/responses.ts';
import { readUuid, writeUuid, type UuidForm } from '../../../../infra/eventstore/protocol/uuid.ts';
import { servedLog } from '../../../support/eventStore/server.ts';
import { newId, newStream } from '../../../support/eventStore/events.ts';
import { untilTrue } from '../../../support/until.ts';

/** BatchAppend as any client may speak it, which the official one does only in part. */
const served = servedLog();
let client: Client;
beforeAll(() => {
  client = new Client(`127.0.0.1:${served.port()}`, credentials.createInsecure());
});
afterAll(() => client.close());

type Answer = Readonly<{ id: string; revision?: number; error?: string }>;

const same = (bytes: Buffer): Buffer => bytes;

const open = () => {
  const call: ClientDuplexStream<Buffer, Buffer> = client.makeBidiStreamRequest(
    '/event_store.client.streams.Streams/BatchAppend',
    same,
    same,
  );
  const answers: Answer[] = [];
  const ended: unknown[] = [];
  call.on('data', (bytes: Buffer) => answers.push(answerOf(bytes)));
  call.on('error', (error) => ended.push(error));
  call.on('end', () => ended.push('ended'));
  return {
    call,
    answers,
    ended,
    until: (count: number) =>
      untilTrue(`${count} answers`, () => answers.length >= count, { seen: () => answers }),
  };
};

const answerOf = (bytes: Buffer): Answer => {
  const reader = new MessageReader(bytes);
  let answer: Answer = { id: '' };
  while (reader.next()) {
    if (reader.field === 1) answer = { ...answer, id: readUuid(reader.message()) };
    else if (reader.field === 2) answer = { ...answer, error: messageOf(reader.message()) };
    else if (reader.field === 3) answer = { ...answer, revision: first(reader.message()) };
    else reader.skip();
  }
  return answer;
};

const first = (reader: MessageReader): number => {
  reader.next();
  return reader.uint();
};

const messageOf = (reader: MessageReader): string => {
  let message = '';
  while (reader.next()) {
    if (reader.field === 2) message = reader.text();
    else reader.skip();
  }
  return message;
};

type Part = Readonly<{
  stream?: string;
  final?: boolean;
  form?: UuidForm;
  /** Of how long from now, in seconds, in the newer of the two forms. */
  within?: number;
  type?: string;
}>;

/** One event each; with a stream it is the first of its append. */
const part = (id: string, { stream, final = false, form, within, type = 'x' }: Part): Buffer => {
  const writer = new MessageWriter();
  writer.flag(4, final);
  writer.message(3, () => {
    for (const [key, value] of [
      ['type', type],
      ['content-type', 'application/json'],
    ] as const) {
      if (value === '') continue;
      writer.message(2, () => {
        writer.text(2, value);
        writer.text(1, key);
      });
    }
    writeUuid(writer, 1, newId(), form);
  });
  if (stream !== undefined) {
    writer.message(2, () => {
      if (within !== undefined) {
        writer.message(7, () => writer.uint(1, BigInt.asUintN(64, BigInt(within))));
      }
      writer.empty(4);
      writeStream(writer, 1, stream);
    });
  }
  writeUuid(writer, 1, id, form);
  return writer.finish();
};

test('[STO-31] parts of many appends may come mixed, and each append has one answer', async () => {
  const { call, answers, until } = open();
  const ids = Array.from({ length: 20 }, () => newId());
  const stream = newStream('mixed');
  for (const [n, id] of ids.entries()) call.write(part(id, { stream: `${stream}_${n}` }));
  for (const id of ids) call.write(part(id, {}));
  for (const id of ids) {
    call.write(part(id, { final: true }));
    call.write(part(id, { final: true }));
  }
  // Nobody knows these any more, or ever did.
  for (const id of [...ids, newId()]) call.write(part(id, { final: true }));
  await until(20);
  const last = newId();
  call.write(part(last, { stream, final: true }));
  await until(21);
  expect(answers.map(({ id }) => id).toSorted()).toEqual([...ids, last].toSorted());
  expect(answers.slice(0, 20).every(({ revision }) => revision === 2)).toBe(true);
  call.end();
});

test('[STO-31] an append that is not finished in time is answered once, and stores nothing', async () => {
  const { call, answers, until, ended } = open();
  const [id, late, none] = [newId(), newId(), newId()];
  const stream = newStream('unfinished');
  call.write(part(id, { stream, within: 1 }));
  call.write(part(none, { stream, within: 0, final: true }));
  call.write(part(late, { stream, within: -5, final: true }));
  await until(3);
  call.write(part(id, { final: true }));
  const after = newId();
  call.write(part(after, { stream, final: true }));
  await until(4);
  call.end();
  await untilTrue('it ends', () => ended.length > 0);
  expect(answers.slice(0, 3).map(({ error }) => error)).toEqual(['Timeout', 'Timeout', 'Timeout']);
  expect(answers[3]).toEqual({ id: after, revision: 0 });
  expect(ended).toEqual(['ended']);
});

test('[STO-31] a client that says no more is answered all the same', async () => {
  const { call, answers, ended } = open();
  const stream = newStream('half');
  for (let n = 0; n < 50; n++)
    call.write(part(newId(), { stream, final: true, form: 'structured' }));
  call.end();
  await untilTrue('it ends', () => ended.length > 0);
  expect(ended).toEqual(['ended']);
  expect(answers.map(({ revision }) => revision)).toEqual(Array.from({ length: 50 }, (_, n) => n));
});

test('[STO-31] an append that is not right is refused by itself, bytes that are none by the call', async () => {
  const { call, answers, until, ended } = open();
  call.write(part(newId(), { stream: '', final: true }));
  call.write(part(newId(), { stream: '$$', final: true }));
  call.write(part(newId(), { stream: newStream('x'.repeat(2_000)), final: true }));
  call.write(part(newId(), { stream: newStream(), final: true }));
  await until(4);
  expect(answers.map(({ error }) => error)).toEqual([
    'BadRequest',
    'BadRequest',
    'BadRequest',
    undefined,
  ]);
  call.write(Buffer.from([0xff, 0xff]));
  await untilTrue('it ends', () => ended.length > 0);
  expect(ended[0]).toMatchObject({ code: 3 });
});

test('nothing of it was a fault of the server', () => {
  expect(served.faults).toEqual([]);
});
