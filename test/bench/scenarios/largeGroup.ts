import { JSON_FORM } from '../../support/rawWire.ts';
import { listAt, numberAt } from '../../support/json.ts';
import { mib } from '../processes.ts';
import { Samples, type Quantiles } from '../quantiles.ts';
import { figure, rounded, type Row } from '../report.ts';
import type { Server } from '../server.ts';
import { USERS_A_CALL } from '../users.ts';
import { until } from '../until.ts';
import { DEEDS, writtenAlike } from './written.ts';
import {
  CONNECT_AT_ONCE,
  makeGroup,
  memory,
  memoryOf,
  names,
  times,
  withServer,
  type Scenario,
} from './common.ts';

/** As many as may be in a group (GRP-6). */
const MEMBERS = { whole: 100_000, quick: 3_000 } as const;
const GROUP = 'large';
/** Of each kind, one after the other. The last to join make the group full. */
const CALLS = 200;
/** Members with a socket while there are sends; the first of them sends. */
const ONLINE = 100;
const MUTED_SECONDS = 3_600;
/** In it each deed is seen to write what it writes in the large one; its owner, and who joins it. */
const SMALL = 'small';
const SMALL_USERS = ['small1', 'small2'] as const;
/** Whoever joins, and whoever is muted, gets a line in the chat: a message like others. One joins before. */
const LINES = 2 * CALLS - 1 + 2 * DEEDS.length;
const SHOWN = { within: 300_000, every: 10 } as const;

/** The server's answer to each of these, one asked after the other, in milliseconds. */
const timed = async <T>(
  items: readonly T[],
  ask: (item: T) => Promise<unknown>,
): Promise<Quantiles> => {
  const samples = new Samples();
  for (const item of items) {
    const asked = performance.now();
    await ask(item);
    samples.add(performance.now() - asked);
  }
  return samples.quantiles();
};

const portions = (users: readonly string[]): readonly (readonly string[])[] =>
  Array.from({ length: Math.ceil(users.length / USERS_A_CALL) }, (_, index) =>
    users.slice(index * USERS_A_CALL, (index + 1) * USERS_A_CALL),
  );

const invite =
  (server: Server) =>
  (invitedUserIDs: readonly string[]): Promise<unknown> =>
    server.asAdmin('/group/invite_user_to_group', {
      groupID: GROUP,
      reason: '',
      invitedUserIDs,
      sendMessage: false,
    });

const join =
  (server: Server) =>
  (inviterUserID: string): Promise<unknown> =>
    server.asAdmin('/group/join_group', {
      groupID: GROUP,
      reqMessage: '',
      joinSource: 3,
      inviterUserID,
    });

const mute =
  (server: Server) =>
  (userID: string): Promise<unknown> =>
    server.asAdmin('/group/mute_group_member', {
      groupID: GROUP,
      userID,
      mutedSeconds: MUTED_SECONDS,
    });

/** Resolves when the lists show the group with so many members. */
const shownWith = (server: Server, members: number): Promise<void> =>
  until(
    'the group is shown with all its members',
    async () => {
      const data = await server.asAdmin('/group/get_groups_info', { groupIDs: [GROUP] });
      const [group] = listAt(data, 'groupInfos');
      return numberAt(group, 'memberCount') === members;
    },
    SHOWN,
  );

const rowOf = (what: string, answers: Quantiles, more: readonly string[]): Row => ({
  what,
  figure: figure([answers.p50], ' ms'),
  detail: [`answer ${times([answers])} (p50 / p99 / max)`, ...more].join('; '),
});

/** One run: making the group takes long, and it is full afterwards. */
export const largeGroup: Scenario = (context) =>
  withServer(context, { inspected: true }, async (server, load) => {
    const { options, say } = context;
    const users = names(options.users ?? MEMBERS[options.quick ? 'quick' : 'whole']);
    if (users.length <= ONLINE + 2 * CALLS) throw new Error('--users: too few for a large group');
    const members = users.slice(0, -CALLS);
    const [owner = '', ...others] = members;
    await server.register([...users, ...SMALL_USERS]);
    const before = await memoryOf(server);
    say(`large-group: ${rounded(users.length)} users are registered`);

    const begun = performance.now();
    await makeGroup(server, GROUP, [owner]);
    const invites = await timed(portions(others), invite(server));
    const answered = performance.now();
    const seconds = (answered - begun) / 1_000;
    await shownWith(server, members.length);
    const behindMs = performance.now() - answered;
    const after = await memoryOf(server);
    say(`large-group: made in ${rounded(seconds)} s`);

    const [small, guest] = SMALL_USERS;
    await makeGroup(server, SMALL, [small]);
    const [newcomer = '', ...newcomers] = users.slice(-CALLS);
    const written = await writtenAlike(
      server,
      { group: GROUP, owner, newcomer },
      { group: SMALL, owner: small, newcomer: guest },
    );
    say(`large-group: written as in a small one: ${written.join('; ')}`);

    const joins = await timed(newcomers, join(server));
    const mutes = await timed(members.slice(-CALLS), mute(server));
    say('large-group: joined and muted');
    await server.projected(LINES);

    const seats = await server.logIn(members.slice(0, ONLINE));
    const { wsAddr, pids } = server;
    const connect = { kind: 'connect', wsAddr, form: JSON_FORM, seats } as const;
    // The line of the last one muted is there, but the notice that goes with it may be on its way.
    await load.ask({ ...connect, atOnce: CONNECT_AT_ONCE, lateNotices: true });
    const sends = await load.ask({
      kind: 'exchange',
      pids,
      flows: [{ seat: 0, group: GROUP }],
      warmSeconds: 0,
      seconds: 0,
      pace: { kind: 'fill', outstanding: 1, each: CALLS },
    });
    await server.projected(LINES + sends.total);

    const what = `a group of ${rounded(users.length)}`;
    const calls = (count: number) => `${String(count)} of them, one after the other`;
    const span = (pick: (of: typeof before) => number): string =>
      `${rounded(mib(pick(before)))} MiB before, ${rounded(mib(pick(after)))} after`;
    return [
      {
        what: `${what}: made, in calls of ${rounded(USERS_A_CALL)}`,
        figure: figure([seconds], ' s'),
        detail: [
          `a call ${times([invites])} (p50 / p99 / max)`,
          `shown with all its members ${rounded(behindMs)} ms after the last answer`,
          `memory of node: ${span(({ collected }) => collected)}, garbage collected; ` +
            `${span(({ asItIs }) => asItIs)}, with what garbage there was`,
          `at the end, ${memory(server)}`,
        ].join('; '),
      },
      rowOf(`${what}: a user joins`, joins, [calls(newcomers.length)]),
      rowOf(`${what}: a member is muted`, mutes, [calls(CALLS)]),
      rowOf(`${what}: a member sends, JSON`, sends.acknowledgement, [
        `delivery ${times([sends.delivery])} to ${String(ONLINE - 1)} other members online`,
        calls(CALLS),
        `written whoever is in it (${written.join('; ')})`,
      ]),
    ];
  });
