import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sql } from 'kysely';
import { describe, expect, test } from 'vitest';
import { logDirectory } from '../../../infra/app/storage/places.ts';
import { type Storage } from '../../../infra/app/storage/storage.ts';
import { verify } from '../../../infra/cli/verify.ts';
import type { Config } from '../../../infra/config/config.ts';
import { openLogEnvironment } from '../../../infra/eventstore/embedded/environment.ts';
import { NO_FLAGS, runCommand } from '../../support/commandRun.ts';
import { copyData } from '../../support/copyData.ts';
import { startServedLog } from '../../support/eventStore/servedLog.ts';
import { isRecord, listAt, parseJson, recordAt } from '../../support/json.ts';
import { converse, gather } from '../../support/verifyGroups.ts';
import {
  befriend,
  keep,
  project,
  register,
  say,
  withLog,
  write,
} from '../../support/verifyWorld.ts';
import { live as liveByThemselves } from '../../support/verifyNumbers.ts';
import { worldOfEachTest } from '../../support/worldOfEachTest.ts';

const AB = ['si_ann_bob', 'ann', 'bob'] as const;
const BA = ['si_ann_bob', 'bob', 'ann'] as const;
const chat = 'conversation-si_ann_bob';
const notes = 'conversation-n_ann_bob';

const world = worldOfEachTest();

/** Runs the command, and takes what it says. */
const run = (args: Partial<Parameters<typeof verify>[1]> = {}, of: Config = world.config) =>
  runCommand(() => verify(of, { ...NO_FLAGS, ...args }));

/** What it finds, as kind, place and key, each in a line. */
const findings = async (
  args: Partial<Parameters<typeof verify>[1]> = {},
  of: Config = world.config,
) => {
  const { code, text } = await run({ ...args, json: true }, of);
  const first = listAt(recordAt(parseJson(text), 'findings'), 'first');
  const lines = first
    .filter(isRecord)
    .map(({ kind, where, key }) => [kind, where, key].map(String).join(' | '));
  expect(code, text).toBe(lines.length === 0 ? 0 : 1);
  return lines;
};

/** Some of everything that there can be. */
const live = async (storage: Storage): Promise<void> => {
  for (const user of ['ann', 'bob', 'sys']) await register(storage, user);
  await register(storage, 'odd', 'no\0thing \ud800 left');
  const user = { type: 'UserChanged', data: { user: 'ann', profile: { nickname: 'Ann' } } };
  await write(storage, 'user-ann', user);
  for (let number = 1; number <= 6; number++) await say(storage, AB, `a${String(number)}`);
  await say(storage, BA, 'b1', { sendTime: 2_000 });
  await say(storage, BA, 'quiet', { sendTime: 2_000, options: { unreadCount: false } });
  await say(storage, ['sn_ann_sys', 'sys', 'ann'], 's1');
  const both = { from: 'ann', to: 'bob', sendTime: 3_000, conversation: 'si_ann_bob' };
  const voided = { from: 'bob', to: 'ann', sendTime: 3_000, reason: 'lost upstream' };
  await write(storage, chat, { type: 'SeqVoided', data: voided });
  const names = { clientMsgId: 'a2', sentBy: 'ann', sentAt: 1_000, by: 'ann', role: 1 };
  const personal = { revoker: { nickname: 'Ann' }, source: { nickname: 'ann' } };
  for (let times = 0; times < 2; times++) {
    const data = { ...both, seq: 2, byAdmin: false, ...names, ...personal };
    await write(storage, notes, { type: 'MessageRevoked', data });
  }
  const read = { ...both, from: 'bob', to: 'ann', after: 0, upTo: 3, seqs: [] };
  await write(storage, notes, { type: 'MessagesRead', data: read });
  const deleted = { ...both, seqs: [4], scope: 'all' };
  await write(storage, notes, { type: 'MessagesDeleted', data: deleted });
  const of = { user: 'bob', conversation: 'si_ann_bob' };
  await write(storage, 'inbox-bob', { type: 'MessagesHidden', data: { ...of, seqs: [5, 6] } });
  const own = { user: 'ann', conversation: 'si_ann_bob' };
  await write(storage, 'inbox-ann', { type: 'ReadMarked', data: { ...own, upTo: 2 } });
  await write(storage, 'inbox-ann', { type: 'ConversationCleared', data: { ...own, upTo: 1 } });
  for (const conversation of ['si_ann_bob', 'si_ann_cat']) {
    const settings = { pinned: true, receive: 2 };
    const peer = { user: conversation.slice(-3) };
    const data = { user: 'ann', conversation, kind: 1, peer, settings, notes: { ex: 'mine' } };
    await write(storage, 'inbox-ann', { type: 'ConversationConfigured', data });
  }
  await befriend(storage);
  await keep(storage);
  await gather(storage);
  await converse(storage);
};

