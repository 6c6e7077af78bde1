import type {
  AskedShown,
  CallbackShown,
  Explanation,
  FollowedBy,
  LoginShown,
  PushShown,
  SocketShown,
} from '../../gateways/explain.ts';

/** By OpenIM's numbers. */
const PLATFORMS: Readonly<Record<number, string>> = {
  ...{ 1: 'iOS', 2: 'Android', 3: 'Windows', 4: 'OSX', 5: 'Web', 6: 'MiniWeb', 7: 'Linux' },
  ...{ 8: 'APad', 9: 'iPad', 10: 'Admin', 11: 'HarmonyOS' },
};
/** Names in one line. */
const NAMES_MAX = 20;
const MINUTE_MS = 60_000;
const LABEL_WIDTH = 12;
const SINCE_WIDTH = 10;

/** How far local time is ahead of UTC at that moment, in minutes. */
export type OffsetAt = (at: number) => number;

const platformOf = (platform: number | undefined): string =>
  platform === undefined || platform === 0 ? '' : ` ${PLATFORMS[platform] ?? String(platform)}`;

const twoDigits = (number: number): string => String(number).padStart(2, '0');

/** Local time, and that of UTC where it is another. */
export const shownTime = (at: number, offsetAt: OffsetAt): string => {
  const offset = offsetAt(at);
  const utc = new Date(at).toISOString();
  if (offset === 0) return utc.replace('T', ' ');
  const local = new Date(at + offset * MINUTE_MS).toISOString().replace('T', ' ').slice(0, -1);
  const [hours, minutes] = [Math.floor(Math.abs(offset) / 60), Math.abs(offset) % 60];
  const zone = `${offset < 0 ? '-' : '+'}${twoDigits(hours)}:${twoDigits(minutes)}`;
  return `${local} ${zone} (${utc.slice(11)})`;
};

/** Clocks of two machines may differ, so what came later may seem to have come before. */
const shownWait = (ms: number): string => {
  const [size, sign] = [Math.abs(ms), ms < 0 ? '-' : '+'];
  if (size < 1_000) return `${sign}${String(size)} ms`;
  if (size < 2 * MINUTE_MS) return `${sign}${(size / 1_000).toFixed(1)} s`;
  if (size < 120 * MINUTE_MS) return `${sign}${(size / MINUTE_MS).toFixed(0)} min`;
  return `${sign}${(size / 60 / MINUTE_MS).toFixed(1)} h`;
};

const labelled = (label: string, text: string): string => `  ${label.padEnd(LABEL_WIDTH)}${text}`;

const count = (number: number, one: string, many = `${one}s`): string =>
  `${String(number)} ${number === 1 ? one : many}`;

const named = (names: readonly string[], all = names.length): string => {
  const shown = names.slice(0, NAMES_MAX);
  const rest = all - shown.length;
  return rest > 0 ? `${shown.join(', ')} and ${String(rest)} more` : shown.join(', ');
};

const socketName = ({ user, platform }: SocketShown): string =>
  user === undefined ? 'one that is not known any more' : `${user}${platformOf(platform)}`;

const pushText = ({ node, count: pushed, online, sockets }: PushShown): string => {
  const aside = online - pushed;
  const others =
    aside > 0 ? `; ${String(aside)} more in the background, or about to be closed` : '';
  const whom = pushed === 0 ? '' : `: ${named(sockets.map(socketName), pushed)}`;
  return `pushed by ${node} to ${count(pushed, 'socket')}${whom}${others}`;
};

type Row = Readonly<{ at: number; text: string }>;

const DEEDS: Readonly<Record<FollowedBy['kind'], string>> = {
  revoked: 'taken back by',
  read: 'read by',
  deleted: 'deleted for everybody by',
  hidden: 'deleted for itself by',
  cleared: 'chat cleared by',
  notice: 'told of by',
};

const followedRows = ({ at, pushes, ...deed }: FollowedBy): readonly Row[] => {
  const { kind, actor, user = actor, operationId, conversation, seq } = deed;
  const through = user === actor ? '' : `, by way of ${actor}`;
  const place = conversation === undefined ? '' : `, ${conversation} ${String(seq)}`;
  const text = `${DEEDS[kind]} ${user}${through} (operation ${operationId}${place})`;
  return [{ at, text }, ...pushes.map((push) => ({ at: push.at, text: `  ${pushText(push)}` }))];
};

const SAID: Readonly<Record<AskedShown['how'], string>> = {
  passed: 'let it pass',
  refused: 'refused it',
  'unanswered-passed': 'had no answer that could be used, so that it passed',
  'unanswered-refused': 'had no answer that could be used, so that it was refused',
};

