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
 * it anew each time costs several times what running it does. It knows since when it waits for an answer.
 */
export class PreparingClient extends pg.Client {
  #asked = 0;
  #askedAt = 0;

  constructor(config?: string | pg.ClientConfig) {
    super(config);
    const plain = this.query.bind(this) as Ask;
    // The driver above asks with a text and its values; all other forms are passed on as they are.
    const prepared: Ask = (...call) => {
      const [text, values, ...rest] = call;
      const name =
        typeof text === 'string' && Array.isArray(values) && values.length > 0 && READS.test(text)
          ? nameOf(text)
          : undefined;
      return this.#timed(plain, name === undefined ? call : [{ name, text, values }, ...rest]);
    };
    this.query = prepared as pg.Client['query'];
  }

  /** For how long a statement has been without an answer; 0 where none is. */
  get unansweredMs(): number {
    return this.#asked === 0 ? 0 : performance.now() - this.#askedAt;
  }

  #timed(ask: Ask, call: readonly unknown[]): unknown {
    if (this.#asked === 0) this.#askedAt = performance.now();
    this.#asked += 1;
    const answered = (): void => {
      this.#asked -= 1;
      this.#askedAt = performance.now();
    };
    const told = call.at(-1);
    if (typeof told === 'function') {
      const heard = (...answer: readonly unknown[]): void => {
        answered();
        (told as Ask)(...answer);
      };
      return ask(...call.slice(0, -1), heard);
    }
    const answer = ask(...call);
    // A statement that is a query of its own kind tells its own listeners.
    if (answer instanceof Promise) answer.then(answered, answered);
    else answered();
    return answer;
  }
}

type Ask = (...call: readonly unknown[]) => unknown;
