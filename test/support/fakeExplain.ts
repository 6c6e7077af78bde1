import type { Explain, Explanation } from '../../gateways/explain.ts';
import { annAndBob } from './people.ts';

/** What is told of ann's first message to bob. */
export const explained: Explanation = {
  ...{ conversation: annAndBob, seq: 1, newest: 3, now: 1_700_000_060_000 },
  message: {
    ...{ type: 'MessageSent', from: 'ann', to: 'bob', contentType: 101, platform: 5 },
    ...{ clientMsgId: 'c1', serverMsgId: '0f8a4c1e6b7d52a1907f3c2be5d61a44', erased: false },
    ...{ createTime: 1_699_999_999_990, sendTime: 1_700_000_000_000 },
  },
  sent: {
    ...{ actor: 'ann', operationId: 'op-1' },
    login: {
      ...{ token: '11111111-0000-4000-8000-000000000001', platform: 5, live: true },
      ...{ issuedAt: 1_699_999_000_000, expiresAt: 1_707_000_000_000 },
      ...{ issuedTo: 'imAdmin', issuedIn: 'op-0' },
    },
  },
  committed: {
    ...{ at: 1_700_000_000_004, position: 812, stream: 'conversation-si_ann_bob', revision: 0 },
    eventId: '0f8a4c1e-6b7d-52a1-907f-3c2be5d61a44',
  },
  callbacks: {
    askable: ['moderation'],
    asked: [
      {
        ...{ node: 'one/7 api', at: 1_700_000_000_003, callback: 'beforeSendSingleMsg' },
        ...{ endpoint: 'filter', how: 'unanswered-passed', why: 'unreachable', ms: 2 },
      },
      {
        ...{ node: 'one/7 api', at: 1_700_000_000_003, callback: 'beforeMsgModify' },
        ...{ endpoint: 'moderation', how: 'passed', ms: 1 },
      },
    ],
    modifiedBy: 'moderation',
    told: [
      {
        ...{ endpoint: 'crm', kind: 'told' },
        made: {
          ...{ stream: 'conversation-si_ann_bob', revision: 0, callback: 'afterSendSingleMsg' },
          ...{ delivery: '00000000-0000-4000-8000-00000000000a', at: 1_700_000_000_200 },
          ...{ attempts: 2, status: 200, ms: 12 },
        } as never,
      },
    ],
    partly: false,
  },
  projected: [
    {
      model: 'chats_v2',
      position: 900,
      done: true,
      at: 1_700_000_000_020,
      node: 'two/7 projector',
    },
    { model: 'users_v1', position: 800, done: false },
  ],
  published: [{ node: 'one/7 api', at: 1_700_000_000_004, taken: true }],
  pushed: [
    {
      ...{ node: 'one/7 gateway', at: 1_700_000_000_006, count: 3, online: 4 },
      sockets: [
        { socket: 4, user: 'ann', platform: 5 },
        { socket: 9, user: 'bob', platform: 2 },
        { socket: 11 },
      ],
    },
  ],
  pulled: {
    count: 2,
    first: [{ node: 'one/7 gateway', at: 1_700_000_030_000, socket: 12, user: 'bob', platform: 1 }],
  },
  read: {
    ...{ position: 900, readers: 1, members: 1, more: false, hiddenFor: [], clearedBy: [] },
    first: [{ user: 'bob', upTo: 3 }],
  },
  followed: [
    {
      ...{ kind: 'read', user: 'bob', at: 1_700_000_005_000, actor: 'bob', operationId: 'op-2' },
      ...{ position: 830, conversation: 'n_ann_bob', seq: 1, pushes: [] },
    },
    {
      ...{ kind: 'revoked', at: 1_700_000_009_000, actor: 'ann', operationId: 'op-3' },
      ...{ position: 840, conversation: 'n_ann_bob', seq: 2 },
      pushes: [
        {
          ...{ node: 'one/7 gateway', at: 1_700_000_009_003, count: 1, online: 1 },
          sockets: [{ socket: 9, user: 'bob', platform: 2 }],
        },
      ],
    },
  ],
  followedPartly: false,
  traces: {
    nodes: [
      {
        ...{ node: 'one/7 gateway', keptMs: 1_800_000, completeAfter: 1_699_999_000_000 },
        complete: true,
      },
    ],
    silent: ['three/9 gateway'],
    cutOff: false,
  },
};

export const fakeExplain: Explain = {
  explain: () => Promise.resolve({ kind: 'done', found: explained }),
};
