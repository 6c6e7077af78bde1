import { lookup as lookUpName, type LookupAddress } from 'node:dns';
import * as http from 'node:http';
import * as https from 'node:https';
import type { LookupFunction } from 'node:net';
import type { Call, Endpoint, Post, Posted, PostFailure } from '../../core/webhook/ports.ts';
import type { Millis } from '../../core/kernel/ids.ts';
import { addressIn, isPublicAddress } from './addresses.ts';
import { signatureOf } from './signature.ts';

/** An answer may hold a thousand users of a registration; what is longer is not read to its end. */
export const ANSWER_BYTES_MAX = 1024 * 1024;
/** Connections that wait for their next call, for each endpoint. */
const IDLE_SOCKETS_MAX = 32;
/** Below the few seconds after which servers close what is idle. */
const IDLE_MS = 3_000;

/** Name resolution, as `dns.lookup` does it. */
export type LookUp = (
  hostname: string,
  callback: (error: Error | null, addresses: readonly LookupAddress[]) => void,
) => void;

type Deps = Readonly<{
  now: () => Millis;
  /** Calls to one endpoint at once; more wait, and their time limit runs. */
  socketsMax: number;
  lookUp?: LookUp;
}>;

const systemLookUp: LookUp = (hostname, callback) => {
  lookUpName(hostname, { all: true, verbatim: true }, callback);
};

class Forbidden extends Error {
  override name = 'Forbidden';
}

/**
 * Names are resolved once, here, and the connection goes to the very addresses that have been looked at: a
 * name that says something else the next time leads nowhere else.
 */
const allowedOnly =
  (lookUp: LookUp, { allowPrivate }: Endpoint): LookupFunction =>
  (hostname, options, callback) => {
    lookUp(hostname, (error, addresses) => {
      if (error !== null) return callback(error, []);
      const allowed = allowPrivate
        ? addresses
        : addresses.filter((at) => isPublicAddress(at.address));
      const [first] = allowed;
      if (first === undefined) {
        const told = addresses.map(({ address }) => address).join(', ');
        return callback(new Forbidden(`${hostname} is at ${told}`), []);
      }
      if (options.all === true) callback(null, [...allowed]);
      else callback(null, first.address, first.family);
    });
  };

const urlOf = ({ url, convention }: Endpoint, { command, key }: Call): URL => {
  const to = new URL(url);
  if (convention === 'v3') to.pathname = `${to.pathname.replace(/\/+$/, '')}/${command}`;
  if (key !== undefined) to.searchParams.set('key', key);
  return to;
};

const headersOf = ({ keys }: Endpoint, call: Call, now: Millis): http.OutgoingHttpHeaders => {
  const { id, body, operationId, attempt = 1, replay } = call;
  const seconds = Math.floor(now / 1000);
  return {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(body),
    'accept-encoding': 'identity',
    // By way of bytes: half a character, which JSON may hold, cannot be encoded.
    operationID: encodeURIComponent(Buffer.from(operationId).toString()),
    'webhook-id': id,
    'webhook-timestamp': String(seconds),
    'webhook-attempt': String(attempt),
    ...(keys.length > 0 && { 'webhook-signature': signatureOf(keys, { id, seconds, body }) }),
    ...(replay !== undefined && { 'webhook-replay': replay }),
  };
};

const failed = (failure: PostFailure, detail: string): Posted => ({
  kind: 'failed',
  failure,
  detail,
});

/** Posts callbacks within hard limits. Redirects are never followed. */
export const openPost = ({
  now,
  socketsMax,
  lookUp = systemLookUp,
}: Deps): Readonly<{ post: Post; close: () => void }> => {
  const options = { keepAlive: true, maxSockets: socketsMax, maxFreeSockets: IDLE_SOCKETS_MAX };
  const plain = new http.Agent({ ...options, timeout: IDLE_MS });
  const secure = new https.Agent({ ...options, timeout: IDLE_MS });

  const once = (endpoint: Endpoint, call: Call, deadline: AbortSignal): Promise<Tried> =>
    new Promise((resolve) => {
      const to = urlOf(endpoint, call);
      const isSecure = to.protocol === 'https:';
      const request = (isSecure ? https : http).request(to, {
        method: 'POST',
        agent: isSecure ? secure : plain,
        headers: headersOf(endpoint, call, now()),
        lookup: allowedOnly(lookUp, endpoint),
        signal: deadline,
      });
      const end = (posted: Posted): void => {
        resolve({ posted, stale: false });
      };
      let isAnswered = false;
      request.on('response', (response) => {
        isAnswered = true;
        readAnswer(response, end, deadline);
      });
      request.on('upgrade', (_, socket) => {
        socket.destroy();
        end(failed('unreachable', 'HTTP 101: it wants another protocol'));
      });
      // However it ends, somebody waits for it. What an answer comes to is for whoever reads it.
      request.on('close', () => {
        if (!isAnswered) end(failed('unreachable', 'the connection was closed without an answer'));
      });
      request.on('error', (error) => {
        const { reusedSocket } = request;
        const stale = reusedSocket && 'code' in error && error.code === 'ECONNRESET';
        resolve({ posted: failureOf(error, deadline), stale });
      });
      request.end(call.body);
    });

  return {
    post: async (endpoint, call) => {
      const address = addressIn(new URL(endpoint.url));
      if (address !== undefined && !endpoint.allowPrivate && !isPublicAddress(address)) {
        return failed('forbidden', `${address} is a private address`);
      }
      const deadline = AbortSignal.timeout(call.timeout);
      const first = await once(endpoint, call, deadline);
      // The other side had closed the idle connection just then, and has not seen the call.
      return first.stale ? (await once(endpoint, call, deadline)).posted : first.posted;
    },
    close: () => {
      plain.destroy();
      secure.destroy();
    },
  };
};

type Tried = Readonly<{ posted: Posted; stale: boolean }>;

const failureOf = (error: Error, deadline: AbortSignal): Posted => {
  if (deadline.aborted) return failed('too-slow', 'there was no whole answer in time');
  if (error instanceof Forbidden) return failed('forbidden', error.message);
  return failed('unreachable', error.message);
};

const readAnswer = (
  response: http.IncomingMessage,
  end: (posted: Posted) => void,
  deadline: AbortSignal,
): void => {
  const status = response.statusCode ?? 0;
  const refuse = (failure: PostFailure, detail: string): void => {
    end(failed(failure, detail));
    response.destroy();
  };
  if (status >= 300 && status < 400) {
    return refuse('redirect', `HTTP ${String(status)}: redirects are not followed`);
  }
  const encoding = response.headers['content-encoding'] ?? 'identity';
  if (encoding !== 'identity') return refuse('compressed', `the answer is in ${encoding}`);
  const parts: Buffer[] = [];
  let bytes = 0;
  response.on('data', (part: Buffer) => {
    bytes += part.length;
    if (bytes <= ANSWER_BYTES_MAX) parts.push(part);
    else refuse('too-long', `the answer is longer than ${String(ANSWER_BYTES_MAX)} bytes`);
  });
  response.on('end', () => {
    end({ kind: 'answered', status, body: Buffer.concat(parts).toString() });
  });
  response.on('error', (error) => {
    end(failureOf(error, deadline));
  });
};