const askedRow =
  (changedBy: string | undefined) =>
  ({ at, node, endpoint, callback, how, why, ms }: AskedShown): Row => {
    const isChange = how === 'passed' && callback === 'beforeMsgModify' && endpoint === changedBy;
    const said = isChange ? 'changed it' : SAID[how];
    const detail = `${why === undefined ? '' : `${why}, `}${String(ms)} ms`;
    return { at, text: `${endpoint} asked by ${node}: ${callback}, ${said} (${detail})` };
  };

const toldRow = (shown: CallbackShown): readonly Row[] => {
  if (shown.kind !== 'told') return [];
  const { callback, attempts, status, ms, failed, replay, at } = shown.made;
  const how = failed === true ? 'given up' : `HTTP ${String(status)}`;
  const again = replay === undefined ? '' : ', in a replay';
  const tries = `${count(attempts, 'try', 'tries')}, ${String(ms)} ms${again}`;
  return [{ at, text: `${shown.endpoint} told: ${callback}, ${how} (${tries})` }];
};

/** Mostly all tables have it at once. */
const projectedRows = (projected: Explanation['projected']): readonly Row[] => {
  const rows = new Map<string, Row>();
  for (const { at, model, node = '' } of projected) {
    if (at === undefined) continue;
    const key = `${String(at)} ${node}`;
    const text = rows.get(key)?.text ?? `in the tables by ${node}:`;
    rows.set(key, { at, text: `${text} ${model}` });
  }
  return [...rows.values()];
};

const rowsOf = (found: Explanation): readonly Row[] => {
  const { message, committed, published, pushed, pulled, projected, callbacks } = found;
  const made = message.createTime;
  const rows: Row[] = [
    ...(made > 0 ? [{ at: made, text: `made, by the clock of ${message.from}` }] : []),
    ...callbacks.asked.map(askedRow(callbacks.modifiedBy)),
    { at: committed.at, text: `committed to the log, at position ${String(committed.position)}` },
    ...published.map(({ at, node, taken }) => ({
      ...{ at, text: `${taken ? '' : 'not '}published on the bus by ${node}` },
    })),
    ...pushed.map((push) => ({ at: push.at, text: pushText(push) })),
    ...pulled.first.map(({ at, node, ...socket }) => ({
      ...{ at, text: `fetched by ${socketName(socket)} from ${node}` },
    })),
    ...projectedRows(projected),
    ...callbacks.told.flatMap(toldRow),
    ...found.followed.flatMap(followedRows),
  ];
  // What happened at one moment stays in the order in which it does happen.
  return rows.sort((one, other) => one.at - other.at);
};

const loginText = (login: LoginShown, offsetAt: OffsetAt): string => {
  const { token, platform, issuedAt, expiresAt, issuedTo, issuedIn, live } = login;
  const whom = issuedTo === undefined ? '' : ` for ${issuedTo} (operation ${issuedIn ?? ''})`;
  const times =
    issuedAt === undefined || expiresAt === undefined
      ? 'of which the log says nothing any more'
      : `issued ${shownTime(issuedAt, offsetAt)}${whom}, until ${shownTime(expiresAt, offsetAt)}` +
        (live ? ', in force' : ', not in force any more');
  return `token ${token}${platformOf(platform)}, ${times}`;
};

/** A line for each that is there. */
const lines = (
  ...all: readonly (readonly [label: string, text: string | undefined])[]
): readonly string[] =>
  all.flatMap(([label, text]) => (text === undefined ? [] : [labelled(label, text)]));

const quoted = (text: string | undefined): string | undefined =>
  text === undefined ? undefined : JSON.stringify(text);

const said = (before: string, text: string | undefined, after = ''): string | undefined =>
  text === undefined ? undefined : `${before}${text}${after}`;

const messageLines = ({ message }: Explanation): readonly string[] => {
  const { type, from, to, group, contentType, platform, clientMsgId, serverMsgId } = message;
  const whom = said('to group ', group) ?? `to ${to ?? ''}`;
  const how = contentType === 0 ? type : `${type} of content type ${String(contentType)}`;
  return lines(
    ['message', `${how} from ${from}${platformOf(platform)} ${whom}`],
    ['ids', `clientMsgID ${clientMsgId || '(none)'}, serverMsgID ${serverMsgId}`],
    ['empty', message.reason],
    ['text', message.erased ? 'erased with its user' : quoted(message.content)],
    ['sent as', quoted(message.nickname)],
  );
};

