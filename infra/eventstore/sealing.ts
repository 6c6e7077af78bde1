import { createCipheriv, createDecipheriv, randomFillSync } from 'node:crypto';
import { lengthPrefixed } from '../lengthPrefixed.ts';

const CIPHER = 'aes-256-gcm';
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/** The longest that is authenticated without a buffer of its own; a unit of text is 3 bytes at most. */
const AUTHENTICATED_MAX = 1024;
const scratch = Buffer.alloc(3 * AUTHENTICATED_MAX);

/**
 * What a sealed text belongs to: stream, event and user. It is authenticated with the text, so nobody who
 * can write to the store can move it elsewhere. A view that is overwritten later: use it before the next.
 */
const authenticated = (stream: string, id: string, subject: string): Buffer => {
  const text = lengthPrefixed(stream, id, subject);
  if (text.length > AUTHENTICATED_MAX) return Buffer.from(text);
  return scratch.subarray(0, scratch.write(text));
};

/** Nonces are drawn 1,024 at a time: asking the system for 12 bytes costs as much as half a seal. */
const nonces = Buffer.alloc(1024 * NONCE_BYTES);
let noncesUsed = nonces.length;

/** The next nonce, as a view that is overwritten later: copy it before the next turn. */
const freshNonce = (): Buffer => {
  if (noncesUsed === nonces.length) {
    randomFillSync(nonces);
    noncesUsed = 0;
  }
  noncesUsed += NONCE_BYTES;
  return nonces.subarray(noncesUsed - NONCE_BYTES, noncesUsed);
};

/** Base64 of nonce, ciphertext and tag, joined in this order. The key has 32 bytes. */
export const seal = (
  key: Uint8Array,
  stream: string,
  id: string,
  subject: string,
  text: string,
): string => {
  const nonce = freshNonce();
  const cipher = createCipheriv(CIPHER, key, nonce, { authTagLength: TAG_BYTES });
  cipher.setAAD(authenticated(stream, id, subject));
  const sealed = cipher.update(text, 'utf8');
  cipher.final();
  return Buffer.concat([nonce, sealed, cipher.getAuthTag()]).toString('base64');
};

/** The text that was sealed, or undefined if it was not sealed so, with this key, for this event. */
export const unseal = (
  key: Uint8Array,
  stream: string,
  id: string,
  subject: string,
  sealed: string,
): string | undefined => {
  const bytes = Buffer.from(sealed, 'base64');
  if (bytes.length < NONCE_BYTES + TAG_BYTES) return undefined;
  const nonce = bytes.subarray(0, NONCE_BYTES);
  const decipher = createDecipheriv(CIPHER, key, nonce, { authTagLength: TAG_BYTES });
  decipher.setAAD(authenticated(stream, id, subject));
  decipher.setAuthTag(bytes.subarray(-TAG_BYTES));
  const text = decipher.update(bytes.subarray(NONCE_BYTES, -TAG_BYTES));
  try {
    decipher.final();
  } catch {
    // The one thing that final() checks here is the tag.
    return undefined;
  }
  return text.toString('utf8');
};
