import type { SeqlineEvent } from '../../../core/kernel/catalogue.ts';
import type { Happens } from './world.ts';

/** What was said and named; none of it may come into a table of numbers. */
export const PERSONAL = 'between you and me';

const moment = (day: number, time: string): number =>
  Date.parse(`2026-11-0${String(day)}T${time}Z`);

type Loose = Readonly<{ type: SeqlineEvent['type']; data: object }>;

/** What a day of a small app looks like, told event by event. */
class Story {
  readonly happens: Happens[] = [];

  tell(day: number, time: string, actor: string, stream: string, event: Loose): this {
    // Each is written below as the catalogue has it.
    this.happens.push({ at: moment(day, time), actor, stream, event: event as SeqlineEvent });
    return this;
  }

  registers(day: number, time: string, user: string, level = 1): this {
    const profile = { nickname: PERSONAL, faceUrl: PERSONAL, ex: PERSONAL };
    const data = { user, level, globalReceive: 0, profile };
    return this.tell(day, time, 'imAdmin', `user-${user}`, { type: 'UserRegistered', data });
  }

  says(day: number, time: string, from: string, to: string, contentType = 101): this {
    const chat = `conversation-si_${[from, to].sort().join('_')}`;
    return this.tell(day, time, from, chat, said({ from, to }, contentType));
  }

  saysInGroup(day: number, time: string, from: string, contentType = 101): this {
    return this.tell(
      day,
      time,
      from,
      'conversation-sg_g1',
      said({ from, group: 'g1' }, contentType),
    );
  }

  reads(day: number, time: string, from: string, to: string, upTo: number): this {
    const conversation = `si_${[from, to].sort().join('_')}`;
    const data = { from, to, conversation, after: 0, upTo, seqs: [], sendTime: 1 };
    const stream = `conversation-${conversation.replace('si', 'n')}`;
    return this.tell(day, time, from, stream, { type: 'MessagesRead', data });
  }
}

const said = (between: object, contentType: number): Loose => ({
  type: 'MessageSent',
  data: {
    ...between,
    ...{ clientMsgId: '1', contentType, createTime: 1, sendTime: 1 },
    body: { content: PERSONAL, nickname: PERSONAL },
  },
});

const group = (version: number, by: string) => ({ group: 'g1', version, by });
const rules = { verification: 0, lookMemberInfo: 0, applyMemberFriend: 0 };
const words = { name: PERSONAL, introduction: PERSONAL, faceUrl: '', ex: '' };

/** Four people and a robot, in the first week of November 2026. */
export const NOVEMBER: readonly Happens[] = new Story()
  .registers(1, '08:00:00', 'ann')
  .registers(1, '08:00:00', 'bob')
  .registers(1, '08:00:00', 'cat')
  .registers(1, '08:00:00', 'rob', 4)
  .says(1, '09:00:00', 'ann', 'bob')
  .says(1, '09:00:05', 'ann', 'bob', 102)
  .reads(1, '09:00:10', 'bob', 'ann', 2)
  // A minute after the first that was not answered.
  .says(1, '09:01:00', 'bob', 'ann')
  .reads(1, '09:31:00', 'ann', 'bob', 3)
  .tell(1, '10:00:00', 'cat', 'group-g1', {
    type: 'GroupCreated',
    data: {
      ...group(1, 'cat'),
      ...{ owner: 'cat', admins: [], members: ['ann', 'bob'], creator: 'cat', rules },
      profile: words,
    },
  })
  .saysInGroup(1, '10:00:00', 'cat', 102)
  .saysInGroup(1, '10:30:00', 'cat', 102)
  .registers(2, '08:00:00', 'dan')
  .tell(2, '08:10:00', 'dan', 'login-dan', {
    type: 'LoginActivated',
    data: { user: 'dan', token: 't', platform: 2, kicks: [], tokens: [] },
  })
  .says(2, '08:30:00', 'dan', 'ann')
  .says(2, '09:00:00', 'bob', 'ann')
  .says(2, '11:00:00', 'ann', 'bob')
  // A robot answers at once, and is no measure for people.
  .says(2, '11:30:00', 'ann', 'rob')
  .says(2, '11:30:01', 'rob', 'ann')
  .tell(2, '12:00:00', 'cat', 'group-g1', {
    type: 'MembersAdded',
    data: { ...group(2, 'cat'), users: ['dan', 'eve'], source: 2, historyVisible: true },
  })
  .tell(2, '12:01:00', 'bob', 'group-g1', {
    type: 'MemberLeft',
    data: { group: 'g1', version: 3, user: 'bob' },
  })
  .saysInGroup(8, '09:00:00', 'cat').happens;
