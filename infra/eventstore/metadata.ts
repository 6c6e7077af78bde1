import type { StoredEvent } from '../../core/kernel/eventStore.ts';
import type { Meta } from '../../core/kernel/fact.ts';
import type { EventId, TokenId } from '../../core/kernel/ids.ts';
import { DamagedEvent } from './faults.ts';

/** JSON fields as they are stored. */
export type Fields = Readonly<Record<string, unknown>>;

/** How personal fields are kept; stored as a number (0 and 1, see codec.ts). */
export type Sealing = Readonly<{ kind: 'plain' } | { kind: 'sealed'; keyIds: Fields }>;

/** What is stored beside an event's data; codec.ts says in which form. */
export type StoredMeta = Readonly<{ version: number; sealing: Sealing; meta: Meta }>;

const SEALED = 1;
/** By the number that is stored. */
const CALLS = ['info', 'infoEx'] as const satisfies readonly Meta['call'][];

export const metadataJson = ({ version, sealing, meta }: StoredMeta, fields: Fields): string => {
  const keyIds = sealing.kind === 'sealed' ? sealing.keyIds : {};
  return JSON.stringify({
    v: version === 1 ? undefined : version,
    e: sealing.kind === 'sealed' ? SEALED : undefined,
    k: Object.keys(keyIds).length === 0 ? undefined : keyIds,
    a: meta.actor === usualActor(fields) ? undefined : meta.actor,
    t: meta.login,
    $correlationId: meta.operationId === '' ? undefined : meta.operationId,
    $causationId: meta.causationId,
    m: meta.modifiedBy,
    c: meta.call === undefined ? undefined : CALLS.indexOf(meta.call),
  });
};

/** The opposite. `fields` are the public ones, as stored: an actor that goes without saying is there. */
export const parseMetadata = (event: StoredEvent, fields: Fields): StoredMeta => {
  const stored = parseFields(event, 'metadata');
  const version = stored['v'] ?? 1;
  if (typeof version !== 'number' || !Number.isInteger(version) || version < 1) {
    throw new DamagedEvent(event, 'the version (metadata v) is not a whole number from 1');
  }
  const actor = textOr(event, stored, 'a', usualActor(fields));
  const operationId = textOr(event, stored, '$correlationId', '');
  const causationId = textOr(event, stored, '$causationId', '') as EventId | '';
  const login = textOr(event, stored, 't', '') as TokenId | '';
  const modifiedBy = textOr(event, stored, 'm', '');
  const call = callOf(event, stored);
  const meta = {
    actor,
    operationId,
    ...(login === '' ? {} : { login }),
    ...(causationId === '' ? {} : { causationId }),
    ...(modifiedBy === '' ? {} : { modifiedBy }),
    ...(call === undefined ? {} : { call }),
  };
  return { version, sealing: sealingOf(event, stored), meta };
};

/** The JSON object that an event's data or metadata must be. */
export const parseFields = (event: StoredEvent, part: 'data' | 'metadata'): Fields => {
  let value: unknown;
  try {
    value = JSON.parse(textOf(event[part]));
  } catch (cause) {
    throw new DamagedEvent(event, `its ${part} is not JSON`, { cause });
  }
  if (!isFields(value)) throw new DamagedEvent(event, `its ${part} is not a JSON object`);
  return value;
};

export const textOf = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString();

export const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Nearly always the one whose fact it is acts itself, and need not be named twice. */
const usualActor = (fields: Fields): string => {
  const { from, user } = fields as { from?: unknown; user?: unknown };
  if (typeof from === 'string') return from;
  return typeof user === 'string' ? user : '';
};

const textOr = (event: StoredEvent, stored: Fields, name: string, usual: string): string => {
  const value = stored[name] ?? usual;
  if (typeof value !== 'string') throw new DamagedEvent(event, `metadata ${name} is not a text`);
  return value;
};

const callOf = (event: StoredEvent, stored: Fields): Meta['call'] => {
  const { c: number } = stored;
  if (number === undefined) return undefined;
  const call = typeof number === 'number' ? CALLS[number] : undefined;
  if (call === undefined) throw new DamagedEvent(event, 'metadata c is no call that is known');
  return call;
};

const sealingOf = (event: StoredEvent, stored: Fields): Sealing => {
  const how = stored['e'] ?? 0;
  if (how === 0) return { kind: 'plain' };
  const keyIds = stored['k'] ?? {};
  if (how === SEALED && isFields(keyIds)) return { kind: 'sealed', keyIds };
  throw new DamagedEvent(event, 'how it is sealed (metadata e, k) is not known');
};