const grown = () =>
  withLog(world.config, async (storage) => {
    await live(storage);
    await project(world.config, storage);
  });

describe('[OPS-60] what is equal', () => {
  test('a log and its tables, with some of everything; all tables and columns are counted again', async () => {
    await withLog(world.config, async (storage) => {
      await live(storage);
      await liveByThemselves(storage);
      await project(world.config, storage);
    });
    const { code, text } = await run();
    expect(text).toContain('No differences');
    expect(code).toBe(0);
    const { text: json } = await run({ json: true });
    const said = parseJson(json);
    expect(said).toMatchObject({ equal: true, leftOut: [], log: { conversations: 6 } });
    const tables = listAt(said, 'tables').filter(isRecord);
    // What has no row would be equal to anything that has none.
    expect(tables.filter(({ rows }) => rows === 0).map(({ table }) => table)).toEqual([
      'doubles_v3',
    ]);
    expect(tables.every(({ rows, expected }) => rows === expected)).toBe(true);
    expect(recordAt(said, 'shown')).toEqual({ users: 7, conversations: 13 });
  });

  test('tables that are behind the log are compared where they stand', async () => {
    await grown();
    const position = await withLog(world.config, (storage) =>
      say(storage, AB, 'later', { sendTime: 4_000 }),
    );
    const said = await run({ json: true });
    expect(said.code, said.text).toBe(0);
    const at = position - 1;
    expect(parseJson(said.text)).toMatchObject({
      checkpoints: { users_v1: at, chats_v3: at, friends_v1: at },
      log: { head: position },
    });
  });

  test('a log in EventStoreDB', async () => {
    const served = await startServedLog();
    try {
      world.config = { ...world.config, eventStore: { kind: 'esdb', url: served.url() } };
      await grown();
      expect(await findings()).toEqual([]);
      await sql.raw(`delete from seqline.uncounted_v3 where seq = 8`).execute(world.database.db);
      expect(await findings()).toEqual([
        'missing row | uncounted_v3 | conversation "si_ann_bob", seq 8',
        'shown otherwise | conversation list | ann si_ann_bob',
      ]);
    } finally {
      await served.remove();
    }
  });

  test('what an operator has skipped is left out as the read model leaves it out', async () => {
    await withLog(world.config, async (storage) => {
      await live(storage);
      const poison = { type: 'UserChanged', data: { user: 'nobody', level: 2 } };
      const position = await write(storage, 'user-nobody', poison);
      const skipped = { projection: 'users', version: 1, position, reason: 'of the test' };
      await write(storage, 'projector-users', { type: 'ProjectionSkipped', data: skipped });
      const imported = { type: 'FriendImported', data: { owner: 'dan', friend: 'eve' } };
      const unwanted = await write(storage, 'friendship-dan+eve', imported);
      const data = { ...skipped, projection: 'friends', position: unwanted };
      await write(storage, 'projector-friends', { type: 'ProjectionSkipped', data });
      await project(world.config, storage);
    });
    expect(await findings()).toEqual([]);
    const { rows } = await sql`select * from seqline.friends_v1 where friend = 'eve'`.execute(
      world.database.db,
    );
    expect(rows).toMatchObject([{ owner: 'ann' }]);
  });
});

