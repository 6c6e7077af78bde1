import type { Refused } from '../kernel/decider.ts';
import type { Meta } from '../kernel/fact.ts';
import type { EventId, Millis } from '../kernel/ids.ts';
import { InTurn } from '../kernel/inTurn.ts';
import type { Once } from './appendOnce.ts';
import type { SendMessage } from './handler.ts';
import type { Allowed, BeforeSend, CallbackRefusal } from './ports.ts';

type Call = Readonly<{ id: EventId; at: Millis; meta: Meta }>;

/** `changed`: the message as it is to be, where that is not what its sender has given. */
export type Settled = Readonly<{
  send: SendMessage;
  meta: Meta;
  changed?: SendMessage['message'];
}>;

type Steps<R> = Readonly<{
  /** Where the message stands if it was sent before: then nobody is asked. */
  sentBefore: () => Promise<Once | Refused<'service/unavailable'> | undefined>;
  found: (once: Once) => R;
  go: (settled: Settled) => Promise<R>;
}>;

const settledBy = (
  send: SendMessage,
  meta: Meta,
  { message, stored, changedBy }: Allowed,
): Settled =>
  changedBy === undefined
    ? { send, meta }
    : {
        send: { ...send, message, stored },
        meta: { ...meta, modifiedBy: changedBy },
        changed: message,
      };

/**
 * Has the app server asked about messages before they are sent, each once, also if it comes again while it is
 * being asked about. Those of one sender in one conversation are asked about at once and sent in the order
 * they came in; a slow answer holds up these and no others.
 */
export const askFirst = (beforeSend: BeforeSend) => {
  const turns = new InTurn();
  const underWay = new Map<
    EventId,
    Promise<Allowed | Once | Refused<CallbackRefusal | 'service/unavailable'>>
  >();

  return async <R>(
    send: SendMessage,
    call: Call,
    { sentBefore, found, go }: Steps<R>,
  ): Promise<R | Refused<CallbackRefusal | 'service/unavailable'>> => {
    const name = `${send.conversation} ${send.message.from}`;
    const question = beforeSend(send, call);
    if (question === undefined) {
      const settled = { send, meta: call.meta };
      return turns.has(name) ? turns.do(name, () => go(settled)) : go(settled);
    }
    const asked =
      underWay.get(call.id) ?? (async () => (await sentBefore()) ?? (await question()))();
    underWay.set(call.id, asked);
    // Looked at when its turn comes, and that may be later than it fails.
    asked.catch(() => undefined);
    return turns.do(name, async () => {
      try {
        const answer = await asked;
        switch (answer.kind) {
          case 'refused':
            return answer;
          case 'accepted':
            return found(answer);
          case 'allowed':
            return await go(settledBy(send, call.meta, answer));
        }
      } finally {
        if (underWay.get(call.id) === asked) underWay.delete(call.id);
      }
    });
  };
};
