import type { Storage } from '../../infra/app/storage/storage.ts';
import type { EventId } from '../../core/kernel/ids.ts';
import { deriveId } from '../../infra/ids.ts';
import { write, type Written } from './verifyWorld.ts';

/** Who writes, reads and logs in by itself, as numbers for analysts are made of it; and a robot. */
export const live = async (storage: Storage): Promise<void> => {
  const by = (actor: string, stream: string, event: Written, id?: EventId) =>
    write(storage, stream, event, id, undefined, actor);
  const profile = { nickname: 'Rob', faceUrl: '', ex: '' };
  const robot = { user: 'rob', level: 4, globalReceive: 0, profile };
  await by('imAdmin', 'user-rob', { type: 'UserRegistered', data: robot });
  const login = { user: 'eve', token: 'one', platform: 5, tokens: [] };
  await by('imAdmin', 'login-eve', { type: 'TokenIssued', data: login });
  await by('eve', 'login-eve', { type: 'LoginActivated', data: { ...login, kicks: [] } });
  const said = { contentType: 101, createTime: 1, sendTime: 1_000, body: { content: '{}' } };
  const say = (from: string, to: string, conversation: string) => {
    const data = { ...said, from, to, clientMsgId: 'one' };
    const id = deriveId(conversation, from, 'one');
    return by(from, `conversation-${conversation}`, { type: 'MessageSent', data }, id);
  };
  await say('eve', 'rob', 'si_eve_rob');
  await say('rob', 'eve', 'si_eve_rob');
  await say('eve', 'dan', 'si_dan_eve');
  await say('dan', 'eve', 'si_dan_eve');
  const read = { user: 'eve', conversation: 'si_dan_eve', upTo: 2 };
  await by('eve', 'inbox-eve', { type: 'ReadMarked', data: read });
};
