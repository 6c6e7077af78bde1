import type { SeqlineEvent } from '../../core/kernel/catalogue.ts';
import type { Recorded } from '../../core/kernel/fact.ts';
import type { Told } from '../../core/webhook/deliverer.ts';
import type { Endpoint } from '../../core/webhook/ports.ts';
import { afterOf } from '../openim/afterCallbacks.ts';
import { concerns } from '../openim/callbackMessages.ts';
import { AFTER } from '../openim/callbacks.ts';

/** What an endpoint wants to be told of a fact: made of the fact alone, so that it is the same each time. */
export const toldTo =
  ({ after }: Pick<Endpoint, 'after'>) =>
  (event: Recorded<SeqlineEvent>): readonly Told[] =>
    afterOf(event).flatMap(({ name, order, body, message, key }) => {
      const wanted = after.get(name);
      if (wanted === undefined) return [];
      if (message !== undefined && !concerns(wanted.filter, message)) return [];
      const command = AFTER[name];
      const { operationId: operationID } = event.meta;
      return [
        {
          callback: name,
          command,
          order,
          body: JSON.stringify({ callbackCommand: command, operationID, ...body }),
          timeout: wanted.timeout,
          ...(key === undefined ? {} : { key }),
        },
      ];
    });
