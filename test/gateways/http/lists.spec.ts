import { describe, expect, test } from 'vitest';
import { idHash } from '../../../gateways/http/idHash.ts';
import { versionIdOf, viewOf } from '../../support/fakes.ts';
import { ann, annAndBob, bob } from '../../support/people.ts';
import { gateway, TOKENS } from './client.ts';

const asAnn = { token: TOKENS.ann };
const userID = 'ann';

const dataOf = async (path: string, body: object, client = gateway()) => {
  const { json } = await client.post(path, body, asAnn);
  expect(json).toMatchObject({ errCode: 0, errMsg: '', errDlt: '' });
  return json.data;
};

const row = {
  ownerUserID: 'ann',
  conversationID: 'si_ann_bob',
  recvMsgOpt: 0,
  conversationType: 1,
  userID: 'bob',
  groupID: '',
  isPinned: false,
  attachedInfo: '',
  isPrivateChat: false,
  groupAtType: 0,
  ex: '',
  burnDuration: 0,
  minSeq: 0,
  maxSeq: 0,
  msgDestructTime: 0,
  latestMsgDestructTime: 0,
  isMsgDestruct: false,
};

describe('conversations', () => {
  const ownerUserID = 'ann';

  test('are listed whole, by id and by page', async () => {
    const all = await dataOf('/conversation/get_all_conversations', { ownerUserID });
    expect(all).toEqual({ conversations: [row] });
    const some = { ownerUserID, conversationIDs: [annAndBob, 'si_ann_zed'] };
    expect(await dataOf('/conversation/get_conversations', some)).toEqual({ conversations: [row] });
    const none = { ownerUserID, conversationIDs: [] };
    expect(await dataOf('/conversation/get_conversations', none)).toEqual({ conversations: [] });
    const one = { ownerUserID, conversationID: annAndBob };
    expect(await dataOf('/conversation/get_conversation', one)).toEqual({ conversation: row });
    const page = { userID, pagination: { pageNumber: 1, showNumber: 300 } };
    expect(await dataOf('/conversation/get_owner_conversation', page)).toEqual({
      total: 1,
      conversations: [row],
    });
    const beyond = { userID, pagination: { pageNumber: 2, showNumber: 300 } };
    expect(await dataOf('/conversation/get_owner_conversation', beyond)).toEqual({
      total: 1,
      conversations: [],
    });
  });

  test('one that is not there is not found', async () => {
    const { post } = gateway();
    const body = { ownerUserID, conversationID: 'si_ann_zed' };
    const { json } = await post('/conversation/get_conversation', body, asAnn);
    expect(json).toMatchObject({ errCode: 1004 });
  });

  test('[SYN-11] full tells only the version; afterwards what has changed', async () => {
    const path = '/conversation/get_incremental_conversations';
    const versionID = versionIdOf('conversations', 'ann');
    const none = { delete: [], insert: [], update: [] };
    expect(await dataOf(path, { userID })).toEqual({ version: 7, versionID, full: true, ...none });
    expect(await dataOf(path, { userID, versionID, version: 6 })).toEqual({
      version: 7,
      versionID,
      full: false,
      ...none,
      insert: [row],
    });
  });

  test('[SYN-13] ids are spared to a client whose hash of 64 bits is the same', async () => {
    const path = '/conversation/get_full_conversation_ids';
    const versionID = versionIdOf('conversations', 'ann');
    const hash = String(idHash([annAndBob]));
    expect(BigInt(hash)).toBeGreaterThan(2n ** 53n);
    const ids = async (text: string) => {
      const { json } = await gateway().post(path, `{"userID":"ann","IDHash":${text}}`, asAnn);
      return json.data;
    };
    const same = { version: 7, versionID, equal: true, conversationIDs: null };
    expect(await ids(hash)).toEqual(same);
    const other = { version: 7, versionID, equal: false, conversationIDs: [annAndBob] };
    expect(await ids(String(BigInt(hash) + 1n))).toEqual(other);
    expect(await ids('0')).toEqual(other);
    const { json } = await gateway().post(path, { userID, idHash: hash }, asAnn);
    expect(json).toMatchObject({ errCode: 1001 });
  });

  test('quiet and pinned ones are told apart', async () => {
    const client = gateway();
    client.deps.chats.views = [{ ...viewOf(ann, bob), receive: 2, pinned: true }];
    const ids = { conversationIDs: [annAndBob] };
    const quiet = '/conversation/get_not_notify_conversation_ids';
    expect(await dataOf(quiet, { userID }, client)).toEqual(ids);
    expect(await dataOf('/conversation/get_pinned_conversation_ids', { userID }, client)).toEqual(
      ids,
    );
    expect(await dataOf(quiet, { userID })).toEqual({ conversationIDs: [] });
  });

  test('set_conversations sets what is given, for each owner', async () => {
    const { post, deps } = gateway();
    const conversation = {
      conversationID: annAndBob,
      conversationType: 1,
      userID: 'bob',
      isPinned: true,
      recvMsgOpt: 0,
      ex: '',
      burnDuration: null,
    };
    const path = '/conversation/set_conversations';
    const { text } = await post(path, { userIDs: ['ann'], conversation }, asAnn);
    expect(text).toBe('{"errCode":0,"errMsg":"","errDlt":""}');
    expect(deps.messages.configured).toEqual([
      {
        user: 'ann',
        conversation: annAndBob,
        kind: 1,
        peer: { user: 'bob' },
        settings: { pinned: true, receive: 0 },
        notes: { ex: '' },
      },
    ]);
    const foreign = await post(path, { userIDs: ['ann', 'bob'], conversation }, asAnn);
    expect(foreign.json.errCode).toBe(1002);
    const peerless = { ...conversation, userID: null };
    const wrong = await post(path, { userIDs: ['ann'], conversation: peerless }, asAnn);
    expect(wrong.json.errDlt).toContain('conversation.userID');
  });
});

test('[SYN-13] the hash of a list is that of OpenIM', () => {
  expect(idHash([])).toBe(0n);
  expect(idHash(['u2', 'u4'])).toBe(18284449917113438442n);
});
