import type { NumberedEvent } from '../../../core/conversation/events.ts';
import type { EventLog } from '../../../core/kernel/eventLog.ts';
import { isErased, type Recorded } from '../../../core/kernel/fact.ts';
import { deliveriesStream, type DeliveriesMade } from '../../../core/webhook/events.ts';
import type { CallbackShown, Explanation } from '../../../gateways/explain.ts';
import type { Webhooks, WebhookStatus } from '../../../gateways/webhookPorts.ts';
import { eventsSince } from './inLog.ts';

/** Of the delivery log: an event a second for each endpoint, at most. */
const DELIVERIES_MAX = 2_000;
const DEAD_MAX = 1_000;
const ASKED_OF_TWO = ['beforeSendSingleMsg', 'beforeMsgModify'];
const ASKED_OF_GROUPS = ['beforeSendGroupMsg', 'beforeMsgModify'];
const MESSAGE_CALLBACKS = ['afterSendSingleMsg', 'afterSendGroupMsg', 'afterMsgSaveDB'];

type Deps = Readonly<{
  log: Pick<EventLog, 'readStream' | 'readPlaces'>;
  webhooks: Pick<Webhooks, 'list' | 'deadLetters'>;
}>;

/** Who has changed a message before it was stored, and what endpoints were told of it. Who was asked is in traces. */
export const callbacksOf = async (
  { log, webhooks }: Deps,
  event: Recorded<NumberedEvent>,
  text: boolean,
): Promise<Omit<Explanation['callbacks'], 'asked'>> => {
  const { meta, data } = event;
  const body = 'body' in data && !isErased(data.body) ? data.body : undefined;
  const told: CallbackShown[] = [];
  let partly = false;
  const { endpoints } = await webhooks.list();
  for (const status of endpoints.filter(({ after }) => after.length > 0)) {
    const one = await toldTo({ log, webhooks }, event, status);
    told.push(...one.told);
    partly ||= one.partly;
  }
  return {
    askable: askableIn(endpoints, event),
    ...(meta.modifiedBy !== undefined && { modifiedBy: meta.modifiedBy }),
    ...(text && body?.originalHash !== undefined && { originalHash: body.originalHash }),
    ...{ told, partly },
  };
};

/** Nobody is asked about what the server itself says. */
const askableIn = (
  endpoints: readonly WebhookStatus[],
  { type, data }: NumberedEvent,
): readonly string[] => {
  if (type !== 'MessageSent') return [];
  const callbacks = 'group' in data ? ASKED_OF_GROUPS : ASKED_OF_TWO;
  return endpoints
    .filter(({ before }) => callbacks.some((callback) => before.includes(callback)))
    .map(({ endpoint }) => endpoint);
};

/** What an endpoint was told of the event, from its delivery log and its dead letters. */
const toldTo = async (
  { log, webhooks }: Deps,
  { stream, revision, position, created }: Recorded<NumberedEvent>,
  { endpoint, after, position: reached, elsewhere }: WebhookStatus,
): Promise<Readonly<{ told: readonly CallbackShown[]; partly: boolean }>> => {
  const isIt = (of: Readonly<{ stream: string; revision: number }>): boolean =>
    of.stream === stream && of.revision === revision;
  const lines = deliveriesStream(endpoint);
  const deliveries = await eventsSince<DeliveriesMade>(log, lines, created, DELIVERIES_MAX);
  const made = deliveries.events.flatMap(({ data }) => data.made).filter(isIt);
  const dead = await webhooks.deadLetters(endpoint, DEAD_MAX);
  const letters = dead.kind === 'done' ? dead.letters.filter(isIt) : [];
  const concerns = after.some((callback) => MESSAGE_CALLBACKS.includes(callback));
  const isWaiting = concerns && !elsewhere && reached < position && made.length === 0;
  return {
    told: [
      ...made.map((line) => ({ endpoint, kind: 'told', made: line }) as const),
      ...letters.map(
        ({ callback, attempts, why }) =>
          ({ endpoint, kind: 'given-up', callback, attempts, why }) as const,
      ),
      ...(isWaiting ? [{ endpoint, kind: 'not-yet', position: reached } as const] : []),
    ],
    partly: deliveries.partly,
  };
};
