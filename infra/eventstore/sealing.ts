import { createCipheriv, createDecipheriv, randomFillSync } from 'node:crypto';
import { lengthPrefixed } from '../lengthPrefixed.ts';

const CIPHER = 'aes-256-gcm';
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/**
 * What a sealed text belongs to. It is authenticated with the text, so nobody who can write to the store
 * can move it into another event, stream or user's name.
 */
export type SealedFor = Readonly<{ stream: string; id: string; subject: string }>;

const authenticated = ({ stream, id, subject }: SealedFor): Buffer =>
  Buffer.from(lengthPrefixed(stream, id, subject));

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
export const seal = (key: Uint8Array, belongsTo: SealedFor, text: string): string => {
  const nonce = freshNonce();
  const cipher = createCipheriv(CIPHER, key, nonce, { authTagLength: TAG_BYTES });
  cipher.setAAD(authenticated(belongsTo));
  const sealed = cipher.update(text, 'utf8');
  cipher.final();
  return Buffer.concat([nonce, sealed, cipher.getAuthTag()]).toString('base64');
};

/** The text that was sealed, or undefined if it was not sealed so, with this key, for this event. */
export const unseal = (
  key: Uint8Array,
  belongsTo: SealedFor,
  sealed: string,
): string | undefined => {
  const bytes = Buffer.from(sealed, 'base64');
  if (bytes.length < NONCE_BYTES + TAG_BYTES) return undefined;
  const nonce = bytes.subarray(0, NONCE_BYTES);
  const decipher = createDecipheriv(CIPHER, key, nonce, { authTagLength: TAG_BYTES });
  decipher.setAAD(authenticated(belongsTo));
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
