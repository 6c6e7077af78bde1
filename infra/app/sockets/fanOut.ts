import { CONVERSATION_PREFIX, type NumberedEvent } from '../../../core/conversation/events.ts';
import type { SeqlineEvent } from '../../../core/kernel/catalogue.ts';
import type { Recorded } from '../../../core/kernel/fact.ts';
import type { Position } from '../../../core/kernel/ids.ts';
import { isMembership, type MembershipEvent } from '../../../gateways/ws/audience.ts';
import type { WsGateway } from '../../../gateways/ws/server.ts';

type Event = Recorded<SeqlineEvent>;

const isNumbered = (event: Event): event is Recorded<NumberedEvent> =>
  event.stream.startsWith(CONVERSATION_PREFIX);

const isMove = (event: Event): event is Recorded<MembershipEvent> => isMembership(event);

/**
 * From the log to the sockets of this process. What is older than the gateway is not pushed: whoever
 * connects syncs, and a message of before a crash must not overtake the answer to its repetition. Who comes
 * into a group or goes does so between two messages.
 */
export const fanOut =
  (
    ws: Pick<WsGateway, 'deliver' | 'memberMoved' | 'loginChanged'>,
    after: Position,
  ): ((followed: readonly Event[]) => void) =>
  (followed) => {
    let numbered: Recorded<NumberedEvent>[] = [];
    const deliver = (): void => {
      if (numbered.length > 0) ws.deliver(numbered);
      numbered = [];
    };
    for (const event of followed) {
      if (event.position <= after) continue;
      if (isNumbered(event)) numbered.push(event);
      else if (isMove(event)) {
        deliver();
        ws.memberMoved(event);
      } else if (
        event.type === 'TokenIssued' ||
        event.type === 'LoginActivated' ||
        event.type === 'LogoutForced'
      ) {
        ws.loginChanged(event);
      }
    }
    deliver();
  };
