/**
 * Text as Postgres can hold it: neither NUL nor half of a surrogate pair, each replaced by U+FFFD. To be
 * used in a fold on what users wrote, so that a row in memory is the row that comes back.
 */
export const storable = (text: string): string => text.replace(/[\0\p{Surrogate}]/gu, '\uFFFD');
