import type { Chat, UserSide } from './chat.ts';
import type { Chats } from './chats.ts';
import type { ExpectedTable, Row } from './table.ts';

/** What each table of the chats must hold, from the recount. */
export const chatTables = ({ all, groups }: Chats): readonly ExpectedTable[] => {
  const begun = () => [...all.values()].filter(({ parties }) => parties !== undefined);
  const chatOf = (row: Row): Chat | undefined => all.get(String(row['conversation']));
  const numbers = new Numbers(all);
  return [
    {
      name: 'heads',
      key: ['conversation'],
      size: () => begun().length,
      expected: (row) => headRow(chatOf(row)),
      all: () => begun().flatMap((chat) => headRow(chat) ?? NO_ROWS),
    },
    {
      name: 'sides',
      key: ['owner', 'conversation'],
      size: () => sum(all, ({ sides }) => sides.size),
      expected: (row) => {
        const owner = String(row['owner']);
        const chat = chatOf(row);
        const side = chat?.sides.get(owner);
        return chat === undefined || side === undefined ? undefined : sideRow(owner, chat, side);
      },
      all: () =>
        each(all, (chat) => [...chat.sides].map(([owner, side]) => sideRow(owner, chat, side))),
    },
    {
      name: 'revocations',
      key: ['conversation', 'seq'],
      size: () => sum(all, ({ revoked }) => revoked.size),
      expected: (row) => {
        const seq = Number(row['seq']);
        const revision = chatOf(row)?.revoked.get(seq);
        return revision === undefined ? undefined : { ...place(row), revision };
      },
      all: () =>
        each(all, ({ id, revoked }) =>
          [...revoked].map(([seq, revision]) => ({ conversation: id, seq, revision })),
        ),
    },
    {
      name: 'hidden',
      key: ['owner', 'conversation', 'seq'],
      size: () => sum(all, ({ hidden }) => sum(hidden, (seqs) => seqs.size)),
      expected: (row) => {
        const owner = String(row['owner']);
        const isHidden = chatOf(row)?.hidden.get(owner)?.has(Number(row['seq'])) === true;
        return isHidden ? { owner, ...place(row) } : undefined;
      },
      all: () =>
        each(all, ({ id, hidden }) =>
          [...hidden].flatMap(([owner, seqs]) =>
            [...seqs].map((seq) => ({ owner, conversation: id, seq })),
          ),
        ),
    },
    numbers.table('uncounted', (chat, seq) =>
      !chat.isNotifications && chat.isThere(seq) && !chat.counts(seq) ? {} : undefined,
    ),
    sendsTable(
      numbers.table('sends', (chat, seq, doubles) => {
        const id = chat.isSend(seq) && !doubles.has(seq) ? chat.idOf(seq) : undefined;
        return id === undefined ? undefined : { event_id: id };
      }),
      chatOf,
    ),
    numbers.table('doubles', (_chat, seq, doubles) => (doubles.has(seq) ? {} : undefined)),
    ...groups.tables,
  ];
};

const NO_ROWS: readonly Row[] = [];

type Doubles = ReadonlyMap<number, number>;
/** What a row says beyond its conversation and number; undefined: there is none for this number. */
type OfNumber = (chat: Chat, seq: number, doubles: Doubles) => Row | undefined;

/** Tables that have at most one row for each number of each conversation. */
class Numbers {
  readonly #all: ReadonlyMap<string, Chat>;
  /** Of the conversations that have any. */
  readonly #doubles = new Map<string, Doubles>();

  constructor(all: ReadonlyMap<string, Chat>) {
    this.#all = all;
    for (const chat of all.values()) {
      const doubles = chat.doubles();
      if (doubles.size > 0) this.#doubles.set(chat.id, doubles);
    }
  }

