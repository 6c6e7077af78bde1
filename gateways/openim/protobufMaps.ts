import { malformed } from './malformed.ts';
import { expectRoom, expectWire, flag, type Field, type ValueType } from './protobuf.ts';
import { DELIMITED, type Reader } from './protobufReader.ts';
import type { Writer } from './protobufWriter.ts';

/** A map by text. `empty` makes the value of an entry that has none. */
export const mapped = <T>(
  number: number,
  type: ValueType<T>,
  empty: () => T,
): Field<Map<string, T>> => ({
  number,
  empty: () => new Map(),
  read: (reader, wire, map) => {
    expectWire(wire, DELIMITED);
    expectRoom(map.size);
    readEntry(reader, type, empty, (key, value) => map.set(key, value));
    return map;
  },
  write: (writer, map) => {
    for (const [key, value] of map) writeEntry(writer, number, type, key, value);
  },
});

/** A map from text to flags, as an object. */
export const flags = (number: number): Field<Record<string, boolean>> => ({
  number,
  empty: () => ({}),
  read: (reader, wire, record) => {
    expectWire(wire, DELIMITED);
    readEntry(
      reader,
      flag,
      () => false,
      (key, value) => {
        // On an object this name is not a key like others, and no option is called so.
        if (key !== '__proto__') record[key] = value;
      },
    );
    return record;
  },
  write: (writer, record) => {
    for (const key in record) {
      writeEntry(writer, number, flag, key, record[key] ?? false);
    }
  },
});

/** An entry of a map is a message of two fields: 1 the key, 2 the value. */
const readEntry = <T>(
  reader: Reader,
  type: ValueType<T>,
  empty: () => T,
  found: (key: string, value: T) => void,
): void => {
  const outer = reader.enter();
  let key = '';
  let value: T | undefined;
  while (!reader.ended()) {
    const tag = reader.tag();
    if (tag === 8 + DELIMITED) key = reader.text();
    else if (tag === 16 + type.wire) value = type.read(reader);
    else if (tag >>> 3 > 2) reader.skip(tag & 7);
    else malformed(`protobuf tag ${tag} in a map entry`);
  }
  reader.leave(outer);
  found(key, value ?? empty());
};

const writeEntry = <T>(
  writer: Writer,
  number: number,
  type: ValueType<T>,
  key: string,
  value: T,
): void => {
  writer.tag(number, DELIMITED);
  const start = writer.open();
  writer.tag(1, DELIMITED);
  writer.text(key);
  writer.tag(2, type.wire);
  type.write(writer, value);
  writer.close(start);
};
