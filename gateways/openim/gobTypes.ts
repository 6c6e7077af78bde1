import type { GobReader } from './gobReader.ts';
import { malformed } from './malformed.ts';

/** Ids that every gob stream knows without a definition. */
export const GOB_INT = 2;
export const GOB_BYTES = 5;
export const GOB_STRING = 6;
const GOB_BOOL = 1;
const GOB_UINT = 3;
const GOB_FLOAT = 4;
const GOB_COMPLEX = 7;

/** An envelope needs one definition; newer clients may nest a few more in it. */
const TYPES_MAX = 16;
/** Fields of one structure: an envelope has six. */
const FIELDS_MAX = 64;
/** How deep values of unknown fields may nest, so that no frame decides how deep we recurse. */
const DEPTH_MAX = 8;

export type GobField = Readonly<{ name: string; type: number }>;

export type GobType =
  | Readonly<{ kind: 'struct'; fields: readonly GobField[] }>
  | Readonly<{ kind: 'list'; element: number }>
  | Readonly<{ kind: 'map'; key: number; element: number }>
  /** A type that encodes itself: bytes to us. */
  | Readonly<{ kind: 'opaque' }>;

/** What a stream has defined so far. */
export type GobTypes = Map<number, GobType>;

/** Reads a definition (Go's wireType), whose id has been read already, and remembers it. */
export const defineType = (reader: GobReader, id: number, types: GobTypes): void => {
  if (types.size >= TYPES_MAX) malformed(`more than ${TYPES_MAX} gob types`);
  let type: GobType | undefined;
  eachField(reader, (index) => {
    type = readType(reader, index);
  });
  types.set(id, type ?? malformed('a gob type without a kind'));
};

/** Passes over a value of a type that is of no use here. */
export const skipValue = (reader: GobReader, id: number, types: GobTypes, depth = 0): void => {
  if (depth > DEPTH_MAX) malformed('gob values nested too deep');
  switch (id) {
    case GOB_BOOL:
    case GOB_INT:
    case GOB_UINT:
    case GOB_FLOAT:
      reader.uint();
      return;
    case GOB_BYTES:
    case GOB_STRING:
      reader.skip(reader.length());
      return;
    case GOB_COMPLEX:
      reader.uint();
      reader.uint();
      return;
    default:
      skipDefined(reader, types.get(id) ?? malformed(`gob type ${id}`), types, depth + 1);
  }
};

/** Calls back for each field of a structure that is present, with its index, until its end. */
export const eachField = (reader: GobReader, found: (index: number) => void): void => {
  let index = -1;
  for (;;) {
    const delta = reader.uint();
    if (delta === 0) return;
    index += delta;
    found(index);
  }
};

const skipDefined = (reader: GobReader, type: GobType, types: GobTypes, depth: number): void => {
  switch (type.kind) {
    case 'struct':
      eachField(reader, (index) => {
        const field = type.fields[index] ?? malformed(`gob field ${index}`);
        skipValue(reader, field.type, types, depth);
      });
      return;
    case 'list':
      for (let left = reader.length(); left > 0; left--) {
        skipValue(reader, type.element, types, depth);
      }
      return;
    case 'map':
      for (let left = reader.length(); left > 0; left--) {
        skipValue(reader, type.key, types, depth);
        skipValue(reader, type.element, types, depth);
      }
      return;
    case 'opaque':
      reader.skip(reader.length());
  }
};

/** wireType: 0 array, 1 slice, 2 struct, 3 map, 4 to 6 types that encode themselves. */
const readType = (reader: GobReader, kind: number): GobType => {
  switch (kind) {
    case 0:
    case 1: {
      const [element = 0] = readNumbers(reader);
      return { kind: 'list', element };
    }
    case 2:
      return { kind: 'struct', fields: readStruct(reader) };
    case 3: {
      const [key = 0, element = 0] = readNumbers(reader);
      return { kind: 'map', key, element };
    }
    case 4:
    case 5:
    case 6:
      readNumbers(reader);
      return { kind: 'opaque' };
    default:
      return malformed(`gob kind ${kind}`);
  }
};

/** The numbers after the common part of a definition, by their place. */
const readNumbers = (reader: GobReader): readonly number[] => {
  const numbers = [0, 0];
  eachField(reader, (index) => {
    if (index === 0) readCommon(reader);
    else if (index <= 2) numbers[index - 1] = reader.int();
    else malformed(`field ${index} of a gob type`);
  });
  return numbers;
};

const readStruct = (reader: GobReader): readonly GobField[] => {
  const fields: GobField[] = [];
  eachField(reader, (index) => {
    if (index === 0) readCommon(reader);
    else if (index !== 1) malformed(`field ${index} of a gob structure`);
    else {
      const count = reader.length();
      if (count > FIELDS_MAX) malformed(`a gob structure of more than ${FIELDS_MAX} fields`);
      for (let left = count; left > 0; left--) fields.push(readCommon(reader));
    }
  });
  return fields;
};

/** A name and an id: the common part of a definition, and a field of a structure. */
const readCommon = (reader: GobReader): GobField => {
  let name = '';
  let type = 0;
  eachField(reader, (index) => {
    if (index === 0) name = reader.text();
    else if (index === 1) type = reader.int();
    else malformed(`field ${index} of a gob name`);
  });
  return { name, type };
};
