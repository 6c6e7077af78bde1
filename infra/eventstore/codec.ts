/**
 * What an event looks like in the store. Data is JSON of the fact's fields. In a sealed log the fields
 * that the catalogue calls personal are not among them but, for each user they belong to, in `~`:
 *
 *     {"from":"ann","to":"bob","contentType":101,…,"~":{"ann":"<base64 of nonce ‖ ciphertext ‖ tag>"}}
 *
 * The sealed text is JSON of those fields, here {"body":{…}}; sealing.ts says what it is bound to. Names
 * and owners of personal fields are for ever, as names of events are: once a key is gone, only the
 * catalogue tells which fields there were.
 *
 * Metadata is JSON too, and what has its usual value is left out:
 *
 *     v               version of the shape, a number (1)
 *     e               how personal fields are kept: 0 as they are (usual), 1 sealed with AES-256-GCM
 *     k               {user: number of the key that sealed the user's fields} (each 1)
 *     a               who acted (the data's `from`, or where it has none, its `user`)
 *     $correlationId  operation id of the call, by the name that EventStoreDB's tools look for (empty)
 *     $causationId    id of the event that this one reacts to (none)
 *
 * The same event always gives the same bytes, but for the nonce. Whatever else is found in a stream of
 * ours is a fault and never skipped: a log that is read in part is read wrongly.
 */
import { assert } from '../../core/kernel/assert.ts';
import type { EventSpec } from '../../core/kernel/catalogue.ts';
import { EVENT_BYTES_MAX } from '../../core/kernel/eventStore.ts';
import type { StoreEvent, StoredEvent } from '../../core/kernel/eventStore.ts';
import { ERASED } from '../../core/kernel/fact.ts';
import type { AnyFact, Meta, NewEvent, Recorded } from '../../core/kernel/fact.ts';
import type { UserId } from '../../core/kernel/ids.ts';
import { KeyMissing, type SubjectKey } from '../../core/kernel/keyStore.ts';
import {
  DamagedEvent,
  EventFromNewerVersion,
  EventTooLarge,
  EventWithoutKey,
  UnknownEvent,
} from './faults.ts';
import { isFields, metadataJson, parseFields, parseMetadata, textOf } from './metadata.ts';
import type { Fields, Sealing, StoredMeta } from './metadata.ts';
import { seal, unseal } from './sealing.ts';

/** Events by name. `never`: each spec takes the data of its own event and no other. */
export type Catalogue = Readonly<Record<string, EventSpec<never>>>;

/** What one user's key has sealed in an event. */
export type SealedPart = Readonly<{ subject: UserId; keyId: number; text: string }>;

/** An event that has been parsed but not yet opened. */
export type ParsedEvent = Readonly<{
  event: StoredEvent;
  version: number;
  meta: Meta;
  /** The public fields, or all of them where nothing is sealed. */
  fields: Fields;
  sealed: readonly SealedPart[];
}>;

/** One key of each of `subjectsOf`. */
export type SealingKeys = ReadonlyMap<UserId, SubjectKey>;
/** The key that a part was sealed with; undefined if it has been destroyed. Throws `KeyMissing`. */
export type KeyOfPart = (part: SealedPart) => Uint8Array | undefined;

export type Codec = Readonly<{
  /** The users whose keys are needed to seal these events. */
  subjectsOf: (events: readonly AnyFact[]) => ReadonlySet<UserId>;
  /** Without keys, personal fields are stored as they are. Throws `EventTooLarge`. */
  encode: (stream: string, event: NewEvent, keys: SealingKeys | undefined) => StoreEvent;
  /** The first half of reading: all that can be said without keys. Throws what faults.ts lists. */
  parse: (event: StoredEvent) => ParsedEvent;
  /**
   * The second half: opens what is sealed and brings the shape up to today's. Throws `DamagedEvent` and
   * `EventWithoutKey`.
   */
  open: (parsed: ParsedEvent, keyOf: KeyOfPart) => Recorded;
  /**
   * What `open` gives, with its data as JSON text: for whoever only passes it on. Nearly always that is the
   * text that is stored, with what is sealed in the place of its seal.
   */
  openText: (parsed: ParsedEvent, keyOf: KeyOfPart) => RecordedText;
}>;

