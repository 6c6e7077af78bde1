import { NatsError } from 'nats';
import { redactUrl } from '../redactUrl.ts';

/** NATS cannot be used as it is; the message says why and how to mend it, and holds no secret. */
export class BusUnusable extends Error {
  override name = 'BusUnusable';
}

export const NO_CERTIFICATE =
  'it wants a certificate of its clients: name ?certificate=FILE and key=FILE in SEQLINE_BUS';

const UNREADABLE = 'a file that SEQLINE_BUS names cannot be read';

const REMEDIES: Readonly<Record<string, string>> = {
  AUTHORIZATION_VIOLATION:
    'it wants a login, or another one: put user and password, a token, ?credentials=FILE or ?nkey=FILE into ' +
    'SEQLINE_BUS (docs/OPERATIONS.md, "The addresses")',
  AUTHENTICATION_EXPIRED: 'the credentials have expired: get new ones',
  CONNECTION_REFUSED: 'nothing listens there: start nats-server, or correct SEQLINE_BUS',
  TIMEOUT: 'it does not answer: look at the network, or correct SEQLINE_BUS',
  BAD_CREDS:
    'the file of ?credentials= is none that nsc writes, with a JWT and a seed (a seed alone goes into ?nkey=FILE)',
  NKEYS: 'the file of ?nkey= has to hold the seed of a user, which begins with SU',
  SERVER_OPT_NA: 'it speaks no TLS: use nats:// without ca= and certificate=, or set it up for TLS',
  ENOENT: 'a file that SEQLINE_BUS names is not there',
  EACCES: UNREADABLE,
  EISDIR: UNREADABLE,
  ENOTFOUND: 'there is no such host: correct SEQLINE_BUS',
};

const codeOf = (error: unknown): string =>
  typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : '';

/** Of what has no code, or none that says it. */
const saidOf = (error: unknown): string | undefined => {
  if (!(error instanceof Error)) return undefined;
  if (error.message.endsWith("doesn't exist")) return 'ENOENT';
  return error.message.startsWith('nkeys: ') ? 'NKEYS' : undefined;
};

/** `known`: what to do, where that is known already. */
export const unusable = (url: string, error: unknown, known: string | undefined): BusUnusable => {
  const code = codeOf(error);
  const inner = error instanceof NatsError ? codeOf(error.chainedError) : '';
  const remedy =
    known ??
    REMEDIES[saidOf(error) ?? code] ??
    REMEDIES[inner] ??
    'if it speaks TLS with a certificate of your own, name ?ca=FILE (docs/OPERATIONS.md, "The addresses")';
  const what = error instanceof Error ? error.message : String(error);
  return new BusUnusable(`NATS at ${redactUrl(url)} cannot be used (${what}): ${remedy}`, {
    cause: error,
  });
};
