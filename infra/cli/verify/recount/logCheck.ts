import type { Parties } from '../../../../core/conversation/events.ts';
import type { SeqlineEvent } from '../../../../core/kernel/catalogue.ts';
import type { Recorded } from '../../../../core/kernel/fact.ts';
import { isNumbered } from './chats.ts';
import type { Findings } from './findings.ts';

type Place = Readonly<{ stream: string; revision: number; position: number }>;

/** Who takes part, whichever of the two acts. */
const namesOf = (parties: Parties): string =>
  'group' in parties
    ? `the group ${parties.group}`
    : [parties.from, parties.to].toSorted().join(' and ');

/** What must hold of the log whatever is read from it: stream by stream, in the order of the log. */
export class LogCheck {
  /** Events by their names. */
  readonly types = new Map<string, number>();
  events = 0;
  readonly #findings: Findings;
  readonly #idOf: (...parts: readonly string[]) => string;
  /** The newest revision of each stream. */
  readonly #revisions = new Map<string, number>();
  readonly #parties = new Map<string, string>();
  readonly #times = new Map<string, number>();

  /** `idOf` makes an id of a conversation, a sender and a clientMsgID, as senders' ids are made. */
  constructor(findings: Findings, idOf: (...parts: readonly string[]) => string) {
    this.#findings = findings;
    this.#idOf = idOf;
  }

  get streams(): number {
    return this.#revisions.size;
  }

  get conversations(): number {
    return this.#parties.size;
  }

  /** Every event, whether it can be read or not. */
  placed(event: Place & Readonly<{ type: string }>): void {
    const { stream, revision, type } = event;
    this.events += 1;
    this.types.set(type, (this.types.get(type) ?? 0) + 1);
    const wanted = (this.#revisions.get(stream) ?? -1) + 1;
    this.#revisions.set(stream, Math.max(revision, wanted - 1));
    if (revision === wanted) return;
    this.#add('missing revision', event, `revision ${String(wanted)}`, String(revision));
  }

  take(event: Recorded<SeqlineEvent>): void {
    if (!isNumbered(event)) return;
    const { stream, data } = event;
    const names = namesOf(data);
    const first = this.#parties.get(stream) ?? names;
    this.#parties.set(stream, first);
    if (names !== first) this.#add('other participants', event, first, names);
    const before = this.#times.get(stream) ?? 0;
    this.#times.set(stream, Math.max(before, data.sendTime));
    if (data.sendTime < before) {
      this.#add('falling time', event, `${String(before)} or later`, String(data.sendTime));
    }
    if (event.type !== 'MessageSent') return;
    const conversation = stream.slice(stream.indexOf('-') + 1);
    const id = this.#idOf(conversation, data.from, event.data.clientMsgId);
    if (id !== event.id) this.#add('wrong id', event, id, event.id);
  }

  #add(
    kind: 'missing revision' | 'other participants' | 'falling time' | 'wrong id',
    { stream, revision, position }: Place,
    expected: string,
    found: string,
  ): void {
    const key = `revision ${String(revision)}, position ${String(position)}`;
    this.#findings.add({ kind, where: stream, key, expected, found });
  }
}