/** A fact in its place, with its data as JSON text. */
export type RecordedText = Omit<Recorded, 'data'> & Readonly<{ data: string }>;

type PersonalField = Readonly<{ name: string; ownerOf: (fields: Fields) => UserId }>;
type Shape = Readonly<{
  version: number;
  personal: readonly PersonalField[];
  /** The list of users with something personal to each, if there is one. */
  each: string | undefined;
  upcast: EventSpec<never>['upcast'];
}>;

export const codecOf = (catalogue: Catalogue): Codec => {
  const shapes = new Map(
    Object.entries(catalogue).map(([type, spec]) => [type, shapeOf(type, spec)] as const),
  );
  const ownShapeOf = (type: string): Shape => {
    const shape = shapes.get(type);
    assert(shape !== undefined, `the catalogue has ${type}`);
    return shape;
  };

  return {
    subjectsOf: (events) => {
      const subjects = new Set<UserId>();
      for (const { type, data } of events) {
        const fields = fieldsOf(data);
        const { personal, each } = ownShapeOf(type);
        for (const { name, ownerOf } of personal) {
          if (fields[name] !== undefined) subjects.add(ownerOf(fields));
        }
        for (const { user } of entriesOf(fields, each)) subjects.add(user);
      }
      return subjects;
    },

    encode: (stream, { id, type, data, meta }, keys) => {
      const shape = ownShapeOf(type);
      const { version } = shape;
      const fields = fieldsOf(data);
      const { stored, sealing } =
        keys === undefined
          ? ({ stored: JSON.stringify(fields), sealing: { kind: 'plain' } } as const)
          : sealed(shape, fields, keys, { stream, id });
      const bytes = {
        data: Buffer.from(stored),
        metadata: Buffer.from(metadataJson({ version, sealing, meta }, fields)),
      };
      const size = bytes.data.length + bytes.metadata.length + 2 * type.length;
      if (size > EVENT_BYTES_MAX) throw new EventTooLarge(stream, type, size);
      return { id, type, ...bytes };
    },

    parse: (event) => {
      const shape = shapes.get(event.type);
      if (shape === undefined) throw new UnknownEvent(event);
      const { '~': parts, ...fields } = parseFields(event, 'data');
      const { version, sealing, meta } = parseMetadata(event, fields);
      if (version > shape.version) throw new EventFromNewerVersion(event, version, shape.version);
      return { event, version, meta, fields, sealed: sealedParts(event, sealing, parts) };
    },

    open: (parsed, keyOf) => {
      const { event, meta } = parsed;
      return recorded(event, { data: openedFields(parsed, ownShapeOf(event.type), keyOf), meta });
    },

    openText: (parsed, keyOf) => {
      const { event, meta } = parsed;
      const shape = ownShapeOf(event.type);
      const data =
        splicedText(parsed, shape, keyOf) ?? JSON.stringify(openedFields(parsed, shape, keyOf));
      const { type, id, stream, revision, position, created } = event;
      return { type, data, id, meta, stream, revision, position, created };
    },
  };
};

const openedFields = (
  { event, version, fields, sealed }: ParsedEvent,
  shape: Shape,
  keyOf: KeyOfPart,
): Fields => {
  let opened = fields;
  for (const part of sealed) {
    const key = keyFor(event, part, keyOf);
    const found =
      key === undefined
        ? erasedFields(event, shape, fields, part.subject)
        : unsealedFields(event, key, part);
    opened = withFound(opened, found, shape.each, part.subject);
  }
  if (entriesOf(opened, shape.each).some(({ shown }) => shown === undefined)) {
    throw new DamagedEvent(event, `something personal is missing in its ${shape.each ?? ''}`);
  }
  return upcasted(event, shape, opened, version);
};

/** What stands before and after the sealed parts, as `sealed` writes them. */
const SEALS_BEGIN = '"~":{';
const SEALS_END = '}}';

/**
 * The stored text with what is sealed opened in its place; undefined where that alone would not do: what has an
 * older shape, or something sealed within a list, or is not written quite as `sealed` writes it.
 */
