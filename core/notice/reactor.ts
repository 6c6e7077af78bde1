import type { AppendNumbered } from '../conversation/decider.ts';
import { conversationStream } from '../conversation/events.ts';
import type { NoteInInbox } from '../inbox/decider.ts';
import type { SeqlineEvent } from '../kernel/catalogue.ts';
import type { Meta, Recorded } from '../kernel/fact.ts';
import type { DeriveId, EventId, Millis, Position } from '../kernel/ids.ts';
import type { Passing } from '../sequence/shown.ts';
import type { FollowUp, Reaction } from './reaction.ts';

type Event = Recorded<SeqlineEvent>;

/** The checkpoint is written after reactions, and after this many events that asked for none. */
export const UNREMARKABLE_EVENTS_MAX = 50_000;
/** How long a notice waits for the lists it speaks of; past it clients may have to ask twice. */
export const PROJECTED_MS = 10_000;

/** The process ends before the lists show a fact; whoever starts next does what follows from it. */
export class Interrupted extends Error {
  override name = 'Interrupted';
}

export type FollowUpCommand = FollowUp & Readonly<{ id: EventId; at: Millis; meta: Meta }>;

export type ReactorDeps = Readonly<{
  reactionTo: (event: Event) => Reaction | undefined;
  checkpoint: Readonly<{ position: Position; moveTo: (position: Position) => Promise<void> }>;
  append: (command: AppendNumbered) => Promise<Readonly<{ position?: Position }>>;
  note: (command: NoteInInbox) => Promise<Readonly<{ position?: Position }>>;
  follow: (command: FollowUpCommand) => Promise<void>;
  pass: (passing: Passing, senderSync: boolean) => void;
  /**
   * Copies are passed of later facts only: whoever has connected since then has fetched what they tell, and
   * one that clears a chat must not reach a client that has gone on in it.
   */
  copiesAfter: Position;
  /** Whether the read models have come to the position in time. */
  projected: (position: Position, ms: Millis) => Promise<boolean>;
  /** Whether the process is about to end: nobody waits for the read models any more. */
  isEnding: () => boolean;
  deriveId: DeriveId;
  now: () => Millis;
}>;

/** Of the lines of one fact, by their keys. */
type NoticeIds = ReadonlyMap<string | undefined, EventId>;

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
    // What follows from a fact is nobody's change.
    const { modifiedBy: _, ...acted } = event.meta;
    const meta: Meta = { ...acted, causationId: event.id };
    let visible = event.position;
    if (note !== undefined) {
      const id = deriveId(event.id, 'note', note.user);
      const command = { type: 'NoteInInbox', id, at: now(), meta, data: note } as const;
      const { position } = await this.#deps.note(command);
      visible = position ?? visible;
    }
    const ids = await this.#post(event, reaction, meta);
    await this.#tell(event, reaction, { ids, meta, visible });
    await this.#follow(event, reaction, { meta, visible });
  }

  /** The lines; resolves the id of each by its key. */
  async #post(event: Event, { line, lines }: Reaction, meta: Meta): Promise<NoticeIds> {
    const { deriveId, now } = this.#deps;
    const ids = new Map<string | undefined, EventId>();
    const all = [...(line === undefined ? [] : [line]), ...((await lines?.()) ?? [])];
    for (const { conversation, key, data: said } of all) {
      const id = deriveId(this.#idOf(event, key), 'line', conversation);
      const data = { ...said, ...this.#marks(event, key) };
      const wish = { type: 'NoticePosted', data } as const;
      const stream = conversationStream(conversation);
      await this.#deps.append({ stream, id, at: now(), meta, wish });
      ids.set(key, id);
    }
    return ids;
  }

  async #tell(
    event: Event,
    { copies = [], look }: Reaction,
    { ids, meta, visible }: Readonly<{ ids: NoticeIds; meta: Meta; visible: Position }>,
  ): Promise<void> {
    const { now } = this.#deps;
    const isQuiet = copies.length === 0 && look === undefined;
    if (isQuiet || event.position <= this.#deps.copiesAfter) return;
    await this.#deps.projected(visible, PROJECTED_MS);
    const seen = look === undefined ? [] : await look();
    for (const copy of [...copies, ...seen]) {
      const { conversation, key, also, unhurried } = copy;
      const data = { ...copy.data, ...this.#marks(event, key), sendTime: now() };
      const passing: Passing = {
        conversation,
        id: ids.get(key) ?? this.#idOf(event, key),
        meta,
        data,
        ...(copy.elsewhere === true && meta.login !== undefined && { notTo: meta.login }),
        ...(also !== undefined && { also }),
        ...(unhurried !== undefined && { unhurried }),
      };
      this.#deps.pass(passing, copy.receiverOnly !== true);
    }
  }

  async #follow(
    event: Event,
    { follow }: Reaction,
    { meta, visible }: Readonly<{ meta: Meta; visible: Position }>,
  ): Promise<void> {
    if (follow === undefined) return;
    const { deriveId, now } = this.#deps;
    while (!(await this.#deps.projected(visible, PROJECTED_MS))) {
      if (this.#deps.isEnding()) throw new Interrupted(`the lists do not show ${event.id} yet`);
    }
    for (const one of await follow()) {
      const id = deriveId(event.id, 'follow', one.type, one.data.group);
      await this.#deps.follow({ ...one, id, at: now(), meta });
    }
  }

  /** A line and its copy are one message to clients: both have the ids of the fact. */
  #marks(event: Event, key?: string): Readonly<{ clientMsgId: string; createTime: Millis }> {
    return { clientMsgId: clientMsgIdOf(this.#idOf(event, key)), createTime: event.created };
  }

  /** Of one of the notices of a fact. */
  #idOf({ id }: Event, key: string | undefined): EventId {
    return key === undefined ? id : this.#deps.deriveId(id, 'notice', key);
  }
}

const clientMsgIdOf = (id: EventId): string => id.replaceAll('-', '');
