import { KindGuard, type Static, type TSchema } from '@sinclair/typebox';

/**
 * Turns a TypeBox schema into the reader of a request (REST reference 1.3): keys match whatever their
 * case (the exact one is preferred), `null` means absent, unknown keys are passed over, an absent key
 * takes the schema's `default`, and types are strict. What comes out is a new value of the schema's
 * static type; nobody behind the door checks it again.
 */
export type Reader<T> = (value: unknown) => T;

/** What a client sent is not what the route takes; the message names the field and what would be right. */
export class UnreadableRequest extends Error {
  override name = 'UnreadableRequest';
}

/** A free-form object may nest this deep; deeper ones only serve to exhaust the stack. */
const DEPTH_MAX = 64;
/** Repeated elements named in a refusal. */
const NAMED_MAX = 10;
/** Text that Postgres or UTF-8 has no room for: NUL, and halves of surrogate pairs. */
const UNSTORABLE = /[\0\p{Surrogate}]/u;
/** Before the digits of a number that `parseJson` has kept exact. */
export const EXACT_MARK = '\0';
const UINT64_MAX = 2n ** 64n - 1n;

type Read = (value: unknown, at: string) => unknown;

export const readerOf = <S extends TSchema>(schema: S): Reader<Static<S>> => {
  const read = compile(schema);
  return (value) => read(value ?? undefined, '');
};

export const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const fail = (at: string, what: string): never => {
  throw new UnreadableRequest(`${at === '' ? 'the body' : at} ${what}`);
};

const nameOf = (value: unknown): string => {
  if (value === undefined || value === null) return 'absent';
  if (Array.isArray(value)) return 'a list';
  switch (typeof value) {
    case 'string':
      return 'text';
    case 'number':
      return 'a number';
    case 'boolean':
      return 'true or false';
    default:
      return 'an object';
  }
};

/** Values are never repeated in what is said: they may be secrets. */
const wrong = (at: string, wanted: string, value: unknown): never =>
  fail(at, `must be ${wanted}, but is ${nameOf(value)}`);

const compile = (schema: TSchema): Read => {
  if (KindGuard.IsObject(schema)) return objectReader(schema.properties);
  if (KindGuard.IsArray(schema)) return listReader(schema);
  if (KindGuard.IsString(schema)) return textReader(schema);
  if (KindGuard.IsInteger(schema)) return integerReader(schema);
  if (KindGuard.IsBoolean(schema)) return flagReader;
  if (KindGuard.IsRecord(schema)) return mapReader(schema);
  if (schema['format'] === 'uint64') return exactReader;
  throw new Error(`no reader for a schema of this kind: ${JSON.stringify(schema)}`);
};

/** Bounds as a phrase; `undefined` where there are none. */
const bounds = (low: number | undefined, high: number | undefined): string | undefined => {
  if (low !== undefined && high !== undefined) return `${String(low)} to ${String(high)}`;
  if (low !== undefined) return `at least ${String(low)}`;
  return high === undefined ? undefined : `at most ${String(high)}`;
};

const outside = (value: number, low: number | undefined, high: number | undefined): boolean =>
  (low !== undefined && value < low) || (high !== undefined && value > high);

const textReader = (schema: {
  pattern?: string;
  minLength?: number;
  maxLength?: number;
  description?: string;
}): Read => {
  const { minLength, maxLength, description } = schema;
  const pattern = schema.pattern === undefined ? undefined : new RegExp(schema.pattern, 'u');
  const length = bounds(minLength, maxLength);
  const wanted = description ?? (length === undefined ? 'text' : `text of ${length} characters`);
  return (value, at) => {
    if (typeof value !== 'string') return wrong(at, wanted, value);
    if (outside(value.length, minLength, maxLength) || pattern?.test(value) === false) {
      return fail(at, `must be ${wanted}`);
    }
    if (UNSTORABLE.test(value)) return fail(at, 'must be valid Unicode text without NUL');
    return value;
  };
};

const integerReader = (schema: {
  minimum?: number;
  maximum?: number;
  description?: string;
}): Read => {
  const { minimum, maximum, description } = schema;
  const range = bounds(minimum, maximum);
  const wanted = description ?? (range === undefined ? 'an integer' : `an integer, ${range}`);
  return (value, at) => {
    if (typeof value !== 'number') return wrong(at, wanted, value);
    if (!Number.isInteger(value) || outside(value, minimum, maximum)) {
      return fail(at, `must be ${wanted}`);
    }
    return value;
  };
};

const flagReader: Read = (value, at) =>
  typeof value === 'boolean' ? value : wrong(at, 'true or false', value);

