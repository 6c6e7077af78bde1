import { EXACT_MARK, UnreadableRequest } from './parse.ts';

/**
 * The one key whose numbers use all 64 bits (REST reference 9.5). Inside a JSON string these quotes would
 * be escaped, so what matches is a key with its value.
 */
const EXACT_VALUE = /("idHash"\s*:\s*)(\d{16,20})(?=\s*[,}])/gi;
const MARKED = `$1"${JSON.stringify(EXACT_MARK).slice(1, -1)}$2"`;

/** A request body as JSON; `exact` for routes with an `idHash`, whose digits a double cannot hold. */
export const parseJson = (text: string, exact: boolean): unknown => {
  try {
    const value: unknown = JSON.parse(exact ? text.replace(EXACT_VALUE, MARKED) : text);
    return value;
  } catch {
    // The parser's own words would repeat pieces of the body, and with them secrets.
    throw new UnreadableRequest('the body must be a JSON object; it is not JSON');
  }
};

const MARKED_NUMBER = /"\\u0000(\d+)"/g;

/** An answer as JSON in which bigints are numbers, with all their digits. */
export const exactJson = (value: object): string =>
  JSON.stringify(value, (_, each: unknown) =>
    typeof each === 'bigint' ? `${EXACT_MARK}${String(each)}` : each,
  ).replace(MARKED_NUMBER, '$1');
