import { KindGuard, type TSchema } from '@sinclair/typebox';
import type { Caller, Refused } from '../ports.ts';
import { isRecord } from './parse.ts';
import { refuse } from './reply.ts';

/** Who may call a route. Every route declares it, or the server is not built. */
export type Access =
  /** Anybody: the body holds what proves the right to call (a secret, a token). */
  | Readonly<{ kind: 'none' }>
  /** Whoever has a valid token. */
  | Readonly<{ kind: 'user' }>
  | Readonly<{ kind: 'admin' }>
  /** An app admin; or, without a token, who knows the secret (as app servers of v3.8.0 call it). */
  | Readonly<{ kind: 'adminOrSecret' }>
  /** The user that a field of the body names (each one, where it is a list), or an app admin. */
  | Readonly<{ kind: 'self'; field: string }>;

/** The callers that a route of this access can have: none where no token is asked for. */
export type CallerOf<A extends Access> = A extends { kind: 'none' }
  ? undefined
  : A extends { kind: 'adminOrSecret' }
    ? Caller | undefined
    : Caller;

const KINDS: ReadonlySet<string> = new Set([
  'none',
  'user',
  'admin',
  'adminOrSecret',
  'self',
] satisfies Access['kind'][]);

/** Throws unless access is declared, and the field it speaks of is one of the body's. */
export const assertDeclared = (path: string, access: Access | undefined, body: TSchema): void => {
  if (access === undefined || !KINDS.has(access.kind)) {
    throw new Error(`${path} does not declare who may call it`);
  }
  if (access.kind === 'self' && fieldOf(body, access.field.split('.')) === undefined) {
    throw new Error(`${path}: its access speaks of "${access.field}", which the body lacks`);
  }
};

const fieldOf = (schema: TSchema | undefined, path: readonly string[]): TSchema | undefined => {
  const [key, ...rest] = path;
  if (key === undefined || schema === undefined) return schema;
  return KindGuard.IsObject(schema) ? fieldOf(schema.properties[key], rest) : undefined;
};

const valueAt = (value: unknown, field: string): unknown =>
  field
    .split('.')
    .reduce((found: unknown, key) => (isRecord(found) ? found[key] : undefined), value);

/** What keeps this caller from this call; `undefined`: nothing. Deny by default. */
export const denial = (
  access: Access,
  caller: Caller | undefined,
  body: unknown,
): Refused | undefined => {
  switch (access.kind) {
    case 'none':
      return undefined;
    case 'user':
      return caller === undefined ? notAllowed('this call needs a token') : undefined;
    case 'admin':
      return caller?.admin === true ? undefined : notAllowed('only an app admin may call this');
    case 'adminOrSecret':
      // Without a token the route itself compares the secret.
      return caller === undefined || caller.admin
        ? undefined
        : notAllowed('only an app admin may call this');
    case 'self':
      return namesOnly(caller, body, access.field)
        ? undefined
        : notAllowed(`${access.field}: only the user itself or an app admin may do this`);
  }
};

const namesOnly = (caller: Caller | undefined, body: unknown, field: string): boolean => {
  if (caller === undefined) return false;
  const named = [valueAt(body, field)].flat();
  return caller.admin || (named.length > 0 && named.every((user) => user === caller.user));
};

const notAllowed = (detail: string): Refused => refuse('caller/not-allowed', detail);