const aboutLines = (found: Explanation, offsetAt: OffsetAt): readonly string[] => {
  const { sent, committed, callbacks } = found;
  const { actor, operationId, login, causationId } = sent;
  return [
    `${found.conversation} ${String(found.seq)} (the newest is ${String(found.newest)})`,
    ...messageLines(found),
    ...lines(
      ['done by', `${actor}, operation ${operationId || '(none)'}`],
      ['with', login && loginText(login, offsetAt)],
      ['because of', said('event ', causationId)],
      ['stored as', `${committed.stream} ${String(committed.revision)}, ${committed.eventId}`],
      ['changed by', said('', callbacks.modifiedBy, ', which was asked before it was stored')],
      ['before', said('SHA-256 ', callbacks.originalHash)],
    ),
  ];
};

const readLines = ({ read }: Explanation): readonly string[] => {
  if (read === undefined) return ['Read by: not known while Postgres does not answer'];
  const { readers, members, first, hiddenFor, clearedBy, position } = read;
  const who = first.map(({ user, upTo }) => `${user} (up to ${String(upTo)})`);
  const whom = readers === 0 ? '' : `: ${named(who, readers)}`;
  return [
    `Read by ${String(readers)} of ${String(members)}${whom} (tables at position ${String(position)})`,
    ...(hiddenFor.length === 0 ? [] : [`Deleted for themselves by ${named(hiddenFor)}`]),
    ...(clearedBy.length === 0 ? [] : [`Chat cleared since by ${named(clearedBy)}`]),
  ];
};

const waitingLines = ({ callbacks, projected }: Explanation): readonly string[] => [
  ...callbacks.told.flatMap((shown) => {
    if (shown.kind === 'told') return [];
    return shown.kind === 'not-yet'
      ? [`${shown.endpoint} has not been told yet: it is at position ${String(shown.position)}`]
      : [
          `${shown.endpoint}: ${shown.callback} was given up after ` +
            `${count(shown.attempts, 'try', 'tries')}: ${shown.why}`,
        ];
  }),
  ...projected
    .filter(({ done }) => !done)
    .map(({ model, position }) => `Not in the tables yet: ${model} is at ${String(position)}`),
  ...(callbacks.partly ? ['The delivery log is too long to be looked through to its end'] : []),
];

/** What cannot be said, and why. */
const unknownLines = (found: Explanation, offsetAt: OffsetAt): readonly string[] => {
  const { traces, pushed, pulled, projected, followedPartly, callbacks } = found;
  const nodes = traces.nodes.map(({ node, keptMs, completeAfter, complete }) => {
    if (keptMs === 0) return `${node} remembers nothing (SEQLINE_TRACE_MEMORY=0)`;
    const kept = `kept for ${String(Math.round(keptMs / MINUTE_MS))} minutes`;
    const since = `of before ${shownTime(completeAfter, offsetAt)} not all is known (${kept})`;
    return complete ? undefined : `${node}: ${since}`;
  });
  const gaps = [
    ...nodes.filter((line) => line !== undefined),
    ...traces.silent.map((node) => `${node} has not answered`),
    ...(traces.cutOff ? ['the bus is away, so other processes could not be asked'] : []),
  ];
  const none: string[] = [];
  if (pushed.length === 0) {
    none.push(
      gaps.length === 0
        ? 'Pushed to nobody: no socket of theirs was open'
        : 'When it was pushed, and to whom, is not known',
    );
  }
  if (callbacks.askable.length > 0 && callbacks.asked.length === 0) {
    none.push(
      gaps.length === 0
        ? `${named(callbacks.askable)} was not asked about it`
        : `Whether ${named(callbacks.askable)} was asked about it, and what it said, is not known`,
    );
  }
  if (projected.some(({ done, at }) => done && at === undefined))
    none.push('When all tables had it is not known');
  if (pulled.count > pulled.first.length)
    none.push(`It was fetched ${String(pulled.count)} times in all`);
  if (followedPartly)
    none.push('More has happened since than is looked through; what followed may lack something');
  return [...none, ...gaps.map((gap) => `  ${gap}`)];
};

/** For people to read, a line each. */
export const explainLines = (found: Explanation, offsetAt: OffsetAt): readonly string[] => {
  let before: number | undefined;
  const timeline = rowsOf(found).map(({ at, text }) => {
    const since = before === undefined ? '' : shownWait(at - before);
    before = at;
    return `  ${shownTime(at, offsetAt)} ${since.padStart(SINCE_WIDTH)}  ${text}`;
  });
  return [
    ...aboutLines(found, offsetAt),
    '',
    ...timeline,
    '',
    ...readLines(found),
    ...waitingLines(found),
    ...unknownLines(found, offsetAt),
  ];
};