const splicedText = (parsed: ParsedEvent, shape: Shape, keyOf: KeyOfPart): string | undefined => {
  const { event, version, fields, sealed } = parsed;
  if (version !== shape.version || fields[shape.each ?? ''] !== undefined) return undefined;
  const stored = textOf(event.data);
  // Of another's writing it may have lines of its own, and must be one here.
  if (stored.includes('\n') || stored.includes('\r')) return undefined;
  if (sealed.length === 0) return stored;
  const at = stored.length - sealsLength(sealed);
  if (!stored.startsWith(SEALS_BEGIN, at) || !stored.endsWith(SEALS_END)) return undefined;
  const found = sealed.map((part) => foundText(parsed, part, shape, keyOf).slice(1, -1));
  return `${stored.slice(0, at)}${found.join(',')}}`;
};

/** Of the text that `sealed` makes of these parts. */
const sealsLength = (parts: readonly SealedPart[]): number => {
  let length = SEALS_BEGIN.length + SEALS_END.length + parts.length - 1;
  for (const { subject, text } of parts) {
    length += JSON.stringify(subject).length + text.length + ':""'.length;
  }
  return length;
};

/** JSON of what was sealed for one user, or of what says that it is erased. */
const foundText = (
  { event, fields }: ParsedEvent,
  part: SealedPart,
  shape: Shape,
  keyOf: KeyOfPart,
): string => {
  const key = keyFor(event, part, keyOf);
  return key === undefined
    ? JSON.stringify(erasedFields(event, shape, fields, part.subject))
    : unsealedText(event, key, part);
};

/** A fact in the place where the store holds it. */
export const recorded = (
  { type, id, stream, revision, position, created }: StoredEvent,
  { data, meta }: Readonly<{ data: object; meta: Meta }>,
): Recorded => ({ type, data, id, meta, stream, revision, position, created });

const shapeOf = (type: string, { version, personal, each, upcast }: EventSpec<never>): Shape => {
  assert(version === 1 || upcast !== undefined, `${type}, version ${version}, has an upcaster`);
  return {
    version,
    each,
    upcast,
    personal: Object.entries(personal ?? {}).map(([name, ownerOf]) => ({
      name,
      // By its name the event is one whose data this function takes.
      ownerOf: ownerOf as (fields: Fields) => UserId,
    })),
  };
};

type Sealed = Readonly<{ stored: string; sealing: Sealing }>;

/** Data is an object whose fields the catalogue names; nothing here writes to it. */
const fieldsOf = (data: object): Fields => data as Fields;

type Entry = Readonly<{ user: UserId; shown?: unknown }>;

const entriesOf = (fields: Fields, each: string | undefined): readonly Entry[] => {
  const entries = each === undefined ? undefined : fields[each];
  return Array.isArray(entries) ? (entries as readonly Entry[]) : [];
};

/** What was sealed for one user, in its place: of its entry in the list, and of the fields. */
const withFound = (
  fields: Fields,
  found: Fields,
  each: string | undefined,
  subject: UserId,
): Fields => {
  if (each === undefined || found[each] === undefined) return { ...fields, ...found };
  const { [each]: shown, ...others } = found;
  const entries = entriesOf(fields, each).map((entry) =>
    entry.user === subject ? { ...entry, shown } : entry,
  );
  return { ...fields, ...others, [each]: entries };
};

/** Moves personal fields out of the open ones and into one sealed text for each owner. */
const sealed = (
  { personal, each }: Pick<Shape, 'personal' | 'each'>,
  fields: Fields,
  keys: SealingKeys,
  place: Readonly<{ stream: string; id: string }>,
): Sealed => {
  const owned: Owned = new Map();
  for (const { name, ownerOf } of personal) {
    if (fields[name] === undefined) continue;
    theirsOf(owned, ownerOf(fields))[name] = fields[name];
  }
  if (each !== undefined) {
    for (const { user, shown } of entriesOf(fields, each)) theirsOf(owned, user)[each] = shown;
  }
  if (owned.size === 0) return { stored: JSON.stringify(fields), sealing: { kind: 'plain' } };
  const texts: string[] = [];
  const keyIds: [UserId, number][] = [];
  for (const [subject, theirs] of owned) {
    const key = keys.get(subject);
    assert(key !== undefined, 'each owner of a personal field has a key');
    const text = seal(key.key, place.stream, place.id, subject, JSON.stringify(theirs));
    texts.push(`${JSON.stringify(subject)}:"${text}"`);
    if (key.id !== FIRST_KEY) keyIds.push([subject, key.id]);
  }
  // Written as text, for an object with a user's name as a key would be of a shape of its own each time.
  const open = JSON.stringify(withoutPersonal(personal, each, fields));
  const separator = open === '{}' ? '' : ',';
  const stored = `${open.slice(0, -1)}${separator}"~":{${texts.join(',')}}}`;
  return { stored, sealing: { kind: 'sealed', keyIds: Object.fromEntries(keyIds) } };
};

