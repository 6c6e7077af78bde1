import { randomBytes } from 'node:crypto';
import { chmod } from 'node:fs/promises';
import { join } from 'node:path';
import { PublicProtocol } from 'paseto';
import {
  ExportSecretKeyFactory,
  GenerateKeyPairFactory,
  GetPublicKeyFactory,
  ImportSecretKeyFactory,
  type PublicKey,
  type SecretKey,
} from 'paseto/v4/public';
import type { Millis } from '../../core/kernel/ids.ts';
import { makeFolder, readIfPresent, writeDurably } from '../durableFile.ts';

export type SigningKey = Readonly<{ id: string; secret: SecretKey }>;

/** Where the keys of tokens come from: a port, so that many processes can share them. */
export interface SigningKeys {
  /** The current key; what it signs can be verified until `expiresAt`, whatever is rotated meanwhile. */
  signing(expiresAt: Millis): Promise<SigningKey>;
  verifying(id: string): Promise<PublicKey | undefined>;
  /** Makes a new current key. Older ones are dropped once all they have signed has expired. */
  rotate(): Promise<void>;
}

/** Keeps the text of the keys: durable once `save` resolves. */
export type KeyShelf = Readonly<{
  load: () => Promise<string | undefined>;
  /** In the place of `before`; false, and nothing is saved, where another process has put another text there. */
  save: (text: string, before: string | undefined) => Promise<boolean>;
}>;

/** A key is kept at least this much longer than asked for, so that it is not saved at every token. */
const NEEDED_STEP: Millis = 24 * 60 * 60 * 1000;
const KEY_ID_BYTES = 6;
/** A key that is not known may be one that another process has made: so often it is looked for, and not oftener. */
const LOOK_EVERY: Millis = 1_000;
/** And so long at most after a rotation elsewhere the former key still signs here. */
const CURRENT_FOR: Millis = 10_000;

/** `secret` is a PASERK `k4.secret`; the last of the list is the current one. */
type KeptKey = Readonly<{ id: string; secret: Paserk; neededUntil: Millis }>;
type Paserk = `k4.secret.${string}`;

const v4 = new PublicProtocol(
  GenerateKeyPairFactory,
  GetPublicKeyFactory,
  ImportSecretKeyFactory,
  ExportSecretKeyFactory,
);

/** The file `keys.json` in a folder of its own, both for the owner only. */
export const fileShelf = (folder: string): KeyShelf => {
  const path = join(folder, 'keys.json');
  return {
    load: () => readIfPresent(path),
    save: async (text) => {
      await makeFolder(folder, 0o700);
      await chmod(folder, 0o700);
      await writeDurably(path, text);
      // A data folder has one process.
      return true;
    },
  };
};

export const openSigningKeys = async (shelf: KeyShelf, now: () => Millis): Promise<SigningKeys> => {
  const saved = await shelf.load();
  const kept = saved === undefined ? [await generate(now())] : parseKeys(saved);
  const keys = new KeptKeys({ shelf, now, kept, text: saved });
  await keys.saveNeeded();
  return keys;
};

/**
 * The text of a shelf that has its own keys and another's besides: its own current key goes on signing, and whatever
 * the other's have signed is verified. Without keys of its own, the other's text.
 */
export const withKeysOf = (own: string | undefined, other: string): string => {
  const others = parseKeys(other);
  const kept = own === undefined ? [] : parseKeys(own);
  const missing = others.filter(({ id }) => !kept.some((key) => key.id === id));
  const longer = kept.map((key) => {
    const neededUntil = others.find(({ id }) => id === key.id)?.neededUntil ?? 0;
    return { ...key, neededUntil: Math.max(key.neededUntil, neededUntil) };
  });
  return textOf([...missing, ...longer]);
};

type Opened = Readonly<{
  shelf: KeyShelf;
  now: () => Millis;
  kept: readonly KeptKey[];
  text: string | undefined;
}>;

class KeptKeys implements SigningKeys {
  readonly #shelf: KeyShelf;
  readonly #now: () => Millis;
  /** Only what the shelf holds; replaced as a whole after each save. */
  #kept: readonly KeptKey[];
  /** The shelf's text as it was last seen. */
  #text: string | undefined;
  #lookedAt: Millis;
  readonly #secrets = new Map<string, Promise<SecretKey>>();
  readonly #publics = new Map<string, Promise<PublicKey>>();
  #saving: Promise<void> = Promise.resolve();

  constructor({ shelf, now, kept, text }: Opened) {
    this.#shelf = shelf;
    this.#now = now;
    this.#kept = kept;
    this.#text = text;
    this.#lookedAt = now();
  }

