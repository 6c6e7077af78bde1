import type { ConversationId, EventId, Millis, Position, Seq } from '../../core/kernel/ids.ts';
import { TraceBuffer } from './traceBuffer.ts';

/** Of a message that went to many sockets, so many are noted by number; of the others how many they were. */
export const SOCKETS_NAMED = 16;
/** Sockets that are gone and of which it is known whose they were; some 150 bytes each. */
export const GONE_MAX = 20_000;
const GONE_BYTES = 150;
/** As much as one answer names; what is beyond it is counted. */
const FOUND_MAX = 100;
const WORD = 2 ** 32;

const PUSHED = 1;
const PUBLISHED = 2;
const PULLED = 3;
const PROJECTED = 4;
const ASKED = 5;

/** Of a push: the event, to how many sockets, how many were there, and which were the first. */
const PUSHED_WORDS = 4;
const scratch = new Uint32Array(PUSHED_WORDS + SOCKETS_NAMED);

type Owner = Readonly<{ user: string; platform: number }>;
type Gone = Owner & Readonly<{ at: Millis }>;

/** The gateways' own words for this are in gateways/traces.ts. */
type AskedAbout = Readonly<{
  callback: string;
  endpoint: string;
  how: 'passed' | 'refused' | 'unanswered-passed' | 'unanswered-refused';
  why?: string;
  ms: Millis;
}>;

type Ending = Omit<AskedAbout, 'ms'>;

/** Whose sockets these are that are open; those that are not are left out. */
export type OwnersOf = (sockets: ReadonlySet<number>) => ReadonlyMap<number, Owner>;

/** A socket, and whose it is or was where that is still known. */
export type SocketSeen = Readonly<{ socket: number }> & Partial<Owner>;

/** What is asked about: some events, and where one of them stands. */
export type TraceQuestion = Readonly<{
  events: readonly EventId[];
  conversation: ConversationId;
  seq: Seq;
  position: Position;
}>;

/** What one process knows of it. */
export type TracesFound = Readonly<{
  /** Whatever happened here after this moment is known, and of before it perhaps not. */
  completeAfter: Millis;
  /** Before it was stored; `at`: when that had ended. */
  asked: readonly (Readonly<{ event: EventId; at: Millis }> & AskedAbout)[];
  /** Written to the first of `online` sockets, `count` in all; the others were in the background or closing. */
  pushes: readonly Readonly<{
    event: EventId;
    at: Millis;
    count: number;
    online: number;
    sockets: readonly SocketSeen[];
  }>[];
  /** Told to other processes, if `taken`: else the bus was away. */
  published: readonly Readonly<{ event: EventId; at: Millis; taken: boolean }>[];
  /** Fetched over sockets, `pulled` in all. */
  pulls: readonly (Readonly<{ at: Millis }> & SocketSeen)[];
  pulled: number;
  /** When read models that are built here had it. */
  projected: readonly Readonly<{ model: string; at: Millis }>[];
}>;

export type TraceOptions = Readonly<{ bytes: number; keptMs: Millis; now: () => Millis }>;

/** What becomes of messages in this process and stands in no log, for a bounded time in bounded memory. */
export class Traces {
  readonly #options: TraceOptions;
  readonly #buffer: TraceBuffer;
  readonly #gone = new Map<number, Gone>();
  readonly #models: string[] = [];
  /** In how many ways questions can end is bounded by the file of webhooks. */
  readonly #endings: Ending[] = [];

  constructor(options: TraceOptions) {
    this.#options = options;
    this.#buffer = new TraceBuffer(options.bytes, options.now());
  }

