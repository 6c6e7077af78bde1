/** Lists and rows as the types of an answer have them, which may be written to. */
type Primitive = string | number | boolean | undefined;

export type Plain<T> = T extends Primitive
  ? T
  : T extends readonly (infer Each)[]
    ? Plain<Each>[]
    : T extends object
      ? { -readonly [Key in keyof T]: Plain<T[Key]> }
      : T;

export const plain = <T>(found: T): Plain<T> => found as Plain<T>;
