import { assert } from '../../../core/kernel/assert.ts';
import type { Server } from '../server.ts';

/** What a deed has led to: events by type, and rows by table, new and changed. */
export type Written = Readonly<{
  events: Readonly<Record<string, number>>;
  rows: Readonly<Record<string, number>>;
}>;

const TEXT = 101;
const AT_TEXT = 106;
const GROUP_CHAT = 3;

const counted = (names: readonly string[]): Readonly<Record<string, number>> => {
  const counts = new Map<string, number>();
  for (const name of names.toSorted()) counts.set(name, (counts.get(name) ?? 0) + 1);
  return Object.fromEntries(counts);
};

/** What a deed writes that puts one line into a chat; nobody else does anything meanwhile. */
const writtenBy = async (server: Server, deed: () => Promise<unknown>): Promise<Written> => {
  const before = await server.standing();
  await deed();
  await server.projected(before.messages + 1);
  const events = await server.eventsAfter(before.position);
  return {
    // The reactor notes how far it has come whatever it has done.
    events: counted(
      events.filter(({ stream }) => !stream.startsWith('checkpoint-')).map(({ type }) => type),
    ),
    rows: await server.rowsSince(before.transaction),
  };
};

/** Each once, in a group in which nothing has been said. `lines` is how many lines there are afterwards. */
export const DEEDS = ['first message', '@all', 'rename', 'join'] as const;

const deedsIn = async (
  server: Server,
  group: string,
  owner: string,
  newcomer: string,
): Promise<Readonly<Record<(typeof DEEDS)[number], Written>>> => {
  const say = (contentType: number, content: object) =>
    writtenBy(server, () =>
      server.asAdmin('/msg/send_msg', {
        ...{ sendID: owner, groupID: group, sessionType: GROUP_CHAT },
        ...{ contentType, content },
      }),
    );
  const first = await say(TEXT, { content: 'hello' });
  const toAll = await say(AT_TEXT, { text: 'hear, all', atUserList: ['AtAllTag'] });
  const rename = await writtenBy(server, () =>
    server.asAdmin('/group/set_group_info_ex', { groupID: group, groupName: 'Renamed' }),
  );
  const join = await writtenBy(server, () =>
    server.asAdmin('/group/join_group', {
      ...{ groupID: group, reqMessage: '', joinSource: 3, inviterUserID: newcomer },
    }),
  );
  return { 'first message': first, '@all': toAll, rename, join };
};

export type Place = Readonly<{ group: string; owner: string; newcomer: string }>;

/**
 * What each of the deeds writes in a large group, which must be what it writes in a small one: no more for
 * all who are in it.
 */
export const writtenAlike = async (
  server: Server,
  large: Place,
  small: Place,
): Promise<readonly string[]> => {
  const few = await deedsIn(server, small.group, small.owner, small.newcomer);
  const many = await deedsIn(server, large.group, large.owner, large.newcomer);
  return DEEDS.map((deed) => {
    const [one, other] = [JSON.stringify(few[deed]), JSON.stringify(many[deed])];
    assert(one === other, `${deed}: ${other} in a large group, and ${one} in a small one`);
    const { events, rows } = many[deed];
    return `${deed}: ${sumOf(events)} events, ${sumOf(rows)} rows`;
  });
};

const sumOf = (counts: Readonly<Record<string, number>>): string =>
  String(Object.values(counts).reduce((sum, count) => sum + count, 0));
