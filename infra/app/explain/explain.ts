import type { Kysely } from 'kysely';
import type { NumberedEvent } from '../../../core/conversation/events.ts';
import { serverMsgIdOf } from '../../../core/conversation/handler.ts';
import type { EventLog } from '../../../core/kernel/eventLog.ts';
import { isErased, type Recorded } from '../../../core/kernel/fact.ts';
import type { ConversationId, EventId, Millis, Seq, UserId } from '../../../core/kernel/ids.ts';
import type { Explain, Explanation, ExplainRequest, PushShown } from '../../../gateways/explain.ts';
import type { Refused, Refusal } from '../../../gateways/ports.ts';
import type { Webhooks } from '../../../gateways/webhookPorts.ts';
import {
  aboutMessage,
  type AboutAsked,
  type AboutMessage,
} from '../../../projections/chats/aboutMessage.ts';
import type { AnyTables } from '../../../projections/kernel/model.ts';
import type { Runner } from '../../../projections/kernel/runner.ts';
import { callbacksOf } from './callbacks.ts';
import {
  conversationAsked,
  followedBy,
  LOOKED_MAX,
  loginOf,
  newestOf,
  numberedAt,
  numberedWithId,
} from './inLog.ts';
import { isAway } from '../readModels/isAway.ts';
import type { Cluster } from '../cluster/cluster.ts';
import type { ReadModels } from '../readModels/readModels.ts';
import {
  ownersOf,
  tracesEverywhere,
  type AskTraces,
  type OpenTraces,
  type TracesEverywhere,
} from './traces.ts';

/** Of those who have read, hidden or cleared it, so many are named. */
const NAMED_MAX = 100;
/** Members of a group of whom it is looked up when they did so. */
const LOOKED_UP_MAX = 20;
/** Events that followed of which it is asked to whom they were pushed. */
const TRACED_MAX = 50;
/** Prefixes of what SDKs call conversations; ids have no spaces. */
const CONVERSATION = /^(?:si|sg|sn|n)_\S{1,190}$/u;

type Deps = Readonly<{
  log: Pick<EventLog, 'readStream' | 'readPlaces'>;
  /** What the tables have; undefined: nobody can say for now. */
  about: (asked: AboutAsked) => Promise<AboutMessage | undefined>;
  runner: Pick<Runner, 'lags'>;
  webhooks: Pick<Webhooks, 'list' | 'deadLetters'>;
  askTraces: AskTraces;
  /** Whether other processes cannot be reached. */
  cutOff: () => boolean;
  now: () => Millis;
}>;

type Opening = Readonly<{
  cluster: Cluster;
  traces: OpenTraces;
  gateway: Parameters<typeof ownersOf>[0];
  models: Pick<ReadModels, 'db' | 'runner'>;
  webhooks: Deps['webhooks'];
  now: () => Millis;
}>;

/** With the question to all processes, which this one answers from here on. */
export const openExplaining = ({
  cluster,
  traces,
  gateway,
  models: { db, runner },
  webhooks,
  now,
}: Opening): Readonly<{ explain: Explain; close: () => Promise<void> }> => {
  const { events: log, bus } = cluster;
  const asking = tracesEverywhere({ cluster, traces, ownersOf: ownersOf(gateway), now });
  const explain = openExplain({
    ...{ log, runner, webhooks, askTraces: asking.ask, now },
    about: aboutMessages(db),
    cutOff: () => bus.isShared() && !bus.isConnected(),
  });
  return { explain, close: asking.close };
};

/** Undefined while Postgres is away: what the log knows is told all the same. */
const aboutMessages =
  (db: Kysely<AnyTables>): Deps['about'] =>
  async (asked) => {
    try {
      return await aboutMessage(db, asked);
    } catch (error) {
      if (isAway(error)) return undefined;
      throw error;
    }
  };

const refuse = (reason: Refusal, detail: string): Refused => ({ kind: 'refused', reason, detail });

