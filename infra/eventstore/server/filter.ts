import type { StoredEvent } from '../../../core/kernel/eventStore.ts';
import { Malformed } from '../protocol/protobufReader.ts';

/** Which events of `$all` a caller wants: by the beginnings of a name, or by a regular expression. */
export type EventFilter = Readonly<{
  on: 'stream' | 'type';
  /** Unanchored. If it is given, it alone counts. */
  regex: string;
  prefixes: readonly string[];
  /** After so many events, wanted or not, a subscriber is told how far it is. */
  checkpointEvery: number;
}>;

/** Longer ones are no names of streams or types. */
const REGEX_LENGTH_MAX = 1_000;

/** @throws Malformed when the expression is none in JavaScript */
export const matcherOf = (filter: EventFilter | undefined): ((event: StoredEvent) => boolean) => {
  if (filter === undefined) return () => true;
  const { on, regex, prefixes } = filter;
  const nameOf = ({ stream, type }: StoredEvent) => (on === 'stream' ? stream : type);
  if (regex !== '') {
    const pattern = patternOf(regex);
    return (event) => pattern.test(nameOf(event));
  }
  return (event) => {
    const name = nameOf(event);
    return prefixes.some((prefix) => name.startsWith(prefix));
  };
};

const patternOf = (regex: string): RegExp => {
  if (regex.length > REGEX_LENGTH_MAX) throw new Malformed('the regular expression is too long');
  try {
    return new RegExp(regex, 'u');
  } catch {
    return patternWithoutUnicode(regex);
  }
};

/** Callers write expressions for .NET, which takes `\-` and the like; the strict mode does not. */
const patternWithoutUnicode = (regex: string): RegExp => {
  try {
    return new RegExp(regex);
  } catch {
    throw new Malformed(`"${regex}" is not a regular expression here`);
  }
};
