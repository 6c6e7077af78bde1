/**
 * Go's gob as a native client writes and reads it, for the raw test client. It shares nothing with the
 * gateway's own codec, so that a mistake there cannot hide behind the same mistake here.
 */

export type GobValue = number | string | Uint8Array;

const INT = 2;
const BYTES = 5;
const STRING = 6;

/** What a Go client sends before each request: the definition of GeneralWsReq as type 65. */
const REQUEST_TYPE = Buffer.from(
  '66ff810301010c47656e6572616c577352657101ff82000106010d5265714964656e746966696572' +
    '0104000105546f6b656e010c00010653656e644944010c00010b4f7065726174696f6e4944010c00' +
    '01074d7367496e6372010c00010444617461010a000000',
  'hex',
);
const REQUEST_TYPE_ID = 65;
const REQUEST_FIELDS = [
  'ReqIdentifier',
  'Token',
  'SendID',
  'OperationID',
  'MsgIncr',
  'Data',
] as const;

const unsigned = (value: number): Buffer => {
  if (value < 128) return Buffer.from([value]);
  const digits: number[] = [];
  for (let rest = value; rest > 0; rest = Math.floor(rest / 256)) digits.unshift(rest % 256);
  return Buffer.from([256 - digits.length, ...digits]);
};

const signed = (value: number): Buffer => unsigned(value < 0 ? -2 * value - 1 : 2 * value);

const encoded = (value: GobValue): Buffer => {
  if (typeof value === 'number') return signed(value);
  const bytes = Buffer.from(value);
  return Buffer.concat([unsigned(bytes.length), bytes]);
};

/** A request as a self-contained gob stream. Zero values are left out, as Go leaves them out. */
export const encodeGobRequest = (
  request: Partial<Record<(typeof REQUEST_FIELDS)[number], GobValue>>,
): Uint8Array => {
  const parts: Buffer[] = [signed(REQUEST_TYPE_ID)];
  let previous = -1;
  for (const [index, name] of REQUEST_FIELDS.entries()) {
    const value = request[name];
    if (value === undefined || value === 0 || (typeof value !== 'number' && value.length === 0))
      continue;
    parts.push(unsigned(index - previous), encoded(value));
    previous = index;
  }
  parts.push(Buffer.from([0]));
  const message = Buffer.concat(parts);
  return Buffer.concat([REQUEST_TYPE, unsigned(message.length), message]);
};

class Reader {
  readonly #bytes: Uint8Array;
  at: number;
  constructor(bytes: Uint8Array, at = 0) {
    this.#bytes = bytes;
    this.at = at;
  }
  get ended(): boolean {
    return this.at >= this.#bytes.length;
  }
  take(length: number): Uint8Array {
    const end = this.at + length;
    if (end > this.#bytes.length) throw new Error('gob: cut short');
    const taken = this.#bytes.subarray(this.at, end);
    this.at = end;
    return taken;
  }
  unsigned(): number {
    const [first = 0] = this.take(1);
    if (first < 128) return first;
    return this.take(256 - first).reduce((sum, digit) => sum * 256 + digit, 0);
  }
  signed(): number {
    const value = this.unsigned();
    return value % 2 === 1 ? -(value + 1) / 2 : value / 2;
  }
  bytes(): Uint8Array {
    return this.take(this.unsigned());
  }
  text(): string {
    return Buffer.from(this.bytes()).toString('utf8');
  }
  /** The fields of a struct, each read by `field` with its index, up to the closing zero. */
  struct(field: (index: number) => void): void {
    let index = -1;
    for (let delta = this.unsigned(); delta !== 0; delta = this.unsigned()) {
      index += delta;
      field(index);
    }
  }
}

type Field = { name: string; type: number };

const readField = (reader: Reader): Field => {
  const field: Field = { name: '', type: 0 };
  reader.struct((index) => {
    if (index === 0) field.name = reader.text();
    else field.type = reader.signed();
  });
  return field;
};

/** The fields of a struct type; any other kind of definition is a fault. */
const readDefinition = (reader: Reader): readonly Field[] => {
  const fields: Field[] = [];
  reader.struct((wireType) => {
    if (wireType !== 2) throw new Error(`gob: not a struct but wire type ${String(wireType)}`);
    reader.struct((part) => {
      if (part === 0) readField(reader);
      else for (let left = reader.unsigned(); left > 0; left -= 1) fields.push(readField(reader));
    });
  });
  return fields;
};

const readValue = (reader: Reader, type: number): GobValue => {
  if (type === INT) return reader.signed();
  if (type === STRING) return reader.text();
  if (type === BYTES) return reader.bytes();
  throw new Error(`gob: a field of type ${String(type)}`);
};

/** The first value of a stream, by field names. As strict as Go: every message ends where it says. */
export const decodeGob = (stream: Uint8Array): ReadonlyMap<string, GobValue> => {
  const types = new Map<number, readonly Field[]>();
  const outer = new Reader(stream);
  while (!outer.ended) {
    const length = outer.unsigned();
    const reader = new Reader(outer.take(length));
    const type = reader.signed();
    if (type < 0) {
      types.set(-type, readDefinition(reader));
    } else {
      const fields = types.get(type);
      if (fields === undefined) throw new Error(`gob: type ${String(type)} is not defined`);
      const values = new Map<string, GobValue>();
      reader.struct((index) => {
        const field = fields[index];
        if (field === undefined) throw new Error(`gob: no field ${String(index)}`);
        values.set(field.name, readValue(reader, field.type));
      });
      if (!reader.ended) throw new Error('gob: bytes after the value');
      return values;
    }
    if (!reader.ended) throw new Error('gob: bytes after the definition');
  }
  throw new Error('gob: no value');
};
