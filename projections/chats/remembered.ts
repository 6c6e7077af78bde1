import type { Position, UserId } from '../../core/kernel/ids.ts';
import { joinKey } from '../kernel/rows.ts';
import type { ConversationAtHead, Found, TailOf, UserAtHead } from './atHead.ts';
import type { Span } from './queries.ts';

/** Rows of one generation of answers, some 300 bytes each; there are two generations. */
const ROWS_MAX = 25_000;
/** Numbers that are asked about together: a client that pages asks about the next ones soon. */
const BLOCK = 1_000;

type Entry<Answer> = Readonly<{ answer: Answer; seen: Position; names: readonly string[] }>;

/**
 * Answers that were exact at some position of the log, for as long as the tail can tell that nothing has
 * touched them since: clients ask several times as they connect, and page after page as they read. Nothing
 * is ever brought up to date here; what has been touched is asked for again.
 */
class Remembered<Answer> {
  readonly #tail: TailOf;
  #young = new Map<string, Entry<Answer>>();
  #old = new Map<string, Entry<Answer>>();
  #rows = 0;

  constructor(tail: TailOf) {
    this.#tail = tail;
  }

  recall(key: string): Answer | undefined {
    const known = this.#young.get(key) ?? this.#old.get(key);
    if (known === undefined || !this.#tail.covers(known.seen)) return undefined;
    const { answer, seen, names } = known;
    const isTouched = names.some((name) => this.#tail.touching(name, seen).length > 0);
    return isTouched ? undefined : answer;
  }

  /** `names`: those under which the tail has all events that bear on it. */
  remember(
    key: string,
    answer: Answer,
    { seen, names }: Readonly<{ seen: Position; names: readonly string[] }>,
    rows: number,
  ): void {
    this.#young.set(key, { answer, seen, names });
    this.#rows += rows + 1;
    if (this.#rows < ROWS_MAX) return;
    this.#old = this.#young;
    this.#young = new Map();
    this.#rows = 0;
  }
}

/** All that a user's lists and counts are made of, at the head of the log. */
export const userAtHead = (find: (user: UserId) => Promise<Found<UserAtHead>>, tail: TailOf) => {
  const known = new Remembered<UserAtHead>(tail);
  return async (user: UserId): Promise<UserAtHead> => {
    const recalled = known.recall(user);
    if (recalled !== undefined) return recalled;
    const { at, seen, names } = await find(user);
    const rows = at.heads.length + at.sides.length + names.length;
    if (seen !== undefined) known.remember(user, at, { seen, names }, rows);
    return at;
  };
};

type Part = Readonly<{ span: Span; at: ConversationAtHead }>;

const includes = ({ span }: Part, { from, to }: Span): boolean =>
  span.from <= from && to <= span.to;

const wholeBlocks = ({ conversation, from, to }: Span): Span => ({
  conversation,
  from: Math.floor(from / BLOCK) * BLOCK,
  to: Math.ceil((to + 1) / BLOCK) * BLOCK - 1,
});

const rowsOf = ({ revocations, hidden, doubles }: ConversationAtHead): number =>
  3 + revocations.size + hidden.size + doubles.size;

/** What bears on some numbers of some conversations (and on others beside them), at the head of the log. */
export const conversationsAtHead = (
  find: (user: UserId, spans: readonly Span[]) => Promise<readonly Found<ConversationAtHead>[]>,
  tail: TailOf,
) => {
  const known = new Remembered<Part>(tail);

  const recall = (user: UserId, span: Span): ConversationAtHead | undefined => {
    const { conversation } = span;
    const part = known.recall(joinKey(user, conversation));
    return part !== undefined && includes(part, span) ? part.at : undefined;
  };
  const ask = async (
    user: UserId,
    asked: readonly Span[],
  ): Promise<readonly ConversationAtHead[]> => {
    if (asked.length === 0) return [];
    const spans = asked.map(wholeBlocks);
    const found = await find(user, spans);
    return found.map(({ at, seen, names }, index) => {
      const span = spans[index];
      if (seen === undefined || span === undefined) return at;
      const place = { seen, names };
      known.remember(joinKey(user, span.conversation), { span, at }, place, rowsOf(at));
      return at;
    });
  };
  return async (user: UserId, spans: readonly Span[]): Promise<readonly ConversationAtHead[]> => {
    const recalled = spans.map((span) => recall(user, span));
    const asked = await ask(
      user,
      spans.filter((_, index) => recalled[index] === undefined),
    );
    const left = asked.values();
    return recalled.flatMap((at) => at ?? left.next().value ?? []);
  };
};
