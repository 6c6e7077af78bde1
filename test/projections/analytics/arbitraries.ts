import fc from 'fast-check';
import type { EventType, SeqlineEvent } from '../../../core/kernel/catalogue.ts';
import { dataOf } from '../../support/eventArbitraries.ts';
import type { Happens } from './world.ts';

const DAY = 86_400_000;
/** Late on a day, so that histories go on past midnight. */
const BEGIN = Date.UTC(2026, 10, 29, 22);

/** Those that something is counted of, each as often as it takes for them to bear on each other. */
const COUNTED = [
  ...Array.from({ length: 12 }, () => 'MessageSent' as const),
  ...Array.from({ length: 4 }, () => 'MessagesRead' as const),
  ...(['ReadMarked', 'ReadMarked', 'UserRegistered', 'UserRegistered', 'UserChanged'] as const),
  ...(['TokenIssued', 'LoginActivated', 'GroupCreated', 'MembersAdded', 'MemberLeft'] as const),
  ...(['MembersKicked', 'GroupDismissed', 'GroupDisbanded', 'JoinRequested'] as const),
  ...(['FriendRequested', 'FriendAccepted', 'UserBlocked', 'MessageRevoked'] as const),
  ...(['NoticePosted', 'SeqVoided', 'PresenceChanged'] as const),
];

/** Any event of a type; levels and numbers are such that they come up again. */
export const eventOf = (type: EventType): fc.Arbitrary<SeqlineEvent> =>
  fc
    .tuple(dataOf[type] as fc.Arbitrary<object>, fc.nat(4), fc.nat(6))
    .map(([data, level, few]) => ({
      type,
      data: {
        ...data,
        ...('level' in data && { level }),
        ...('upTo' in data && { upTo: few }),
        ...('contentType' in data && { contentType: 101 + few }),
        ...('platform' in data && { platform: few }),
      },
    }))
    // Made of what an event of that type may hold.
    .map((event) => event as SeqlineEvent);

const userIn = ({ data }: SeqlineEvent): string => {
  if ('from' in data) return data.from;
  return 'user' in data ? data.user : 'ann';
};

const streamOf = ({ type, data }: SeqlineEvent): string => {
  if (type === 'MessageSent') return `conversation-${'group' in data ? 'sg_g1' : 'si_ann_bob'}`;
  return 'group' in data ? `group-${data.group}` : 'others';
};

/** Of two people, so that one answers and reads what the other has said. */
const betweenTwo = ({ type, data }: SeqlineEvent): SeqlineEvent => {
  const isAnn = 'sendTime' in data && data.sendTime % 2 === 0;
  const [from, to] = isAnn ? ['ann', 'bob'] : ['bob', 'ann'];
  const rest = Object.entries(data).filter(([name]) => name !== 'system' && name !== 'group');
  const said = { ...Object.fromEntries(rest), from, to, conversation: 'si_ann_bob' };
  // Made of what an event of that type may hold.
  return { type, data: said } as unknown as SeqlineEvent;
};

/** A history of what is counted, in which most is done by those whom it is about. */
export const history: fc.Arbitrary<readonly Happens[]> = fc
  .array(
    fc.record({
      event: fc.oneof(
        fc.constantFrom(...COUNTED).chain(eventOf),
        fc.constantFrom<EventType>('MessageSent', 'MessagesRead').chain(eventOf).map(betweenTwo),
      ),
      isOwn: fc.nat(9),
      pause: fc.oneof(fc.nat(1_000), fc.nat(DAY / 4), fc.constant(0)),
    }),
    { minLength: 1, maxLength: 80, size: 'max' },
  )
  .map((steps) => {
    let at = BEGIN;
    return steps.map(({ event, isOwn, pause }) => {
      at += pause;
      const actor = isOwn === 0 ? 'imAdmin' : userIn(event);
      return { at, actor, stream: streamOf(event), event };
    });
  });
