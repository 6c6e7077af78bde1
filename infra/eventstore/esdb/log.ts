/** What the adapter says of itself; pino's loggers fit. */
export type Log = Readonly<{
  info: (fields: object, message: string) => void;
  warn: (fields: object, message: string) => void;
}>;

const silent = (): void => undefined;
export const silentLog: Log = { info: silent, warn: silent };

/** Whether the log takes writes; the reason is for operators (readyz, logs). */
export type Writability =
  Readonly<{ writable: true }> | Readonly<{ writable: false; reason: string }>;
