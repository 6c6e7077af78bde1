import type { Endpoint, Post, PostFailure } from '../../core/webhook/ports.ts';
import { KNOWN_CALLBACKS } from '../../gateways/openim/callbacks.ts';
import type { Finding } from '../eventstore/esdb/inspect.ts';
import { randomId } from '../ids.ts';
import { openPost } from '../webhooks/post.ts';
import { readWebhooks, WebhookSettingsError } from '../webhooks/settings.ts';

/** The one that docs/CALLBACKS.md and README.md show, and so everybody knows. */
export const EXAMPLE_KEY = 'c2VxbGluZSBleGFtcGxlIGtleSwgMzIgYnl0ZXMh';
const TEST_MS = 5_000;
const TEST_COMMAND = 'callbackSeqlineTest';

const good = (what: string): Finding => ({ good: true, what });
const bad = (what: string): Finding => ({ good: false, what });

const FIX_OF = {
  unreachable: 'check that it runs and that this machine can reach it',
  'too-slow': 'it has to answer within seconds: users wait for it',
  forbidden: 'that is a private address; set allowPrivate to true if it is meant to be one',
  redirect: 'name the address that it redirects to; redirects are not followed',
  compressed: 'have it answer without Content-Encoding',
  'too-long': 'have it answer with a small JSON object',
} as const satisfies Record<PostFailure, string>;

/**
 * What is to be said of the app server's endpoints before the server starts: the file as a whole, and of each
 * endpoint its keys, its address, and whether it takes a call that says that it is a test. No secret is shown.
 */
export const inspectWebhooks = async (path: string): Promise<readonly Finding[]> => {
  if (path === '') return [];
  let endpoints: readonly Endpoint[];
  try {
    endpoints = readWebhooks(path, KNOWN_CALLBACKS);
  } catch (error) {
    if (error instanceof WebhookSettingsError) return error.message.split('\n').map(bad);
    throw error;
  }
  const poster = openPost({ now: Date.now, socketsMax: endpoints.length + 1 });
  try {
    const each = await Promise.all(
      endpoints.map(async (endpoint, index) => {
        const at = `endpoints[${String(index)}]`;
        return [
          ...ofKeys(endpoint, at),
          ...ofAddress(endpoint, at),
          await ofCall(endpoint, at, poster.post),
        ];
      }),
    );
    return [good(`SEQLINE_WEBHOOKS ${path} can be read`), ...each.flat()];
  } finally {
    poster.close();
  }
};

const ofKeys = ({ name, keys }: Endpoint, at: string): readonly Finding[] => {
  if (keys.length === 0) {
    return [
      bad(
        `${at}.secrets: calls of ${name} are not signed, so anybody can pretend to be this server: ` +
          'put whsec_ and the output of openssl rand -base64 32 there, and verify it in the receiver',
      ),
    ];
  }
  const example = Buffer.from(EXAMPLE_KEY, 'base64');
  return keys.some((key) => example.equals(key))
    ? [
        bad(
          `${at}.secrets: ${name} has the key of the documentation, which everybody knows: make one`,
        ),
      ]
    : [];
};

const ofAddress = ({ name, url, allowPrivate }: Endpoint, at: string): readonly Finding[] => {
  const { protocol, origin } = new URL(url);
  return protocol === 'http:' && !allowPrivate
    ? [bad(`${at}.url: messages go to ${name} at ${origin} in the clear: use https://`)]
    : [];
};

const ofCall = async (endpoint: Endpoint, at: string, post: Post): Promise<Finding> => {
  const { name, url } = endpoint;
  const { origin } = new URL(url);
  const posted = await post(endpoint, {
    id: randomId(),
    command: TEST_COMMAND,
    body: JSON.stringify({ callbackCommand: TEST_COMMAND, endpoint: name, time: Date.now() }),
    operationId: 'seqline doctor',
    timeout: TEST_MS,
  });
  if (posted.kind === 'failed') {
    const { failure, detail } = posted;
    return bad(`${at}.url: ${name} at ${origin} takes no calls (${detail}): ${FIX_OF[failure]}`);
  }
  const { status } = posted;
  return status >= 200 && status < 300
    ? good(`${name} at ${origin} takes calls`)
    : bad(
        `${at}.url: ${name} at ${origin} answered ${TEST_COMMAND} with HTTP ${String(status)}: check the ` +
          'path; it has to answer every command with 2xx, those it does not know too',
      );
};
