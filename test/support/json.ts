/** Looking into parsed JSON without believing anything about it. */
export const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

export const parseJson = (text: string): unknown => {
  const value: unknown = JSON.parse(text);
  return value;
};

const wrong = (value: unknown, key: string, wanted: string): Error =>
  new Error(`no ${wanted} "${key}" in ${JSON.stringify(value).slice(0, 400)}`);

export const textAt = (value: unknown, key: string): string => {
  const found = isRecord(value) ? value[key] : undefined;
  if (typeof found !== 'string') throw wrong(value, key, 'text');
  return found;
};

export const numberAt = (value: unknown, key: string): number => {
  const found = isRecord(value) ? value[key] : undefined;
  if (typeof found !== 'number') throw wrong(value, key, 'number');
  return found;
};

export const recordAt = (value: unknown, key: string): Readonly<Record<string, unknown>> => {
  const found = isRecord(value) ? value[key] : undefined;
  if (!isRecord(found)) throw wrong(value, key, 'object');
  return found;
};

export const listAt = (value: unknown, key: string): readonly unknown[] => {
  const found = isRecord(value) ? value[key] : undefined;
  if (!Array.isArray(found)) throw wrong(value, key, 'list');
  return found;
};
