import type { MessageSent } from '../../core/conversation/events.ts';
import type { Decided } from '../../core/kernel/decider.ts';
import type { Meta } from '../../core/kernel/fact.ts';
import type { ConversationId, EventId, UserId } from '../../core/kernel/ids.ts';
import type { User } from '../../core/user/decider.ts';
import { single } from '../../core/conversation/ids.ts';

export const ann = 'ann' as UserId;
export const bob = 'bob' as UserId;
export const cat = 'cat' as UserId;
/** In groups: an admin and a member. */
export const amy = 'amy' as UserId;
export const mia = 'mia' as UserId;

export const annAndBob: ConversationId = single(ann, bob);

export const by = (actor: string, operationId = 'op'): Meta => ({ actor, operationId });

/** Short ids that read well in a failure. */
export const eventId = (name: string | number): EventId => `id-${String(name)}` as EventId;

/** Somebody who is there, and of whom nothing else matters. */
export const registered: User = {
  status: 'registered',
  registration: eventId('registration'),
  level: 1,
  globalReceive: 0,
  profile: { nickname: '', faceUrl: '', ex: '' },
};

/** A text message as it is stored, from ann to bob unless said otherwise. */
export const sent = (
  name: string | number,
  data: Partial<MessageSent['data']> = {},
): Decided<MessageSent> => ({
  id: eventId(name),
  type: 'MessageSent',
  data: {
    from: ann,
    to: bob,
    clientMsgId: String(name),
    contentType: 101,
    createTime: 1_000,
    sendTime: 1_000,
    body: { content: '{"content":"hi"}' },
    ...data,
  },
});