  table(name: string, of: OfNumber): ExpectedTable {
    const rowOf = (chat: Chat, seq: number): Row | undefined => {
      const row = of(chat, seq, this.#doubles.get(chat.id) ?? new Map<number, number>());
      return row === undefined ? undefined : { conversation: chat.id, seq, ...row };
    };
    const rowsOf = function* (chats: Iterable<Chat>): Generator<Row> {
      for (const chat of chats) {
        for (let seq = 1; seq <= chat.maxSeq; seq++) {
          const row = rowOf(chat, seq);
          if (row !== undefined) yield row;
        }
      }
    };
    return {
      name,
      key: ['conversation', 'seq'],
      size: () => {
        let size = 0;
        for (const _ of rowsOf(this.#all.values())) size += 1;
        return size;
      },
      expected: (row) => {
        const chat = this.#all.get(String(row['conversation']));
        return chat === undefined ? undefined : rowOf(chat, Number(row['seq']));
      },
      all: () => rowsOf(this.#all.values()),
    };
  }
}

/** Its rows are known by the ids of messages: one that stands at another number is the same row, changed. */
const sendsTable = (
  byNumber: ExpectedTable,
  chatOf: (row: Row) => Chat | undefined,
): ExpectedTable => ({
  ...byNumber,
  key: ['conversation', 'event_id'],
  expected: (row) => {
    const usual = byNumber.expected(row);
    if (usual?.['event_id'] === row['event_id']) return usual;
    const seq = chatOf(row)?.seqOf(String(row['event_id']));
    return seq === undefined ? undefined : byNumber.expected({ ...row, seq });
  },
});

const sum = <T>(all: ReadonlyMap<string, T>, sizeOf: (one: T) => number): number => {
  let size = 0;
  for (const one of all.values()) size += sizeOf(one);
  return size;
};

const each = function* (
  all: ReadonlyMap<string, Chat>,
  rowsOf: (chat: Chat) => readonly Row[],
): Generator<Row> {
  for (const chat of all.values()) yield* rowsOf(chat);
};

const place = (row: Row): Row => ({
  conversation: String(row['conversation']),
  seq: Number(row['seq']),
});

const headRow = (chat: Chat | undefined): Row | undefined => {
  if (chat?.parties === undefined) return undefined;
  const { id, parties, maxSeq, newestTime, newestPos, createdPos } = chat;
  return {
    conversation: id,
    first_user: parties.from,
    second_user: 'to' in parties ? parties.to : null,
    group_id: 'group' in parties ? parties.group : null,
    max_seq: maxSeq,
    max_seq_time: newestTime,
    max_seq_pos: newestPos,
    first_own: chat.ownNewest('first'),
    second_own: chat.ownNewest('second'),
    created_pos: createdPos,
  };
};

const NOTHING_SET = {
  ...{ receive: 0, pinned: false, privateChat: false, burnDuration: 0 },
  ...{ groupAtType: 0, destructTime: 0, destruct: false },
} as const;

const sideRow = (owner: string, { id }: Chat, side: UserSide): Row => {
  const { peer, clearedUpTo } = side;
  const settings = { ...NOTHING_SET, ...side.settings };
  return {
    owner,
    conversation: id,
    read_up_to: side.readUpTo,
    min_seq: clearedUpTo === 0 ? 0 : clearedUpTo + 1,
    kind: side.kind,
    peer_user: peer !== undefined && 'user' in peer ? peer.user : null,
    peer_group: peer !== undefined && 'group' in peer ? peer.group : null,
    receive: settings.receive,
    pinned: settings.pinned,
    private_chat: settings.privateChat,
    burn_duration: settings.burnDuration,
    group_at_type: settings.groupAtType,
    destruct_time: settings.destructTime,
    destruct: settings.destruct,
    ex: side.ex,
    attached_info: side.attachedInfo,
    configured_pos: side.configuredPos,
    changed_pos: side.changedPos,
    read_pos: side.readPos,
    at_set_pos: side.atSetPos,
    deleted_pos: side.deletedPos,
    deleted_up_to: side.deletedUpTo,
  };
};