type Owned = Map<UserId, Record<string, unknown>>;

const theirsOf = (owned: Owned, owner: UserId): Record<string, unknown> => {
  const theirs = owned.get(owner) ?? {};
  owned.set(owner, theirs);
  return theirs;
};

/** In their order. */
const withoutPersonal = (
  personal: readonly PersonalField[],
  each: string | undefined,
  fields: Fields,
): Fields => {
  const open: Record<string, unknown> = {};
  const isOpen = (name: string): boolean => !personal.some((field) => field.name === name);
  for (const name in fields) if (isOpen(name)) open[name] = fields[name];
  if (each !== undefined && fields[each] !== undefined) {
    open[each] = entriesOf(fields, each).map(({ user }) => ({ user }));
  }
  return open;
};

/** A subject's keys are numbered from here; the number goes without saying. */
const FIRST_KEY = 1;

const sealedParts = (
  event: StoredEvent,
  sealing: StoredMeta['sealing'],
  parts: unknown,
): readonly SealedPart[] => {
  if (sealing.kind === 'plain') {
    if (parts === undefined) return [];
    throw new DamagedEvent(event, 'it has sealed fields, and its metadata says it has none');
  }
  if (!isFields(parts)) throw new DamagedEvent(event, 'its sealed fields are missing');
  return Object.entries(parts).map(([subject, text]) => {
    const keyId = Object.hasOwn(sealing.keyIds, subject) ? sealing.keyIds[subject] : FIRST_KEY;
    if (typeof text !== 'string' || typeof keyId !== 'number') {
      throw new DamagedEvent(event, `what is sealed for ${subject} is not a text with a key`);
    }
    return { subject: subject as UserId, keyId, text };
  });
};

const keyFor = (event: StoredEvent, part: SealedPart, keyOf: KeyOfPart): ReturnType<KeyOfPart> => {
  try {
    return keyOf(part);
  } catch (cause) {
    throw cause instanceof KeyMissing ? new EventWithoutKey(event, cause) : cause;
  }
};

/** JSON of some fields, at least one: if the seal fits, it is what `sealed` wrote. */
const unsealedText = (
  event: StoredEvent,
  key: Uint8Array,
  { subject, text }: SealedPart,
): string => {
  const { stream, id } = event;
  const json = unseal(key, stream, id, subject, text);
  if (json === undefined) throw new DamagedEvent(event, `the seal of ${subject} does not fit`);
  return json;
};

const unsealedFields = (event: StoredEvent, key: Uint8Array, part: SealedPart): Fields =>
  JSON.parse(unsealedText(event, key, part)) as Fields;

const erasedFields = (
  event: StoredEvent,
  { personal, each }: Pick<Shape, 'personal' | 'each'>,
  fields: Fields,
  subject: UserId,
): Fields => {
  const names = personal
    .filter(({ ownerOf }) => ownerOf(fields) === subject)
    .map(({ name }) => name);
  const isNamed = entriesOf(fields, each).some(({ user }) => user === subject);
  if (each !== undefined && isNamed) names.push(each);
  if (names.length > 0) return Object.fromEntries(names.map((name) => [name, ERASED]));
  throw new DamagedEvent(event, `nothing in it belongs to ${subject}, whose seal it has`);
};

const upcasted = (event: StoredEvent, shape: Shape, fields: Fields, version: number): Fields => {
  if (version === shape.version || shape.upcast === undefined) return fields;
  try {
    return shape.upcast({ ...fields }, version);
  } catch (cause) {
    throw new DamagedEvent(event, `version ${version} of it cannot be brought up to date`, {
      cause,
    });
  }
};
