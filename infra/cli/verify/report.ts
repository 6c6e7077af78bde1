import type { Finding } from './recount/findings.ts';
import type { Verified } from './run.ts';

const count = (number: number): string => number.toLocaleString('en-US');

const findingLines = ({ kind, where, key, expected, found }: Finding): readonly string[] => [
  `  ${kind}: ${where}, ${key}`,
  `    expected: ${expected}`,
  `    found:    ${found}`,
];

const tableLines = ({ tables, checkpoints, shown }: Verified): readonly string[] => {
  if (tables.length === 0) return [];
  const places = Object.entries(checkpoints).map(([name, at]) => `${name} at ${count(at)}`);
  const width = Math.max(...tables.map(({ table }) => table.length));
  return [
    `Tables (${places.join(', ')}):`,
    ...tables.map(({ table, rows, expected }) => {
      const wanted = rows === expected ? '' : `, but there should be ${count(expected)}`;
      return `  ${table.padEnd(width)}  ${count(rows)} rows${wanted}`;
    }),
    ...(shown === undefined
      ? []
      : [
          `What ${count(shown.users)} users are shown: newest numbers, unread counts and last messages ` +
            `of ${count(shown.conversations)} conversations`,
        ]),
  ];
};

const chainLines = ({ chain, log }: Verified): readonly string[] => {
  const newest = chain?.newest;
  if (newest === undefined) return [];
  const after = log.events - newest.events;
  return [
    `Chain: ${count(chain?.checkpoints ?? 0)} checkpoints compared, the newest of ` +
      `${new Date(newest.at).toISOString()} over ${count(newest.events)} events, signed with the key ${newest.key}`,
    ...(after > 0 ? [`  ${count(after)} events since are not signed yet: seqline log sign`] : []),
  ];
};

/** For people. */
export const reportOf = (verified: Verified, seconds: number): string => {
  const { log, leftOut, findings } = verified;
  const names = Object.entries(log.types).map(([type, number]) => `${type} ${count(number)}`);
  const kinds = Object.entries(findings.byKind).map(([kind, number]) => `${count(number)} ${kind}`);
  const { total, first } = findings;
  return [
    `Log ${log.id} (${log.name}), up to position ${count(log.head)}:`,
    `  ${count(log.events)} events in ${count(log.streams)} streams, ` +
      `${count(log.conversations)} of them conversations`,
    ...(names.length === 0 ? [] : [`  ${names.join(', ')}`]),
    ...tableLines(verified),
    ...chainLines(verified),
    ...leftOut.map((what) => `Not compared: ${what}`),
    ...(total === 0 ? [] : ['', `Differences (${kinds.join(', ')}):`]),
    ...first.flatMap(findingLines),
    ...(total > first.length ? [`  … and ${count(total - first.length)} more`] : []),
    '',
    `${total === 0 ? 'No differences' : `${count(total)} differences`} (${seconds.toFixed(1)} s)`,
  ].join('\n');
};

/** For programs: the same, as one JSON object. */
export const jsonOf = (verified: Verified, seconds: number): string => {
  const { findings, shown, ...rest } = verified;
  return JSON.stringify({
    equal: findings.total === 0,
    ...rest,
    ...(shown === undefined ? {} : { shown }),
    findings: { total: findings.total, byKind: findings.byKind, first: findings.first },
    seconds,
  });
};
