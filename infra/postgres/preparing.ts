import pg from 'pg';

/** Statements a connection keeps prepared; ours are some dozens, for lists go in as one parameter. */
const PREPARED_MAX = 200;

/** By text, for the whole process: a name must stand for the same text on every connection. */
const names = new Map<string, string>();

const nameOf = (text: string): string | undefined => {
  const known = names.get(text);
  if (known !== undefined || names.size >= PREPARED_MAX) return known;
  const name = `seqline_${String(names.size + 1)}`;
  names.set(text, name);
  return name;
};

const READS = /^\s*(with|select)\b/i;

/**
 * A connection that has its reads planned once. What a login asks for is one long statement, and to plan
 * it anew each time costs several times what running it does.
 */
export class PreparingClient extends pg.Client {
  constructor(config?: string | pg.ClientConfig) {
    super(config);
    const plain = this.query.bind(this) as (...call: readonly unknown[]) => unknown;
    // The driver above asks with a text and its values; all other forms are passed on as they are.
    const prepared = (...call: readonly unknown[]): unknown => {
      const [text, values, ...rest] = call;
      const name =
        typeof text === 'string' && Array.isArray(values) && values.length > 0 && READS.test(text)
          ? nameOf(text)
          : undefined;
      return name === undefined ? plain(...call) : plain({ name, text, values }, ...rest);
    };
    this.query = prepared as pg.Client['query'];
  }
}