/** Puts together what the log, the tables and the traces of all processes know of a message. */
export const openExplain = (deps: Deps): Explain => ({
  explain: async (request) => {
    const placed = await placeOf(deps, request);
    if ('kind' in placed) return placed;
    return { kind: 'done', found: await explanationOf(deps, placed, request.text) };
  },
});

type Place = Readonly<{
  conversation: ConversationId;
  newest: Seq;
  event: Recorded<NumberedEvent>;
}>;

const placeOf = async (
  { log }: Deps,
  { conversation: id, seq, clientMsgId }: ExplainRequest,
): Promise<Place | Refused> => {
  if (!CONVERSATION.test(id)) {
    return refuse(
      'args/invalid',
      `conversationID: ${JSON.stringify(id)} is none; they are si_<user>_<user>, sg_<group>, ` +
        'sn_<account>_<user>, and n_… for notices',
    );
  }
  if ((seq === undefined) === (clientMsgId === undefined))
    return refuse('args/invalid', 'seq: name it, or the clientMsgID, and not both');
  const conversation = await conversationAsked(log, id);
  const last = await newestOf(log, conversation);
  if (last === undefined) {
    return refuse(
      'conversation/unknown',
      `conversationID: nothing has been said in ${id}. The two of a si_ id stand in the order of their letters`,
    );
  }
  const newest = last.revision + 1;
  const event = await (seq === undefined
    ? numberedWithId(log, conversation, clientMsgId ?? '')
    : numberedAt(log, conversation, seq));
  if (event !== undefined) return { conversation, newest, event };
  const detail =
    seq === undefined
      ? `clientMsgID: none of the newest ${String(LOOKED_MAX)} messages of ${conversation} has it`
      : seq > newest
        ? `seq: ${String(seq)} is beyond the end of ${conversation}, which is ${String(newest)}`
        : `seq: ${String(seq)} of ${conversation} is not in the log any more`;
  return refuse('message/not-found', detail);
};

const explanationOf = async (deps: Deps, place: Place, text: boolean): Promise<Explanation> => {
  const { log, runner, now } = deps;
  const { conversation, newest, event } = place;
  const { meta, data, stream, revision, position, created } = event;
  const seq = revision + 1;
  const sender = data.from;
  const isGroup = 'group' in data;
  const among = isGroup ? { group: data.group } : [data.from, data.to];
  const table = await deps.about({ conversation, seq, sender, among, max: NAMED_MAX });
  const users = isGroup ? usersIn(table) : [...new Set([data.from, data.to])];
  const followed = await followedBy(log, { conversation, seq, event }, users);
  const traced = followed.found.slice(0, TRACED_MAX).map(({ eventId }) => eventId);
  const traces = await deps.askTraces({
    ...{ events: [event.id, ...traced], conversation, seq, position },
  });
  const pushesOf = pushesIn(traces);
  const { login, causationId, actor, operationId } = meta;
  return {
    ...{ conversation, seq, newest, now: now() },
    message: messageOf(event, text),
    sent: {
      ...{ actor, operationId },
      ...(causationId !== undefined && { causationId }),
      ...(login !== undefined && { login: await loginOf(log, actor, login, now()) }),
    },
    committed: { at: created, position, stream, revision, eventId: event.id },
    callbacks: { ...(await callbacksOf(deps, event, text)), asked: askedIn(traces, event.id) },
    projected: runner.lags().map(({ projection, position: reached }) => ({
      ...{ model: projection, position: reached, done: reached >= position },
      ...projectedAt(traces, projection),
    })),
    published: traces.nodes.flatMap(({ name, published }) =>
      published
        .filter((one) => one.event === event.id)
        .map(({ at, taken }) => ({ node: name, at, taken })),
    ),
    pushed: pushesOf(event.id),
    pulled: pulledIn(traces),
    ...(table !== undefined && { read: readOf(table) }),
    followed: followed.found.map(({ eventId, ...one }) => ({ ...one, pushes: pushesOf(eventId) })),
    followedPartly: followed.partly,
    traces: {
      nodes: traces.nodes.map(({ name, keptMs, completeAfter }) => ({
        ...{ node: name, keptMs, completeAfter, complete: completeAfter < created },
      })),
      silent: [...traces.silent],
      cutOff: deps.cutOff(),
    },
  };
};