  async signing(expiresAt: Millis): Promise<SigningKey> {
    await this.#look(CURRENT_FOR);
    while (this.#current().neededUntil < expiresAt) await this.#extend(expiresAt);
    const current = this.#current();
    return { id: current.id, secret: await this.#secret(current) };
  }

  async verifying(id: string): Promise<PublicKey | undefined> {
    if (this.#keptAs(id) === undefined) await this.#look(LOOK_EVERY);
    const kept = this.#keptAs(id);
    if (kept === undefined) return undefined;
    const known = this.#publics.get(id) ?? this.#secret(kept).then((key) => v4.GetPublicKey(key));
    this.#publics.set(id, known);
    return known;
  }

  async rotate(): Promise<void> {
    const made = await generate(this.#now());
    await this.#change((kept) => [...kept, made]);
  }

  saveNeeded(): Promise<void> {
    return this.#change((kept) => kept);
  }

  #current(): KeptKey {
    const current = this.#kept.at(-1);
    if (current === undefined) throw new Error('there is no key to sign tokens with');
    return current;
  }

  #keptAs(id: string): KeptKey | undefined {
    return this.#kept.find((key) => key.id === id);
  }

  /** Reads the shelf again, unless that was done in the last `ms` milliseconds. */
  async #look(ms: Millis): Promise<void> {
    // A clock that was set back does not say how long ago that was.
    const ago = this.#now() - this.#lookedAt;
    if (ago >= 0 && ago < ms) return;
    this.#lookedAt = this.#now();
    const before = this.#saving;
    const looked = (async () => {
      await Promise.allSettled([before]);
      await this.#load();
    })();
    this.#saving = looked;
    await looked;
  }

  async #load(): Promise<void> {
    const text = await this.#shelf.load();
    if (text === undefined || text === this.#text) return;
    this.#kept = parseKeys(text);
    this.#text = text;
  }

  #extend(expiresAt: Millis): Promise<void> {
    return this.#change((kept) =>
      kept.map((key, index) =>
        index === kept.length - 1 && key.neededUntil < expiresAt
          ? { ...key, neededUntil: expiresAt + NEEDED_STEP }
          : key,
      ),
    );
  }

  /** One change after the other; one that failed has been reported to its caller and changes nothing. */
  #change(change: (kept: readonly KeptKey[]) => readonly KeptKey[]): Promise<void> {
    const before = this.#saving;
    const saved = (async () => {
      await Promise.allSettled([before]);
      for (;;) {
        const changed = change(this.#kept);
        const last = changed.length - 1;
        const kept = changed.filter((key, at) => at === last || key.neededUntil > this.#now());
        const text = textOf(kept);
        if (await this.#shelf.save(text, this.#text)) {
          this.#kept = kept;
          this.#text = text;
          return;
        }
        // Another process was first: its keys are taken in, and the same is wanted of them.
        await this.#load();
      }
    })();
    this.#saving = saved;
    return saved;
  }

  #secret({ id, secret }: KeptKey): Promise<SecretKey> {
    // Extractable, as the public half is made of it; it never leaves this file.
    const known = this.#secrets.get(id) ?? v4.ImportSecretKey(secret, { extractable: true });
    this.#secrets.set(id, known);
    return known;
  }
}

const generate = async (now: Millis): Promise<KeptKey> => {
  const { secretKey } = await v4.GenerateKeyPair({ extractable: true });
  const id = randomBytes(KEY_ID_BYTES).toString('base64url');
  return { id, secret: await v4.ExportSecretKey(secretKey), neededUntil: now };
};

const textOf = (keys: readonly KeptKey[]): string =>
  `${JSON.stringify({ format: 1, keys }, undefined, 2)}\n`;

/** Says what is wrong without the text: it holds secrets. */
const parseKeys = (text: string): readonly KeptKey[] => {
  let saved: unknown;
  try {
    saved = JSON.parse(text);
  } catch {
    throw new Error('the keys that sign tokens are not JSON: put the file back from a backup');
  }
  if (isSaved(saved)) return saved.keys;
  throw new Error('the keys that sign tokens are not in a form that this version of Seqline knows');
};

const isSaved = (value: unknown): value is { keys: readonly KeptKey[] } =>
  typeof value === 'object' &&
  value !== null &&
  'format' in value &&
  value.format === 1 &&
  'keys' in value &&
  Array.isArray(value.keys) &&
  value.keys.length > 0 &&
  value.keys.every(isKeptKey);

const isKeptKey = (value: unknown): value is KeptKey =>
  typeof value === 'object' &&
  value !== null &&
  'id' in value &&
  typeof value.id === 'string' &&
  'secret' in value &&
  typeof value.secret === 'string' &&
  value.secret.startsWith('k4.secret.') &&
  'neededUntil' in value &&
  typeof value.neededUntil === 'number';
