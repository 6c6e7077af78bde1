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
  | Readonly<{ kind: 'self'; field: string }>
  /** One of the users that these fields of the body name, or an app admin. */
  | Readonly<{ kind: 'participant'; fields: readonly string[] }>;

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
  'participant',
] satisfies Access['kind'][]);

/** Throws unless access is declared, and the field it speaks of is one of the body's. */
export const assertDeclared = (path: string, access: Access | undefined, body: TSchema): void => {
  if (access === undefined || !KINDS.has(access.kind)) {
    throw new Error(`${path} does not declare who may call it`);
  }
  for (const field of fieldsOf(access)) {
    if (fieldOf(body, field.split('.')) === undefined) {
      throw new Error(`${path}: its access speaks of "${field}", which the body lacks`);
    }
  }
};

const fieldsOf = (access: Access): readonly string[] => {
  if (access.kind === 'self') return [access.field];
  return access.kind === 'participant' ? access.fields : [];
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
      return unless(caller !== undefined, 'this call needs a token');
    case 'admin':
      return unless(caller?.admin === true, 'only an app admin may call this');
    case 'adminOrSecret':
      // Without a token the route itself compares the secret.
      return unless(caller === undefined || caller.admin, 'only an app admin may call this');
    case 'self':
    case 'participant': {
      const fields = fieldsOf(access);
      const isNamed = fields.some((field) => namesOnly(caller, body, field));
      return unless(isNamed, `${fields.join(' or ')}: ${WHO_MAY[access.kind]}`);
    }
  }
};

const unless = (allowed: boolean, detail: string): Refused | undefined =>
  allowed ? undefined : refuse('caller/not-allowed', detail);

const WHO_MAY = {
  self: 'only the user itself or an app admin may do this',
  participant: 'only one of the two users or an app admin may do this',
} as const;

const namesOnly = (caller: Caller | undefined, body: unknown, field: string): boolean => {
  if (caller === undefined) return false;
  const named = [valueAt(body, field)].flat();
  return caller.admin || (named.length > 0 && named.every((user) => user === caller.user));
};
