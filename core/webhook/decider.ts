import { accept, refuse, type Decided, type Decider, type Placed } from '../kernel/decider.ts';
import type { Command } from '../kernel/fact.ts';
import type { EventId, Position, Revision } from '../kernel/ids.ts';
import type {
  DeliveryGivenUp,
  DeliveryResent,
  ReplayAsked,
  ReplayEnded,
  ReplayMoved,
  ResendAsked,
} from './events.ts';

export type OutcomeEvent =
  DeliveryGivenUp | ResendAsked | DeliveryResent | ReplayAsked | ReplayMoved | ReplayEnded;

export type WebhookCommand =
  | Command<'GiveUp', DeliveryGivenUp['data']>
  | Command<'AskResend', ResendAsked['data']>
  | Command<'EndResend', DeliveryResent['data']>
  | Command<'AskReplay', ReplayAsked['data']>
  | Command<'MoveReplay', ReplayMoved['data']>
  | Command<'EndReplay', ReplayEnded['data']>;

export type WebhookRefusal = 'webhook/no-dead-letter' | 'webhook/too-many-replays';

export type DeadLetter = DeliveryGivenUp['data'] & Readonly<{ asked: boolean }>;

/** What an endpoint still has to be told beside what the log brings. */
export type Webhook = Readonly<{
  dead: ReadonlyMap<EventId, DeadLetter>;
  /** By the id of the event that asked for it. */
  replays: ReadonlyMap<EventId, Replaying>;
}>;

/** Where it was asked for, in the endpoint's stream, and how far it has come. */
export type Replaying = Readonly<{ revision: Revision; position: Position }>;

export const REPLAYS_MAX = 10;

type Folded = Readonly<{ dead: Map<EventId, DeadLetter>; replays: Map<EventId, Replaying> }>;

/** Into the very maps: for loading, where a new map for each event would be quadratic. */
export const foldInto = ({ dead, replays }: Folded, event: Placed<OutcomeEvent>): void => {
  switch (event.type) {
    case 'DeliveryGivenUp':
      dead.set(event.data.delivery, { ...event.data, asked: false });
      break;
    case 'ResendAsked': {
      const letter = dead.get(event.data.delivery);
      if (letter !== undefined) dead.set(event.data.delivery, { ...letter, asked: true });
      break;
    }
    case 'DeliveryResent':
      dead.delete(event.data.delivery);
      break;
    case 'ReplayAsked':
      replays.set(event.id, { revision: event.revision, position: event.data.after });
      break;
    case 'ReplayMoved': {
      const before = replays.get(event.data.replay);
      if (before !== undefined) {
        replays.set(event.data.replay, { ...before, position: event.data.position });
      }
      break;
    }
    case 'ReplayEnded':
      replays.delete(event.data.replay);
      break;
  }
};

export const webhook: Decider<WebhookCommand, OutcomeEvent, Webhook, WebhookRefusal> = {
  initialState: { dead: new Map(), replays: new Map() },

  evolve: ({ dead, replays }, event) => {
    const next = { dead: new Map(dead), replays: new Map(replays) };
    foldInto(next, event);
    return next;
  },

  decide: (command, state) => {
    const { id } = command;
    const { dead, replays } = state;
    switch (command.type) {
      case 'GiveUp': {
        // Given up once more after somebody has asked for it: it is to be asked for again.
        const isKnown = dead.get(command.data.delivery)?.asked === false;
        return when(!isKnown, { id, type: 'DeliveryGivenUp', data: command.data });
      }
      case 'AskResend': {
        const letter = dead.get(command.data.delivery);
        return letter === undefined
          ? refuse('webhook/no-dead-letter', 'delivery: there is no such dead letter')
          : when(!letter.asked, { id, type: 'ResendAsked', data: command.data });
      }
      case 'EndResend': {
        const isDead = dead.has(command.data.delivery);
        return when(isDead, { id, type: 'DeliveryResent', data: command.data });
      }
      case 'AskReplay':
        return replays.size < REPLAYS_MAX
          ? accept({ id, type: 'ReplayAsked', data: command.data })
          : refuse('webhook/too-many-replays', `at most ${String(REPLAYS_MAX)} run at once`);
      case 'MoveReplay': {
        const { replay, position } = command.data;
        const isFurther = position > (replays.get(replay)?.position ?? Infinity);
        return when(isFurther, { id, type: 'ReplayMoved', data: command.data });
      }
      case 'EndReplay': {
        const isRunning = replays.has(command.data.replay);
        return when(isRunning, { id, type: 'ReplayEnded', data: command.data });
      }
    }
  },
};

/** Otherwise it has been done already, and nothing is left to do. */
const when = (isDue: boolean, event: Decided<OutcomeEvent>) => (isDue ? accept(event) : NOTHING);
const NOTHING = accept<Decided<OutcomeEvent>>();