/** Of a group: those of whom there is something to look up. */
const usersIn = (table: AboutMessage | undefined): readonly UserId[] => {
  if (table === undefined) return [];
  const { firstReaders, hiddenFor, clearedBy } = table;
  const all = [...hiddenFor, ...clearedBy, ...firstReaders.map(({ user }) => user)];
  return [...new Set(all.filter((user) => user !== ''))].slice(0, LOOKED_UP_MAX);
};

const messageOf = (
  { type, id, data }: Recorded<NumberedEvent>,
  text: boolean,
): Explanation['message'] => ({
  ...{ type, from: data.from, serverMsgId: serverMsgIdOf(id), sendTime: data.sendTime },
  ...('group' in data ? { group: data.group } : { to: data.to }),
  ...saidIn(data, text),
  ...('reason' in data && { reason: data.reason }),
});

type Said = Pick<
  Explanation['message'],
  'contentType' | 'platform' | 'clientMsgId' | 'createTime' | 'erased' | 'content' | 'nickname'
>;

const saidIn = (data: NumberedEvent['data'], text: boolean): Said => {
  if (!('body' in data)) {
    const clientMsgId = 'clientMsgId' in data ? (data.clientMsgId ?? '') : '';
    return { contentType: 0, platform: 0, clientMsgId, createTime: 0, erased: false };
  }
  const { contentType, platform = 0, clientMsgId, createTime, body } = data;
  const said = { contentType, platform, clientMsgId, createTime };
  if (isErased(body)) return { ...said, erased: true };
  const { content, nickname = '' } = body;
  return { ...said, erased: false, ...(text && { content, nickname }) };
};

const pushesIn =
  ({ nodes }: TracesEverywhere) =>
  (id: string): readonly PushShown[] =>
    nodes
      .flatMap(({ name, pushes }) =>
        pushes
          .filter(({ event }) => event === id)
          .map(({ at, count, online, sockets }) => ({ node: name, at, count, online, sockets })),
      )
      .sort((one, other) => one.at - other.at);

const askedIn = ({ nodes }: TracesEverywhere, id: EventId): Explanation['callbacks']['asked'] =>
  nodes
    .flatMap(({ name, asked }) =>
      asked
        .filter(({ event }) => event === id)
        .map(({ at, callback, endpoint, how, why, ms }) => ({
          ...{ node: name, at, callback, endpoint, how, ms },
          ...(why !== undefined && { why }),
        })),
    )
    .sort((one, other) => one.at - other.at);

const pulledIn = ({ nodes }: TracesEverywhere): Explanation['pulled'] => ({
  count: nodes.reduce((sum, { pulled }) => sum + pulled, 0),
  first: nodes
    .flatMap(({ name, pulls }) => pulls.map((pull) => ({ node: name, ...pull })))
    .sort((one, other) => one.at - other.at)
    .slice(0, NAMED_MAX),
});

const projectedAt = (
  { nodes }: TracesEverywhere,
  model: string,
): Readonly<{ at?: Millis; node?: string }> => {
  const all = nodes.flatMap(({ name, projected }) =>
    projected.filter((one) => one.model === model).map(({ at }) => ({ at, node: name })),
  );
  return all.sort((one, other) => one.at - other.at)[0] ?? {};
};

const readOf = (table: AboutMessage): NonNullable<Explanation['read']> => {
  const { checkpoint, members, readers, firstReaders, hiddenFor, clearedBy } = table;
  const isCut = [hiddenFor, clearedBy].some(({ length }) => length === NAMED_MAX);
  return {
    ...{ position: checkpoint, readers, members, first: firstReaders },
    // Hidden from everybody has no name, and is among what followed.
    ...{ hiddenFor: hiddenFor.filter((user) => user !== ''), clearedBy },
    more: readers > firstReaders.length || isCut,
  };
};