  /** Bytes that it takes, about, and since when everything is in it. */
  get size(): Readonly<{ bytes: number; completeAfter: Millis }> {
    const bytes = this.#buffer.bytes + this.#gone.size * GONE_BYTES;
    return { bytes, completeAfter: this.#buffer.completeAfter };
  }

  get keptMs(): Millis {
    return this.#options.keptMs;
  }

  readonly asked = (event: EventId, { ms, ...ending }: AskedAbout): void => {
    writeId(event);
    scratch[2] = this.#endingIndex(ending);
    scratch[3] = ms;
    this.#add(ASKED, 4);
  };

  readonly pushed = (
    event: EventId,
    count: number,
    sockets: readonly Readonly<{ number: number; takesPushes: boolean }>[],
  ): void => {
    writeId(event);
    scratch[2] = count;
    scratch[3] = sockets.length;
    let length = PUSHED_WORDS;
    const named = PUSHED_WORDS + Math.min(count, SOCKETS_NAMED);
    for (let index = 0; length < named && index < sockets.length; index += 1) {
      const socket = sockets[index];
      if (socket?.takesPushes === true) scratch[length++] = socket.number;
    }
    this.#add(PUSHED, length);
  };

  readonly published = (event: EventId, taken: boolean): void => {
    writeId(event);
    scratch[2] = taken ? 1 : 0;
    this.#add(PUBLISHED, 3);
  };

  readonly pulled = (conversation: ConversationId, from: Seq, to: Seq, socket: number): void => {
    writeName(conversation);
    scratch[2] = from;
    scratch[3] = to;
    scratch[4] = socket;
    this.#add(PULLED, 5);
  };

  readonly projected = (model: string, position: Position): void => {
    const known = this.#models.indexOf(model);
    const index = known === -1 ? this.#models.push(model) - 1 : known;
    scratch[0] = index;
    scratch[1] = position % WORD;
    scratch[2] = Math.floor(position / WORD);
    this.#add(PROJECTED, 3);
  };

  readonly gone = (socket: number, user: string, platform: number): void => {
    this.#gone.set(socket, { user, platform, at: this.#options.now() });
    if (this.#gone.size > GONE_MAX) this.#forgetGone(GONE_MAX / 10);
  };

  /** Forgets what is too old. To be called now and then. */
  tick(): void {
    const upTo = this.#options.now() - this.#options.keptMs;
    this.#buffer.forget(upTo);
    let count = 0;
    for (const { at } of this.#gone.values()) {
      if (at > upTo) break;
      count += 1;
    }
    this.#forgetGone(count);
  }

  /** Looks through all that it has. */
  about(question: TraceQuestion, ownersOf: OwnersOf): TracesFound {
    const found = new Finding(question, this.#models, this.#endings);
    const { now, keptMs } = this.#options;
    const since = now() - keptMs;
    this.#buffer.each((kind, at, word, length) => {
      if (at > since) found.look(kind, at, word, length);
    });
    const completeAfter = Math.max(this.#buffer.completeAfter, since);
    return found.answer(completeAfter, (sockets) => this.#ownersOf(sockets, ownersOf));
  }

  #endingIndex(ending: Ending): number {
    const known = this.#endings.findIndex(
      ({ callback, endpoint, how, why }) =>
        callback === ending.callback &&
        endpoint === ending.endpoint &&
        how === ending.how &&
        why === ending.why,
    );
    return known === -1 ? this.#endings.push(ending) - 1 : known;
  }

  #ownersOf(sockets: ReadonlySet<number>, open: OwnersOf): ReadonlyMap<number, Owner> {
    const owners = new Map(open(sockets));
    for (const socket of sockets) {
      const gone = this.#gone.get(socket);
      if (gone !== undefined) owners.set(socket, gone);
    }
    return owners;
  }

  #forgetGone(count: number): void {
    let left = count;
    for (const socket of this.#gone.keys()) {
      if (left === 0) break;
      this.#gone.delete(socket);
      left -= 1;
    }
  }

  #add(kind: number, length: number): void {
    this.#buffer.add(kind, this.#options.now(), scratch, length);
  }
}

type Word = (index: number) => number;
type Seen = Readonly<{ at: Millis; sockets: readonly number[] }>;

/** What is found on the way through the records, oldest first. */
class Finding {
  readonly #question: TraceQuestion;
  readonly #models: readonly string[];
  readonly #endings: readonly Ending[];
  /** Events by the halves of their ids. */
  readonly #ids: readonly Readonly<{ event: EventId; first: number; second: number }>[];
  readonly #name: readonly [number, number];
  readonly #asked: TracesFound['asked'][number][] = [];
  readonly #pushes: (Seen & Readonly<{ event: EventId; count: number; online: number }>)[] = [];
  readonly #published: Readonly<{ event: EventId; at: Millis; taken: boolean }>[] = [];
  readonly #pulls: Seen[] = [];
  #pulled = 0;
  /** Models that were seen before the position, and when they were seen to have passed it. */
  readonly #before = new Set<number>();
  readonly #passed = new Map<number, Millis>();

