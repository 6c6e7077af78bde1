import { StoreUnavailable } from '../../../core/kernel/eventStore.ts';
import { redactUrl } from '../../redactUrl.ts';
import { ClientFault } from './faults.ts';

/** The event store cannot be used as it is or as it is named; the message says what to change. */
export class EventStoreUnusable extends Error {
  override name = 'EventStoreUnusable';
}

/** What is wrong at the start, for whoever set SEQLINE_EVENTSTORE; never with its password. */
export const startProblem = (connectionString: string, thrown: unknown): EventStoreUnusable => {
  const error = thrown instanceof StoreUnavailable ? thrown.cause : thrown;
  const message = error instanceof Error ? error.message : String(error);
  const shown = redactUrl(connectionString);
  const advice = adviceFor(connectionString, error, message);
  return new EventStoreUnusable(
    `SEQLINE_EVENTSTORE: ${shown}: ${advice} (${redactUrl(message.replace(/\s+/g, ' ').slice(0, MESSAGE_LENGTH_MAX))})`,
    { cause: error },
  );
};

/** Enough of what a library says to look it up. */
const MESSAGE_LENGTH_MAX = 300;

const adviceFor = (connectionString: string, error: unknown, message: string): string => {
  if (!(error instanceof ClientFault)) return 'it cannot be used';
  switch (error.reason.kind) {
    case 'denied':
      return isPlain(connectionString) ? NO_LOGIN : WRONG_LOGIN;
    case 'not-leader':
      return NO_LEADER;
    case 'invalid':
      return /position/.test(message) ? TOO_OLD : 'it refuses what a log needs';
    case 'unknown-call':
      return NOT_A_STORE;
    case 'away':
    case 'late':
    case 'other':
      return awayAdvice(connectionString, message);
    default:
      return 'its stream seqline-log is not what Seqline has written there';
  }
};

const NO_LOGIN = 'it wants a user: passwords are sent over TLS only, so leave out tls=false';
const WRONG_LOGIN =
  'it refuses the user or the password, or the user may not write; correct them in the URL';
const NO_LEADER =
  'this node does not lead, and who does cannot be reached; use esdb+discover://, or name all ' +
  'nodes with commas';
const NOT_A_STORE =
  'what answers there is no event store that Seqline can use: it knows no such calls; correct the ' +
  'address, or use EventStoreDB 22.6 or later';
export const TOO_OLD =
  'the server is too old; use EventStoreDB 22.6 or later (oss-v24.6.0 is the last one under a ' +
  'BSD licence)';

const isPlain = (connectionString: string): boolean => /[?&]tls=false\b/i.test(connectionString);

/** What OpenSSL says when the other side does not speak TLS. */
const NO_TLS_THERE = /wrong version number|packet length too long|EPROTO|unexpected message/i;
const UNTRUSTED = /self[- ]signed|unable to (get|verify)|certificate|altnames/i;
/** What is left of a plain connection that the other side has taken for a broken handshake. */
const HUNG_UP = /Failed to connect|ECONNRESET|connection dropped|protocol error|goaway/i;

const awayAdvice = (connectionString: string, message: string): string => {
  if (!isPlain(connectionString)) {
    if (NO_TLS_THERE.test(message)) return 'it does not speak TLS; add ?tls=false';
    if (UNTRUSTED.test(message))
      return 'its certificate is not trusted; name its authority with ?tlsCAFile=PATH';
    return 'it cannot be reached; start it, correct the address, or add ?tls=false if it has no TLS';
  }
  if (HUNG_UP.test(message))
    return 'it hangs up; if it speaks TLS, leave out tls=false; if it is no event store, correct the address';
  return 'it cannot be reached; start it, or correct the address';
};