describe('[OPS-61] what is different', () => {
  const changes: readonly (readonly [string, string, readonly string[]])[] = [
    [
      'a deleted row',
      `delete from seqline.revocations_v3`,
      ['missing row | revocations_v3 | conversation "si_ann_bob", seq 2'],
    ],
    [
      'a changed read mark',
      `update seqline.sides_v3 set read_up_to = 9 where conversation = 'si_ann_bob' and owner = 'ann'`,
      [
        'changed row | sides_v3 | owner "ann", conversation "si_ann_bob"',
        'shown otherwise | conversation list | ann si_ann_bob',
      ],
    ],
    [
      'a changed profile',
      `update seqline.users_v1 set nickname = 'Bab' where user_id = 'bob'`,
      ['changed row | users_v1 | user_id "bob"'],
    ],
    [
      'a row too many',
      `insert into seqline.hidden_v3 (owner, conversation, seq) values ('ann', 'si_ann_bob', 8)`,
      [
        'row too many | hidden_v3 | owner "ann", conversation "si_ann_bob", seq 8',
        'shown otherwise | last message | ann si_ann_bob',
      ],
    ],
    [
      'a message whose id stands at another number',
      `update seqline.sends_v3 set seq = 60 where seq = 6 and conversation = 'si_ann_bob'`,
      [expect.stringMatching(/^changed row \| sends_v3 \| conversation "si_ann_bob"/) as string],
    ],
    [
      'a deleted friend',
      `delete from seqline.friends_v1 where owner = 'ann' and friend = 'dan'`,
      ['missing row | friends_v1 | owner "ann", friend "dan"'],
    ],
    [
      'a changed remark',
      `update seqline.friends_v1 set remark = 'Rob' where owner = 'ann' and friend = 'bob'`,
      ['changed row | friends_v1 | owner "ann", friend "bob"'],
    ],
    [
      'a request answered otherwise',
      `update seqline.friend_requests_v1 set result = 1 where from_user = 'bob' and to_user = 'eve'`,
      ['changed row | friend_requests_v1 | from_user "bob", to_user "eve"'],
    ],
    [
      'a block too many',
      `insert into seqline.blacks_v1 values ('bob', 'ann', '', 'bob', 1, 1)`,
      ['row too many | blacks_v1 | owner "bob", blocked "ann"'],
    ],
    [
      'somebody forgotten among those that went',
      `update seqline.friend_lists_v1 set gone = '[]' where owner = 'ann' and list = 'blacks'`,
      ['changed row | friend_lists_v1 | owner "ann", list "blacks"'],
    ],
    [
      'a name from before',
      `update seqline.friend_profiles_v1 set nickname = 'ann' where user_id = 'ann'`,
      ['changed row | friend_profiles_v1 | user_id "ann"'],
    ],
    [
      'a window that is wider than it was',
      `update seqline.windows_v3 set min_seq = 0 where group_id = 'g1' and user_id = 'zoe'`,
      ['changed row | windows_v3 | group_id "g1", user_id "zoe"'],
    ],
    [
      'a line that somebody who was kicked is to see',
      `update seqline.departures_v3 set tips = '[]' where tips <> '[]'`,
      [
        expect.stringMatching(/^changed row \| departures_v3/) as string,
        'shown otherwise | conversation list | eve sg_g1',
        'shown otherwise | last message | eve sg_g1',
      ],
    ],
    [
      'what members are pointed to, and what they have sent themselves',
      `update seqline.group_marks_v3 set at_all_seq = 1 where group_id = 'g1';
        delete from seqline.mentions_v3;
        update seqline.own_floors_v3 set seq = 8 where user_id = 'ann'`,
      [
        'changed row | group_marks_v3 | group_id "g1"',
        'missing row | mentions_v3 | conversation "sg_g1", user_id "eve"',
        'changed row | own_floors_v3 | conversation "sg_g1", user_id "ann"',
        'shown otherwise | conversation list | ann sg_g1',
      ],
    ],
    [
      'a group of another name, and with a member too few',
      `update seqline.groups_v1 set name = 'x' where group_id = 'g1';
        delete from seqline.group_members_v1 where group_id = 'g1' and user_id = 'cat'`,
      [
        'changed row | groups_v1 | group_id "g1"',
        'missing row | group_members_v1 | group_id "g1", user_id "cat"',
      ],
    ],
    [
      'a version of members that is not in the log',
      `update seqline.group_member_lists_v1 set version = 99 where group_id = 'g2'`,
      ['changed row | group_member_lists_v1 | group_id "g2"'],
    ],
    [
      'a group forgotten among those that a user has left, and a request',
      `delete from seqline.joined_lists_v1 where user_id = 'dan';
        delete from seqline.group_requests_v1 where user_id = 'eve'`,
      [
        'missing row | group_requests_v1 | group_id "g1", user_id "eve"',
        'missing row | joined_lists_v1 | user_id "dan"',
      ],
    ],
  ];

  test.each(changes)('%s is named', async (_what, statement, wanted) => {
    await grown();
    await sql.raw(statement).execute(world.database.db);
    expect(await findings()).toEqual(wanted);
  });

  test('a message that is stored twice', async () => {
    await withLog(world.config, async (storage) => {
      await live(storage);
      await say(storage, AB, 'a3', { sendTime: 4_000 });
      await project(world.config, storage);
    });
    expect(await findings()).toEqual(['stored twice | si_ann_bob | message 10']);
  });

  test('a message between others, before its time, or with an id that is not its own', async () => {
    await grown();
    await withLog(world.config, async (storage) => {
      await say(storage, ['si_ann_bob', 'eve', 'bob'], 'e1', { sendTime: 9_000 });
      await say(storage, AB, 'e2', { sendTime: 8_000 });
      const data = { from: 'ann', to: 'bob', clientMsgId: 'e3', contentType: 101, createTime: 1 };
      const event = { type: 'MessageSent', data: { ...data, sendTime: 9_500, body: {} } };
      await write(storage, chat, event);
    });
    const found = await findings();
    expect(found.map((line) => line.split(' | ').slice(0, 2))).toEqual([
      ['other participants', chat],
      ['falling time', chat],
      ['wrong id', chat],
    ]);
  });

  test('an event of an unknown name, and one whose data is damaged', async () => {
    await grown();
    await withLog(world.config, async ({ store }) => {
      const unknown = { type: 'SomethingNew', data: Buffer.from('{}') };
      const broken = { type: 'UserChanged', data: Buffer.from('{"user":') };
      for (const [index, event] of [unknown, broken].entries()) {
        const id = `00000000-0000-4000-8000-00000000000${String(index)}`;
        const stored = { ...event, id: id as never, metadata: Buffer.from('{}') };
        await store.append(`user-new${String(index)}`, 'no_stream', [stored]);
      }
    });
    const found = await findings();
    expect(found.map((line) => line.replace(/position \d+/, 'position N'))).toEqual([
      'unreadable event | user-new0 | revision 0, position N',
      'unreadable event | user-new1 | revision 0, position N',
    ]);
  });

  test('a damaged byte in a copy of the log, with its place and its stream', async () => {
    await grown();
    const data = await mkdtemp(join(tmpdir(), 'seqline-verify-copy-'));
    await copyData(world.config.data, data);
    const { log, close } = openLogEnvironment(logDirectory(data));
    const record = log.get(10);
    if (record === undefined) throw new Error('there is a tenth event');
    record.writeUInt8(record.readUInt8(record.length - 3) ^ 1, record.length - 3);
    log.putSync(10, record);
    await close();
    const found = await findings({}, { ...world.config, data });
    expect(found).toEqual([
      'damaged record | the log, perhaps conversation-si_ann_bob | position 10',
      expect.stringMatching(/^missing revision \| conversation-si_ann_bob \| revision 5/),
    ]);
    const { text } = await run({}, { ...world.config, data });
    expect(text).toContain('Not compared: chats_v3: the log cannot be read up to where');
    expect(await findings()).toEqual([]);
    await rm(data, { recursive: true });
  });

  test('the first twenty are listed and all are counted', async () => {
    await grown();
    await sql.raw(`update seqline.sends_v3 set seq = seq + 100`).execute(world.database.db);
    await sql.raw(`update seqline.heads_v3 set max_seq = 0`).execute(world.database.db);
    await sql.raw(`update seqline.users_v1 set level = 4`).execute(world.database.db);
    const { code, text } = await run();
    expect(code).toBe(1);
    expect(text).toMatch(/\n {2}… and \d+ more\n/);
    expect(text.match(/ {4}expected: /g)).toHaveLength(20);
  });
});

