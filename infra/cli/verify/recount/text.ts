/** Postgres holds neither NUL nor half of a surrogate pair. */
export const kept = (text: string): string =>
  Buffer.from(text).toString().replaceAll('\0', '\uFFFD');

/** What an event says under a name; nothing where it says nothing, or no longer. */
export const said = (part: object | undefined, name: string): string => {
  const text = new Map<string, unknown>(Object.entries(part ?? {})).get(name);
  return typeof text === 'string' ? kept(text) : '';
};
