import { conversationOfStream, type NumberedEvent } from '../../core/conversation/events.ts';
import type { SeqlineEvent } from '../../core/kernel/catalogue.ts';
import type { Recorded } from '../../core/kernel/fact.ts';
import type { Told } from '../../core/webhook/deliverer.ts';
import type { Of, RecipientsOffline } from '../../core/webhook/events.ts';
import type { Endpoint } from '../../core/webhook/ports.ts';
import { afterOf } from '../openim/afterCallbacks.ts';
import type { Fields } from '../openim/callbackAnswer.ts';
import { concerns, passes } from '../openim/callbackMessages.ts';
import { pushFields } from '../openim/callbackPush.ts';
import { AFTER } from '../openim/callbacks.ts';
import { MESSAGE_STATUS } from '../openim/numbers.ts';
import { renderEvent } from '../openim/render.ts';

type Event = Recorded<SeqlineEvent>;
/** A numbered event, from its stream. Throws what reading the log throws. */
export type NumberedAt = (of: Of) => Promise<Recorded<NumberedEvent> | undefined>;

const bodyOf = (command: string, { meta }: Event, body: Fields): string =>
  JSON.stringify({ callbackCommand: command, operationID: meta.operationId, ...body });

/**
 * What an endpoint wants to be told of a fact: made of the fact alone, and of the message that it names, so
 * that it is the same each time.
 */
export const toldTo = (
  { after }: Pick<Endpoint, 'after'>,
  numberedAt: NumberedAt,
): ((event: Event) => readonly Told[] | Promise<readonly Told[]>) => {
  const unreached = async (
    event: Event,
    { stream, revision, users }: RecipientsOffline['data'],
  ) => {
    const wanted = after.get('beforeOfflinePush');
    if (wanted === undefined) return [];
    const said = await numberedAt({ stream, revision });
    if (said === undefined) throw new Error(`${stream} has lost revision ${String(revision)}`);
    const message = renderEvent(said);
    const isErased = message.status === MESSAGE_STATUS.deleted;
    if (isErased || !passes(wanted.filter, message)) return [];
    const command = AFTER.beforeOfflinePush;
    const order = conversationOfStream(stream);
    return [
      {
        callback: 'beforeOfflinePush',
        command,
        order,
        body: bodyOf(command, event, pushFields(message, order, users)),
        timeout: wanted.timeout,
        of: { stream, revision },
      },
    ];
  };

  return (event) => {
    if (event.type === 'RecipientsOffline') return unreached(event, event.data);
    return afterOf(event).flatMap(({ name, order, body, message, key }) => {
      const wanted = after.get(name);
      if (wanted === undefined) return [];
      if (message !== undefined && !concerns(wanted.filter, message)) return [];
      const command = AFTER[name];
      return [
        {
          callback: name,
          command,
          order,
          body: bodyOf(command, event, body),
          timeout: wanted.timeout,
          ...(key === undefined ? {} : { key }),
        },
      ];
    });
  };
};