/** A number of 64 bits, as a bigint. */
const exactReader: Read = (value, at) => {
  const wanted = 'an integer, 0 to 18446744073709551615';
  if (typeof value === 'string' && value.startsWith(EXACT_MARK)) {
    const exact = BigInt(value.slice(EXACT_MARK.length));
    return exact <= UINT64_MAX ? exact : fail(at, `must be ${wanted}`);
  }
  if (typeof value !== 'number') return wrong(at, wanted, value);
  return Number.isSafeInteger(value) && value >= 0 ? BigInt(value) : fail(at, `must be ${wanted}`);
};

/** Says which elements stand more than once; `undefined` when none does. Bounded in time and length. */
export const repetition = (list: readonly string[]): string | undefined => {
  const seen = new Set<string>();
  const twice = new Set<string>();
  for (const element of list) (seen.has(element) ? twice : seen).add(element);
  if (twice.size === 0) return undefined;
  return [...twice].slice(0, NAMED_MAX).join(', ') + (twice.size > NAMED_MAX ? ', …' : '');
};

const listReader = (schema: {
  items: TSchema;
  minItems?: number;
  maxItems?: number;
  uniqueItems?: boolean;
}): Read => {
  const { minItems, maxItems, uniqueItems = false } = schema;
  const element = compile(schema.items);
  const size = bounds(minItems, maxItems);
  const wanted = size === undefined ? 'a list' : `a list of ${size} elements`;
  return (value, at) => {
    if (!Array.isArray(value)) return wrong(at, wanted, value);
    if (outside(value.length, minItems, maxItems)) {
      return fail(at, `must be ${wanted}, but has ${String(value.length)}`);
    }
    const list = value.map((each: unknown, index) => element(each, `${at}[${String(index)}]`));
    const twice = uniqueItems ? repetition(list.map(String)) : undefined;
    return twice === undefined ? list : fail(at, `must name each only once, not so: ${twice}`);
  };
};

type ReadField = Readonly<{ key: string; read: Read; schema: TSchema }>;

const objectReader = (properties: Readonly<Record<string, TSchema>>): Read => {
  const fields: readonly ReadField[] = Object.entries(properties).map(([key, schema]) => ({
    key,
    read: compile(schema),
    schema,
  }));
  return (value, at) => {
    if (!isRecord(value)) return wrong(at, 'a JSON object', value);
    const folded = new Map(Object.entries(value).map(([key, own]) => [key.toLowerCase(), own]));
    const found = ({ key }: ReadField) =>
      (Object.hasOwn(value, key) ? value[key] : folded.get(key.toLowerCase())) ?? undefined;
    const entries = fields.flatMap((field) => {
      const entry = readField(field, found(field), at === '' ? field.key : `${at}.${field.key}`);
      return entry === undefined ? [] : [[field.key, entry.value] as const];
    });
    return Object.fromEntries(entries);
  };
};

const readField = (
  { schema, read }: ReadField,
  value: unknown,
  at: string,
): Readonly<{ value: unknown }> | undefined => {
  if (value !== undefined) return { value: read(value, at) };
  if ('default' in schema) return { value: read(schema.default, at) };
  if (KindGuard.IsOptional(schema)) return undefined;
  // Reading what is absent fails, and says what should be there.
  return { value: read(undefined, at) };
};

/** Texts by key, where the schema says that the values are texts; else an object of any form. */
const mapReader = (schema: {
  patternProperties: Readonly<Record<string, TSchema>>;
  propertyNames?: TSchema;
  minProperties?: number;
  maxProperties?: number;
}): Read => {
  const [values] = Object.values(schema.patternProperties);
  if (!KindGuard.IsString(values)) return freeObjectReader;
  const readKey = textReader(schema.propertyNames ?? {});
  const readText = textReader(values);
  const { minProperties, maxProperties } = schema;
  const size = bounds(minProperties, maxProperties);
  const wanted = size === undefined ? 'an object' : `an object of ${size} keys`;
  return (value, at) => {
    if (!isRecord(value)) return wrong(at, wanted, value);
    const entries = Object.entries(value);
    if (outside(entries.length, minProperties, maxProperties)) {
      return fail(at, `must be ${wanted}, but has ${String(entries.length)}`);
    }
    const texts = entries.map(([key, each]) => {
      readKey(key, `${at}, each key`);
      return [key, readText(each, `${at}.${key}`)] as const;
    });
    return Object.fromEntries(texts);
  };
};

const freeObjectReader: Read = (value, at) => {
  if (!isRecord(value)) return wrong(at, 'a JSON object', value);
  return depthOf(value, DEPTH_MAX) ? value : fail(at, `must not nest deeper than ${DEPTH_MAX}`);
};

const depthOf = (value: unknown, left: number): boolean => {
  if (typeof value !== 'object' || value === null) return true;
  return left > 0 && Object.values(value).every((each) => depthOf(each, left - 1));
};
