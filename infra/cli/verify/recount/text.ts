/** Postgres holds neither NUL nor half of a surrogate pair. */
export const kept = (text: string): string =>
  Buffer.from(text).toString().replaceAll('\0', '\uFFFD');
