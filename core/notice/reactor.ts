import type { AppendNumbered } from '../conversation/decider.ts';
import { conversationStream } from '../conversation/events.ts';
import type { NoteInInbox } from '../inbox/decider.ts';
import type { SeqlineEvent } from '../kernel/catalogue.ts';
import type { Meta, Recorded } from '../kernel/fact.ts';
import type { ConversationId, DeriveId, EventId, Millis, Position } from '../kernel/ids.ts';
import type { Passing } from '../sequence/shown.ts';
import type { FollowUp, Reaction } from './reaction.ts';

type Event = Recorded<SeqlineEvent>;

/** The checkpoint is written after reactions, and after this many events that asked for none. */
export const UNREMARKABLE_EVENTS_MAX = 50_000;
/** How long a notice waits for the lists it speaks of; past it clients may have to ask twice. */
export const PROJECTED_MS = 10_000;

/** Until it is asked again what follows from a fact, where that cannot be told. */
const LATER_MS = 1_000;

/** The process ends before it can be told what follows from a fact; whoever starts next does what follows from it. */
export class Interrupted extends Error {
  override name = 'Interrupted';
}

/** The bus was away while copies were passed: the same is to be done again. */
export class NotHandedOn extends Error {
  override name = 'NotHandedOn';
}

export type FollowUpCommand = FollowUp & Readonly<{ id: EventId; at: Millis; meta: Meta }>;

export type ReactorDeps = Readonly<{
  reactionTo: (event: Event) => Reaction | undefined;
  checkpoint: Readonly<{ position: Position; moveTo: (position: Position) => Promise<void> }>;
  /** Once, though it may have been appended at any time since that of the fact. */
  append: (command: AppendNumbered, since: Millis) => Promise<Readonly<{ position?: Position }>>;
  note: (command: NoteInInbox, since: Millis) => Promise<Readonly<{ position?: Position }>>;
  follow: (command: FollowUpCommand) => Promise<void>;
  /** `after`: where what it speaks of stands; it must not overtake that. */
  pass: (passing: Passing, senderSync: boolean, after: Position) => void;
  /** Whether all that was passed since the last call has gone out to other processes. */
  handedOn: () => Promise<boolean>;
  /**
   * Copies are passed of later facts only: whoever has connected since then has fetched what they tell, and
   * one that clears a chat must not reach a client that has gone on in it.
   */
  copiesAfter: Position;
  /** Whether the read models have come to the position in time. */
  projected: (position: Position, ms: Millis) => Promise<boolean>;
  /** A notice goes out though the lists do not show yet what it tells of. */
  early: (event: Event) => void;
  /** Whether the process is about to end: nobody waits any more. */
  isEnding: () => boolean;
  /** Ends at once when the process is about to end. */
  pause: (ms: Millis) => Promise<void>;
  deriveId: DeriveId;
  now: () => Millis;
}>;

/**
 * From facts to what follows from them. At least once, in the order of the log wherever order shows: if
 * the process dies in between, the same is done again, and what was stored already is not stored twice.
 */
export class Reactor {
  readonly #deps: ReactorDeps;
  /** Events up to here are done, or ask for nothing. */
  #done: Position;
  #passed = 0;
  #reacted = false;

  constructor(deps: ReactorDeps) {
    this.#deps = deps;
    this.#done = deps.checkpoint.position;
  }

