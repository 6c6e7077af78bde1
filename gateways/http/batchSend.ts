import { Type, type Static } from '@sinclair/typebox';
import type { Meta } from '../../core/kernel/fact.ts';
import type { Position, UserId } from '../../core/kernel/ids.ts';
import { SESSION_TYPES } from '../openim/numbers.ts';
import { passingFault } from '../passing.ts';
import { body, flag, userId } from './fields.ts';
import { refuse, type Answer } from './reply.ts';
import { route, type Route } from './route.ts';
import type { RouteDeps } from './routes.ts';
import { named, sendBody, sending, sent, type Named, type Sender } from './sendMessage.ts';
import { strings } from './shapes.ts';

/** Receivers of one call, named or all there are: each is a conversation, and a part of the answer. */
export const RECEIVERS_MAX = 10_000;
/** Sends that are under way at the same time; as OpenIM does it. */
const PAGE = 500;

const batchBody = body({
  ...Type.Omit(sendBody, ['recvID', 'groupID']).properties,
  recvIDs: Type.Array(userId, { maxItems: RECEIVERS_MAX }),
  isSendAll: flag(),
});
type Given = Static<typeof batchBody>;

const results = Type.Object({
  results: Type.Array(Type.Object({ ...sent.properties, recvID: Type.String() })),
  failedUserIDs: strings,
});
type Results = Static<typeof results>;

type Passing = Readonly<{ kind: 'passing'; fault: unknown }>;

/** Some have got it by then: were the call to fail, the same one again would be another message to them. */
const passingOnly = (fault: unknown): Passing => {
  if (passingFault(fault) === undefined) throw fault;
  return { kind: 'passing', fault };
};

/** One message for many: in each conversation it has the same clientMsgID, and is stored there once. */
export const batchSendRoute = (deps: RouteDeps): Route => {
  const { checked, send } = sending(deps);
  const { userLists, newId } = deps;

  /** Page by page of the list of all users, as many as may be. */
  const all = async (sender: UserId): Promise<readonly UserId[] | undefined> => {
    const found: UserId[] = [];
    for (let pageNumber = 1; ; pageNumber++) {
      const { total, ids } = await userLists.ids({ pageNumber, showNumber: PAGE });
      if (total > RECEIVERS_MAX) return undefined;
      found.push(...ids);
      if (ids.length < PAGE) return found.filter((user) => user !== sender);
    }
  };

  const sendToAll = async (
    given: Given,
    sender: Sender,
    receivers: readonly UserId[],
    name: Named,
    meta: Meta,
  ): Promise<Answer<Results>> => {
    const data: Results = { results: [], failedUserIDs: [] };
    let newest: Position | undefined;
    let passing: Passing | undefined;
    for (let from = 0; from < receivers.length; from += PAGE) {
      const page = receivers.slice(from, from + PAGE);
      const trySend = (recvID: UserId) =>
        send({ ...given, recvID }, sender, name, meta).catch(passingOnly);
      // Where the log is away it would be for the others too.
      const answers = passing === undefined ? await Promise.all(page.map(trySend)) : [];
      for (const [index, recvID] of page.entries()) {
        const answer = answers[index];
        if (answer?.kind === 'done' && answer.data !== undefined) {
          data.results.push({ ...answer.data, recvID });
          newest = answer.position ?? newest;
        } else data.failedUserIDs.push(recvID);
      }
      passing ??= answers.find((answer) => answer.kind === 'passing');
    }
    // Nobody has got it: then the very same call is to be made again.
    if (passing !== undefined && data.results.length === 0) throw passing.fault;
    return { kind: 'done', data, ...(newest === undefined ? {} : { position: newest }) };
  };

  return route({
    path: '/msg/batch_send_msg',
    summary: 'Sends a message in the name of any user to many, or to all users.',
    access: { kind: 'admin' },
    unreadableStatus: 400,
    body: batchBody,
    data: results,
    run: async ({ body: given, meta, commandId }): Promise<Answer<Results>> => {
      if (given.sessionType === SESSION_TYPES.group) {
        return refuse('args/invalid', 'sessionType: must be 1 (single) or 4 (account)');
      }
      const sender = await checked(given);
      if ('reason' in sender) return sender;
      const receivers = given.isSendAll ? await all(given.sendID) : [...new Set(given.recvIDs)];
      if (receivers === undefined) {
        const most = String(RECEIVERS_MAX);
        return refuse('args/invalid', `isSendAll: there are more than ${most} users; name some`);
      }
      const name = named(given.clientMsgID, commandId, newId);
      return sendToAll(given, sender, receivers, name, meta);
    },
  });
};
