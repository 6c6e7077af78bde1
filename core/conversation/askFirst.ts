import type { Refused } from '../kernel/decider.ts';
import type { Meta } from '../kernel/fact.ts';
import type { EventId, Millis } from '../kernel/ids.ts';
import type { Once } from './appendOnce.ts';
import type { SendMessage } from './handler.ts';
import type { Allowed, BeforeSend, CallbackRefusal } from './ports.ts';

type Call = Readonly<{ id: EventId; at: Millis; meta: Meta }>;

type Answer = Allowed | Once | Refused<CallbackRefusal | 'service/unavailable'>;

export type Asked = Readonly<{
  answer: Promise<Answer>;
  /** The message has been stored or refused: if it comes again, that can be told, or it is asked about anew. */
  over: () => void;
}>;

/**
 * Has the app server asked about messages before they are sent, each once, also if it comes again while it is
 * being asked about. Undefined: nobody is to be asked about this one.
 */
export const askFirst = (beforeSend: BeforeSend) => {
  const underWay = new Map<EventId, Promise<Answer>>();

  return (
    send: SendMessage,
    call: Call,
    /** Where the message stands if it was sent before: then nobody is asked. */
    sentBefore: () => Promise<Once | Refused<'service/unavailable'> | undefined>,
  ): Asked | undefined => {
    const question = beforeSend(send, call);
    if (question === undefined) return undefined;
    const { id } = call;
    const answer = underWay.get(id) ?? (async () => (await sentBefore()) ?? (await question()))();
    underWay.set(id, answer);
    const over = (): void => {
      if (underWay.get(id) === answer) underWay.delete(id);
    };
    answer.catch(over);
    return { answer, over };
  };
};
