import { createHmac } from 'node:crypto';

/**
 * Signatures in the form of the open Standard Webhooks specification, for which receivers find libraries: an
 * HMAC-SHA256 over id, time and body, so that neither can be exchanged, in base64 after `v1,`. One for each
 * key, so that keys can be changed without a gap.
 */
export const signatureOf = (
  keys: readonly Uint8Array[],
  { id, seconds, body }: Readonly<{ id: string; seconds: number; body: string }>,
): string =>
  keys
    .map((key) => createHmac('sha256', key).update(`${id}.${String(seconds)}.${body}`))
    .map((hmac) => `v1,${hmac.digest('base64')}`)
    .join(' ');
