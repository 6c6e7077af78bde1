import { malformed } from './malformed.ts';
import { DELIMITED, Reader, VARINT, type WireType } from './protobufReader.ts';
import { Writer } from './protobufWriter.ts';

/** Elements of one list or map of a message. Go core names at most some thousand conversations. */
export const ELEMENTS_MAX = 65_536;

/** A value that may stand in a field: how it is read and written, without its tag. */
export type ValueType<T> = Readonly<{
  wire: WireType;
  read: (reader: Reader) => T;
  write: (writer: Writer, value: T) => void;
}>;

/** A value type whose zero is left out on the wire. */
export type Scalar<T> = ValueType<T> & Readonly<{ zero: T }>;

/** One field of a message. */
export type Field<T> = Readonly<{
  number: number;
  empty: () => T;
  /** What the field is after one more occurrence of it; lists and maps are added to in place. */
  read: (reader: Reader, wire: number, before: T) => T;
  write: (writer: Writer, value: T) => void;
}>;

/** A message: as the body of a frame (`encode`, `decode`), and as the value of a field. */
export type Message<M> = ValueType<M> &
  Readonly<{
    /** `capacity`: about as many bytes as it will take, where that is known. */
    encode: (message: M, capacity?: number) => Uint8Array;
    decode: (bytes: Uint8Array) => M;
    empty: () => M;
  }>;

export const text: Scalar<string> = {
  wire: DELIMITED,
  zero: '',
  read: (reader) => reader.text(),
  write: (writer, value) => writer.text(value),
};

/** Bytes; of a message that is encoded already too, for on the wire the two are the same. */
export const bytes: ValueType<Uint8Array> = {
  wire: DELIMITED,
  read: (reader) => reader.bytes(),
  write: (writer, value) => writer.bytes(value),
};

/** Numbers of 64 bits, as far as they are exact here: less than 2^53 either way. */
export const int64: Scalar<number> = {
  wire: VARINT,
  zero: 0,
  read: (reader) => reader.int64(),
  write: (writer, value) => writer.int64(value),
};

export const int32: Scalar<number> = {
  wire: VARINT,
  zero: 0,
  read: (reader) => reader.int32(),
  write: (writer, value) => writer.int64(value),
};

export const uint32: Scalar<number> = {
  wire: VARINT,
  zero: 0,
  read: (reader) => reader.int32() >>> 0,
  write: (writer, value) => writer.int64(value),
};

export const flag: Scalar<boolean> = {
  wire: VARINT,
  zero: false,
  read: (reader) => reader.flag(),
  write: (writer, value) => writer.int64(value ? 1 : 0),
};

/** A value that is left out where it is zero. */
export const one = <T>(number: number, type: Scalar<T>): Field<T> => ({
  number,
  empty: () => type.zero,
  read: (reader, wire) => {
    expectWire(wire, type.wire);
    return type.read(reader);
  },
  write: (writer, value) => {
    if (value === type.zero) return;
    writer.tag(number, type.wire);
    type.write(writer, value);
  },
});

/** A message that may be absent. Should it come twice the last one counts; no SDK does that. */
export const maybe = <T>(number: number, type: ValueType<T>): Field<T | undefined> => ({
  number,
  empty: () => undefined,
  read: (reader, wire) => {
    expectWire(wire, type.wire);
    return type.read(reader);
  },
  write: (writer, value) => {
    if (value === undefined) return;
    writer.tag(number, type.wire);
    type.write(writer, value);
  },
});

/** A list of texts or of messages. */
export const many = <T>(number: number, type: ValueType<T>): Field<T[]> => ({
  number,
  empty: () => [],
  read: (reader, wire, list) => {
    expectWire(wire, type.wire);
    expectRoom(list.length);
    list.push(type.read(reader));
    return list;
  },
  write: (writer, list) => {
    for (const value of list) {
      writer.tag(number, type.wire);
      type.write(writer, value);
    }
  },
});

/** A list of numbers: written packed, read in either form. */
export const packed = (number: number, type: Scalar<number>): Field<number[]> => ({
  number,
  empty: () => [],
  read: (reader, wire, list) => {
    if (wire === type.wire) {
      expectRoom(list.length);
      list.push(type.read(reader));
      return list;
    }
    expectWire(wire, DELIMITED);
    const outer = reader.enter();
    while (!reader.ended()) {
      expectRoom(list.length);
      list.push(type.read(reader));
    }
    reader.leave(outer);
    return list;
  },
  write: (writer, list) => {
    if (list.length === 0) return;
    writer.tag(number, DELIMITED);
    const start = writer.open();
    for (const value of list) type.write(writer, value);
    writer.close(start);
  },
});

/**
 * A message of these fields. Fields that are not among them are skipped as it is read. `empty` may be
 * given for a message that is read all the time: V8 is several times faster with a literal.
 */
export const message = <M extends object>(
  fields: { readonly [Name in keyof M]: Field<M[Name]> },
  empty: () => M = () => emptyOf(fields),
): Message<M> => {
  const bound: Bound<M>[] = [];
  for (const name in fields) bound.push(bind(name, fields[name]));
  bound.sort((one, other) => one.number - other.number);
  const byNumber: (Bound<M> | undefined)[] = [];
  for (const field of bound) byNumber[field.number] = field;

  const fill = (reader: Reader): M => {
    const into = empty();
    while (!reader.ended()) {
      const tag = reader.tag();
      const field = byNumber[tag >>> 3];
      if (field === undefined) reader.skip(tag & 7);
      else field.read(reader, tag & 7, into);
    }
    return into;
  };
  const put = (writer: Writer, from: M): void => {
    for (const field of bound) field.write(writer, from);
  };
  return {
    wire: DELIMITED,
    empty,
    read: (reader) => {
      const outer = reader.enter();
      const value = fill(reader);
      reader.leave(outer);
      return value;
    },
    write: (writer, value) => {
      const start = writer.open();
      put(writer, value);
      writer.close(start);
    },
    decode: (bytes) => fill(new Reader(bytes)),
    encode: (value, capacity) => {
      const writer = new Writer(capacity);
      put(writer, value);
      return writer.finish();
    },
  };
};

const emptyOf = <M extends object>(fields: { readonly [Name in keyof M]: Field<M[Name]> }): M => {
  // The loop gives it every name of M, which is what the type cannot follow.
  const blank = {} as M;
  for (const name in fields) blank[name] = fields[name].empty();
  return blank;
};

/** A field together with the name it goes by in its message. */
type Bound<M> = Readonly<{
  number: number;
  read: (reader: Reader, wire: number, message: M) => void;
  write: (writer: Writer, message: M) => void;
}>;

const bind = <M, Name extends keyof M>(name: Name, field: Field<M[Name]>): Bound<M> => ({
  number: field.number,
  read: (reader, wire, message) => {
    message[name] = field.read(reader, wire, message[name]);
  },
  write: (writer, message) => field.write(writer, message[name]),
});

export const expectWire = (wire: number, wanted: WireType): void => {
  if (wire !== wanted) malformed(`protobuf wire type ${wire} where ${wanted} belongs`);
};

export const expectRoom = (count: number): void => {
  if (count >= ELEMENTS_MAX) malformed(`a list of more than ${ELEMENTS_MAX} elements`);
};