  constructor(question: TraceQuestion, models: readonly string[], endings: readonly Ending[]) {
    this.#question = question;
    this.#models = models;
    this.#endings = endings;
    this.#ids = question.events.map((event) => {
      writeId(event);
      return { event, first: scratch[0] ?? 0, second: scratch[1] ?? 0 };
    });
    writeName(question.conversation);
    this.#name = [scratch[0] ?? 0, scratch[1] ?? 0];
  }

  look(kind: number, at: Millis, word: Word, length: number): void {
    switch (kind) {
      case PUSHED:
        return this.#push(at, word, length);
      case PUBLISHED:
        return this.#publish(at, word);
      case PULLED:
        return this.#pull(at, word);
      case ASKED:
        return this.#ask(at, word);
      default:
        return this.#project(at, word);
    }
  }

  answer(completeAfter: Millis, ownersOf: OwnersOf): TracesFound {
    const seen = [...this.#pushes, ...this.#pulls].flatMap(({ sockets }) => sockets);
    const owners = ownersOf(new Set(seen));
    const shown = (socket: number): SocketSeen => {
      const owner = owners.get(socket);
      return owner === undefined
        ? { socket }
        : { socket, user: owner.user, platform: owner.platform };
    };
    return {
      completeAfter,
      asked: this.#asked,
      pushes: this.#pushes.map((push) => ({ ...push, sockets: push.sockets.map(shown) })),
      published: this.#published,
      pulls: this.#pulls.flatMap(({ at, sockets }) =>
        sockets.map((socket) => ({ at, ...shown(socket) })),
      ),
      pulled: this.#pulled,
      projected: [...this.#passed].map(([model, at]) => ({ model: this.#models[model] ?? '', at })),
    };
  }

  #eventAt(word: Word): EventId | undefined {
    const first = word(0);
    // Nearly every record is of another event: no function and no list is made for one.
    for (let index = 0; index < this.#ids.length; index += 1) {
      const id = this.#ids[index];
      if (id?.first === first && id.second === word(1)) return id.event;
    }
    return undefined;
  }

  #ask(at: Millis, word: Word): void {
    const event = this.#eventAt(word);
    const ending = this.#endings[word(2)];
    if (event === undefined || ending === undefined || this.#asked.length === FOUND_MAX) return;
    this.#asked.push({ event, at, ...ending, ms: word(3) });
  }

  #push(at: Millis, word: Word, length: number): void {
    const event = this.#eventAt(word);
    if (event === undefined || this.#pushes.length === FOUND_MAX) return;
    const sockets = Array.from({ length: length - PUSHED_WORDS }, (_, index) =>
      word(PUSHED_WORDS + index),
    );
    this.#pushes.push({ event, at, count: word(2), online: word(3), sockets });
  }

  #publish(at: Millis, word: Word): void {
    const event = this.#eventAt(word);
    if (event === undefined || this.#published.length === FOUND_MAX) return;
    this.#published.push({ event, at, taken: word(2) === 1 });
  }

  #pull(at: Millis, word: Word): void {
    const { seq } = this.#question;
    if (seq < word(2) || seq > word(3)) return;
    if (word(0) !== this.#name[0] || word(1) !== this.#name[1]) return;
    this.#pulled += 1;
    if (this.#pulls.length < FOUND_MAX) this.#pulls.push({ at, sockets: [word(4)] });
  }

  /** Only one that was seen before and after it is known to have passed it at that moment. */
  #project(at: Millis, word: Word): void {
    const model = word(0);
    const isPast = word(1) + word(2) * WORD >= this.#question.position;
    if (!isPast) this.#before.add(model);
    else if (this.#before.has(model) && !this.#passed.has(model)) this.#passed.set(model, at);
  }
}

const FIRST_DIGITS = 0;
/** Behind the last hyphen. */
const SECOND_DIGITS = 24;

/** Half of an id's digits: as good as all, for what is looked for in some hundred thousand records. */
const writeId = (id: string): void => {
  scratch[0] = hexAt(id, FIRST_DIGITS);
  scratch[1] = hexAt(id, SECOND_DIGITS);
};

const hexAt = (id: string, from: number): number => {
  let value = 0;
  for (let index = from; index < from + 8; index += 1) {
    const code = id.charCodeAt(index);
    value = (value << 4) | ((code & 0xf) + (code >= 0x41 ? 9 : 0));
  }
  return value;
};

/** Two hashes of the name (FNV-1a, and the same with another beginning and from the other end). */
const writeName = (name: string): void => {
  let [one, other] = [0x811c9dc5, 0x9e3779b9];
  for (let index = 0; index < name.length; index += 1) {
    one = Math.imul(one ^ name.charCodeAt(index), 0x01000193);
    other = Math.imul(other ^ name.charCodeAt(name.length - 1 - index), 0x01000193);
  }
  scratch[0] = one;
  scratch[1] = other;
};
