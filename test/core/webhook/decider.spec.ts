import { describe, test } from 'vitest';
import { REPLAYS_MAX, webhook, type WebhookCommand } from '../../../core/webhook/decider.ts';
import type { ReplayAsked } from '../../../core/webhook/events.ts';
import { by, eventId } from '../../support/people.ts';
import { specFor } from '../../support/spec.ts';

const given = specFor(webhook);
const call = { id: eventId('call'), at: 1, meta: by('imAdmin') };
const wish = <C extends WebhookCommand>({ type, data }: Pick<C, 'type' | 'data'>) =>
  ({ ...call, type, data }) as C;

const endpoint = 'crm';
const delivery = eventId('delivery');
const dead = {
  endpoint,
  delivery,
  callback: 'afterSendSingleMsg',
  stream: 'conversation-si_ann_bob',
  revision: 3,
  attempts: 12,
  why: 'HTTP 500',
};
const fact = { id: eventId('fact') };
const givenUp = { ...fact, type: 'DeliveryGivenUp', data: dead } as const;
const asked = { ...fact, type: 'ResendAsked', data: { endpoint, delivery } } as const;
const resent = { ...fact, type: 'DeliveryResent', data: { endpoint, delivery } } as const;
const GIVE_UP = wish({ type: 'GiveUp', data: dead });
const ASK = wish({ type: 'AskResend', data: { endpoint, delivery } });
const END = wish({ type: 'EndResend', data: { endpoint, delivery } });

describe('[HOK-23] a dead letter', () => {
  test('is recorded once, and once more when it was sent again in vain', () => {
    given()
      .when(GIVE_UP)
      .then({ ...givenUp, id: call.id });
    given(givenUp).when(GIVE_UP).then();
    given(givenUp, asked)
      .when(GIVE_UP)
      .then({ ...givenUp, id: call.id });
  });
  test('is sent again when that is asked for, once for each time it was given up', () => {
    given(givenUp)
      .when(ASK)
      .then({ ...asked, id: call.id });
    given(givenUp, asked).when(ASK).then();
    given(givenUp, asked, givenUp)
      .when(ASK)
      .then({ ...asked, id: call.id });
  });
  test('that is none cannot be sent again', () => {
    given().when(ASK).refused('webhook/no-dead-letter');
    given(givenUp, asked, resent).when(ASK).refused('webhook/no-dead-letter');
  });
  test('is none any more once it is taken', () => {
    given(givenUp, asked)
      .when(END)
      .then({ ...resent, id: call.id });
    given(givenUp, asked, resent).when(END).then();
  });
});

describe('[HOK-26] a replay', () => {
  const replay = (name: string): ReplayAsked & Readonly<{ id: typeof call.id }> => ({
    id: eventId(name),
    type: 'ReplayAsked',
    data: { endpoint, after: 10 },
  });
  const of = { endpoint, replay: eventId('r1') };
  const moveTo = (position: number) => wish({ type: 'MoveReplay', data: { ...of, position } });

  test('is recorded with where it begins, so many at once', () => {
    const ask = wish({ type: 'AskReplay', data: { endpoint, after: 10 } });
    given().when(ask).then(replay('call'));
    const all = Array.from({ length: REPLAYS_MAX }, (_, index) => replay(`r${String(index)}`));
    given(...all)
      .when(ask)
      .refused('webhook/too-many-replays');
  });
  test('moves forwards only, and ends once', () => {
    const moved = { id: call.id, type: 'ReplayMoved', data: { ...of, position: 20 } } as const;
    given(replay('r1')).when(moveTo(20)).then(moved);
    given(replay('r1'), moved).when(moveTo(20)).then();
    given(replay('r1')).when(moveTo(10)).then();
    given().when(moveTo(20)).then();
    const ended = { id: call.id, type: 'ReplayEnded', data: of } as const;
    given(replay('r1'))
      .when(wish({ type: 'EndReplay', data: of }))
      .then(ended);
    given(replay('r1'), ended)
      .when(wish({ type: 'EndReplay', data: of }))
      .then();
  });
});