describe('[OPS-62] what cannot be compared', () => {
  test.each([
    ['no log', {}, /there is no log in .*: check SEQLINE_DATA/],
    ['something called so', { rest: ['tables'] }, /nothing called "tables"/],
  ] as const)('%s', async (_what, args, said) => {
    const { code, text } = await run(args);
    expect(text).toMatch(said);
    expect(code).toBe(2);
  });

  test('tables that are not there, or of another log; the log alone is checked where that is asked for', async () => {
    await withLog(world.config, live);
    const none = await run();
    expect(none.text).toMatch(/holds no read models.*--log-only/);
    expect(none.code).toBe(2);
    expect(await findings({ logOnly: true })).toEqual([]);
    await withLog(world.config, (storage) => project(world.config, storage));
    await sql`update seqline.checkpoint set log_id = 'another'`.execute(world.database.db);
    const other = await run();
    expect(other.text).toMatch(/of the log another, but the log here is [0-9a-f]{32}/);
    expect(other.code).toBe(2);
  });

  test('no embedded Postgres, and none is made', async () => {
    await withLog(world.config, live);
    const { code, text } = await run({}, { ...world.config, postgres: { kind: 'embedded' } });
    expect(text).toMatch(/no embedded Postgres in .*let a server run first.*DATABASE_URL/);
    expect(code).toBe(2);
  });
});