  /** The next events of the log; resolves when all that follows from them has been done. */
  async react(events: readonly Event[]): Promise<void> {
    const fresh = events.filter(({ position }) => position > this.#done);
    const last = fresh.at(-1);
    if (last === undefined) return;
    const lanes = new Map<string, (() => Promise<void>)[]>();
    for (const event of fresh) {
      const reaction = this.#deps.reactionTo(event);
      if (reaction === undefined) continue;
      const lane = lanes.get(reaction.order) ?? [];
      lane.push(() => this.#do(event, reaction));
      lanes.set(reaction.order, lane);
    }
    // All lanes come to rest before a fault is told: whoever tries again must not meet the first try.
    const ended = await Promise.allSettled(
      [...lanes.values()].map(async (lane) => {
        for (const step of lane) await step();
      }),
    );
    const failed = ended.find(({ status }) => status === 'rejected');
    if (failed?.status === 'rejected') throw failed.reason;
    if (lanes.size > 0 && !(await this.#deps.handedOn())) {
      throw new NotHandedOn('other processes could not be told of what follows from facts');
    }
    this.#done = last.position;
    this.#passed += fresh.length;
    this.#reacted ||= lanes.size > 0;
    if (this.#reacted || this.#passed >= UNREMARKABLE_EVENTS_MAX) await this.keep();
  }

  /** Writes down how far it has come, if there is anything to say. */
  async keep(): Promise<void> {
    if (this.#passed === 0) return;
    await this.#deps.checkpoint.moveTo(this.#done);
    this.#passed = 0;
    this.#reacted = false;
  }

  async #do(event: Event, reaction: Reaction): Promise<void> {
    const { deriveId, now } = this.#deps;
    const { note } = reaction;
    const meta = metaOfReaction(event);
    let visible = event.position;
    if (note !== undefined) {
      const id = deriveId(event.id, 'note', note.user);
      const command = { type: 'NoteInInbox', id, at: now(), meta, data: note } as const;
      const { position } = await this.#deps.note(command, event.created);
      visible = position ?? visible;
    }
    const said = await linesOf(reaction);
    if (reaction.copiesFirst === true) {
      await this.#tell(event, reaction, { said, meta, visible, after: visible });
      await this.#post(event, said, meta);
    } else {
      const placed = await this.#post(event, said, meta);
      await this.#tell(event, reaction, { said, meta, visible, after: Math.max(visible, placed) });
    }
    await this.#follow(event, reaction, meta);
  }

  /** The lines; resolves where the last of them stands. */
  async #post(event: Event, said: Lines, meta: Meta): Promise<Position> {
    const { deriveId, now } = this.#deps;
    let placed = 0;
    for (const line of said) {
      const { conversation, key } = line;
      const id = lineId(event, line, deriveId);
      const data = { ...line.data, ...marksOf(event, key, deriveId) };
      const wish = { type: 'NoticePosted', data } as const;
      const stream = conversationStream(conversation);
      const command = { stream, id, at: now(), meta, wish };
      const { position = 0 } = await this.#deps.append(command, event.created);
      placed = Math.max(placed, position);
    }
    return placed;
  }

  async #tell(
    event: Event,
    reaction: Reaction,
    { said, meta, visible, after }: Telling,
  ): Promise<void> {
    if (!hasCopies(reaction) || event.position <= this.#deps.copiesAfter) return;
    if (!(await this.#deps.projected(visible, PROJECTED_MS))) this.#deps.early(event);
    for (const copy of await copiesOf(event, reaction, { ...this.#deps, meta, said })) {
      this.#deps.pass(copy.passing, copy.senderSync, after);
    }
  }

  async #follow(event: Event, { follow }: Reaction, meta: Meta): Promise<void> {
    if (follow === undefined) return;
    const { deriveId, now, pause, isEnding } = this.#deps;
    let commands = await follow();
    while (commands === 'later') {
      if (isEnding()) throw new Interrupted(`what follows from ${event.id} cannot be told yet`);
      await pause(LATER_MS);
      commands = await follow();
    }
    for (const one of commands) {
      const id = deriveId(event.id, 'follow', one.type, one.data.group);
      await this.#deps.follow({ ...one, id, at: now(), meta });
    }
  }
}

/** Whether there is anything in it for devices that are online. */
export const hasCopies = ({ copies = [], look }: Reaction): boolean =>
  copies.length > 0 || look !== undefined;

/** Of what is done because of an event: what follows from a fact is nobody's change, and no such call. */
export const metaOfReaction = ({ id, meta }: Event): Meta => {
  const { actor, operationId, login } = meta;
  return { actor, operationId, ...(login !== undefined && { login }), causationId: id };
};

type Lines = readonly NonNullable<Reaction['line']>[];

/** The lines of a fact in chats, all of them. */
export const linesOf = async ({ line, lines }: Reaction): Promise<Lines> => [
  ...(line === undefined ? [] : [line]),
  ...((await lines?.()) ?? []),
];

type Telling = Readonly<{ said: Lines; meta: Meta; visible: Position; after: Position }>;
type CopyDeps = Readonly<{ deriveId: DeriveId; now: () => Millis; meta: Meta; said: Lines }>;

export type Copy = Readonly<{ passing: Passing; senderSync: boolean }>;

/** What devices that are online are told, made of the fact and of what the lists show by now. */
export const copiesOf = async (
  event: Event,
  reaction: Reaction,
  { deriveId, now, meta, said }: CopyDeps,
): Promise<readonly Copy[]> => {
  const { copies = [], look } = reaction;
  const all = [...copies, ...((await look?.()) ?? [])];
  // A copy of what has a line is one message with it to clients.
  const ids = new Map(said.map((one) => [one.key, lineId(event, one, deriveId)]));
  return all.map(({ conversation, key, also, unhurried, ...copy }) => ({
    passing: {
      conversation,
      id: ids.get(key) ?? noticeId(event, key, deriveId),
      meta,
      data: { ...copy.data, ...marksOf(event, key, deriveId), sendTime: now() },
      ...(copy.elsewhere === true && meta.login !== undefined && { notTo: meta.login }),
      ...(also !== undefined && { also }),
      ...(unhurried !== undefined && { unhurried }),
    },
    senderSync: copy.receiverOnly !== true,
  }));
};

/** Of one of the notices of a fact. */
const noticeId = ({ id }: Event, key: string | undefined, deriveId: DeriveId): EventId =>
  key === undefined ? id : deriveId(id, 'notice', key);

const lineId = (
  event: Event,
  { conversation, key }: Readonly<{ conversation: ConversationId; key?: string | undefined }>,
  deriveId: DeriveId,
): EventId => deriveId(noticeId(event, key, deriveId), 'line', conversation);

/** A line and its copy have the ids of the fact. */
const marksOf = (
  event: Event,
  key: string | undefined,
  deriveId: DeriveId,
): Readonly<{ clientMsgId: string; createTime: Millis }> => ({
  clientMsgId: clientMsgIdOf(noticeId(event, key, deriveId)),
  createTime: event.created,
});

const clientMsgIdOf = (id: EventId): string => id.replaceAll('-', '');
