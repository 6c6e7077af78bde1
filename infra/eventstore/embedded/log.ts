/** What the embedded log says of itself; pino's loggers fit. */
export type Log = Readonly<{
  info: (fields: object, message: string) => void;
  warn: (fields: object, message: string) => void;
  error: (fields: object, message: string) => void;
}>;

const silent = (): void => undefined;
export const silentLog: Log = { info: silent, warn: silent, error: silent };
