import type { Refused } from '../kernel/decider.ts';
import type { Meta } from '../kernel/fact.ts';
import type { EventId, Millis } from '../kernel/ids.ts';
import { mayBeSent, type MayBeSent } from './allowed.ts';
import type { Once } from './appendOnce.ts';
import { askFirst, type Asked } from './askFirst.ts';
import type { ConversationDeps, SendMessage, SendRefusal } from './handler.ts';

/** A message that may be sent, as it is to be stored; or there is nothing to place, and only something to answer. */
export type Prepared =
  | Readonly<{
      kind: 'settled';
      send: SendMessage;
      meta: Meta;
      quietly: boolean;
      /** As it is to be, where that is not what its sender has given. */
      changed?: SendMessage['message'];
      /** To be called when all is done. */
      over: () => void;
    }>
  | Readonly<{ kind: 'ended'; answer: () => Promise<Once | Refused<SendRefusal>> }>;

export type Call = Readonly<{ id: EventId; at: Millis; meta: Meta }>;
type Before = () => Promise<Once | Refused<'service/unavailable'> | undefined>;

const NOTHING = (): void => undefined;

/** Whether it may be sent, and as what; nothing is waited for where that is at hand. */
export const preparing = ({
  known,
  beforeSend,
}: Pick<ConversationDeps, 'known' | 'beforeSend'>) => {
  const ask = beforeSend === undefined ? undefined : askFirst(beforeSend);

  const settledBy = async (
    send: SendMessage,
    meta: Meta,
    quietly: boolean,
    { answer, over }: Asked,
  ): Promise<Prepared> => {
    const told = await answer;
    if (told.kind !== 'allowed') {
      over();
      return { kind: 'ended', answer: () => Promise.resolve(told) };
    }
    const { message, stored, changedBy } = told;
    return changedBy === undefined
      ? { kind: 'settled', send, meta, quietly, over }
      : {
          ...{ kind: 'settled', send: { ...send, message, stored }, quietly, over },
          ...{ meta: { ...meta, modifiedBy: changedBy }, changed: message },
        };
  };

  return (send: SendMessage, call: Call, before: Before): Prepared | Promise<Prepared> => {
    const { meta } = call;
    const go = (allowed: MayBeSent): Prepared | Promise<Prepared> => {
      if ('kind' in allowed) {
        // Who may not send it any more may still ask again what became of it.
        const answer = async () => {
          const first = await before();
          return first?.kind === 'accepted' ? first : allowed;
        };
        return { kind: 'ended', answer };
      }
      const { quietly } = allowed;
      const asked = ask?.(send, call, before);
      return asked === undefined
        ? { kind: 'settled', send, meta, quietly, over: NOTHING }
        : settledBy(send, meta, quietly, asked);
    };
    const allowed = mayBeSent(known, send, call.at);
    return allowed instanceof Promise ? allowed.then(go) : go(allowed);
  };
};
