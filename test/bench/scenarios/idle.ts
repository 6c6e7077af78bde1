import { JSON_FORM } from '../../support/rawWire.ts';
import type { Seat } from '../jobs.ts';
import { cpuSeconds, openFilesMax } from '../processes.ts';
import { figure, rounded } from '../report.ts';
import { CONNECT_AT_ONCE, memory, memoryOf, names, withServer, type Scenario } from './common.ts';

const USERS = { whole: 10_000, quick: 1_000 } as const;
/** What each of the two processes needs open beside the sockets. */
const OTHER_FILES = 500;
const SOCKETS_AN_ADDRESS = 5_000;
/** Longer than the pause between two pings, so that one of each socket falls into it. */
const IDLE_SECONDS = { whole: 30, quick: 5 } as const;

const addressOf = (index: number): string =>
  `127.0.0.${String(2 + Math.floor(index / SOCKETS_AN_ADDRESS))}`;

const pause = (seconds: number): Promise<void> =>
  new Promise((resolve) => {
    setTimeout(resolve, seconds * 1_000);
  });

/** One run: what ten thousand sockets take hardly varies, and each run takes minutes. */
export const idle: Scenario = (context) =>
  withServer(context, { inspected: true }, async (server, load) => {
    const { options, say } = context;
    const size = options.quick ? 'quick' : 'whole';
    const wanted = options.users ?? USERS[size];
    const users = Math.min(wanted, openFilesMax() - OTHER_FILES);
    if (users < wanted) say(`idle: only ${rounded(users)}, for "ulimit -Hn" allows no more`);
    const seats = (await server.seats(names(users))).map((seat, index): Seat => ({
      ...seat,
      localAddress: addressOf(index),
    }));
    const before = await memoryOf(server);
    say(`idle: ${rounded(before.asItIs)} KiB before, ${rounded(before.collected)} collected`);
    const { wsAddr, pid } = server;
    await load.ask({ kind: 'connect', wsAddr, form: JSON_FORM, seats, atOnce: CONNECT_AT_ONCE });
    const after = await memoryOf(server);
    say(`idle: ${rounded(after.asItIs)} KiB after, ${rounded(after.collected)} collected`);

    const seconds = IDLE_SECONDS[size];
    const begun = cpuSeconds({ server: pid });
    await pause(seconds);
    const ended = cpuSeconds({ server: pid });
    const { sockets } = await load.ask({ kind: 'still' });
    const percent = (used: number) => `${((used / seconds) * 100).toFixed(1)} %`;
    const each = (one: number, other: number): number => (other - one) / sockets;
    return [
      {
        what: `idle logged-in socket, ${rounded(sockets)} of them, JSON`,
        figure: figure([each(before.collected, after.collected)], ' KiB each'),
        detail: [
          `garbage collected before and after; ${rounded(each(before.asItIs, after.asItIs))} KiB ` +
            'with what garbage there was',
          `CPU of all: node ${percent(ended.node - begun.node)}, ` +
            `Postgres ${percent(ended.postgres - begun.postgres)}`,
          memory(server),
        ].join('; '),
      },
    ];
  });
