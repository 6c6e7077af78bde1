import { pino, type DestinationStream, type LevelWithSilent, type Logger } from 'pino';
import { redactUrl } from '../redactUrl.ts';

export type Log = Logger;

/** Fields that are never written, by whatever name a library gives them, down to three levels. */
const SECRET_FIELDS = ['token', 'secret', 'authorization', 'password', 'DATABASE_URL'];
const REDACTED = ['', '*.', '*.*.', '*.*.*.'].flatMap((above) =>
  SECRET_FIELDS.map((field) => `${above}${field}`),
);

/**
 * Lines of JSON on standard output (or `destination`). Secret fields are blotted out by name; passwords,
 * tokens and secrets inside URLs wherever they stand in a line: in messages, errors and stacks too.
 */
export const createLog = (
  level: LevelWithSilent,
  destination: DestinationStream = pino.destination(1),
): Log =>
  pino(
    {
      level,
      // Neither process id nor host name: whoever runs it knows them.
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      redact: { paths: REDACTED, censor: '[redacted]' },
      hooks: { streamWrite: redactUrl },
    },
    destination,
  );
