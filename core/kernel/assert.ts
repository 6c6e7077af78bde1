/** States what must hold. For our own mistakes, never for a caller's. */
export function assert(holds: boolean, what: string): asserts holds {
  if (!holds) throw new Error(`must hold: ${what}`);
}

/** Where a union has been handled whole, nothing is left to come here. */
export const unreachable = (value: never): never => {
  throw new Error(`unreachable: ${JSON.stringify(value)}`);
};
