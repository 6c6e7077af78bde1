import { KindGuard, type TSchema } from '@sinclair/typebox';
import { isGroupId } from '../../core/group/ids.ts';
import type { Caller, Groups, Refused } from '../ports.ts';
import { isRecord } from './parse.ts';
import { refuse } from './reply.ts';

/**
 * Who may call a route. Every route declares it, or the server is not built. An app admin may wherever a
 * token is asked for.
 */
export type Access =
  /** Anybody: the body holds what proves the right to call (a secret, a token). */
  | Readonly<{ kind: 'none' }>
  /** Whoever has a valid token. */
  | Readonly<{ kind: 'user' }>
  | Readonly<{ kind: 'admin' }>
  /** An app admin; or, without a token, who knows the secret (as app servers of v3.8.0 call it). */
  | Readonly<{ kind: 'adminOrSecret' }>
  /** The user that a field of the body names (each one, where it is a list). */
  | Readonly<{ kind: 'self'; field: string; emptyIsCaller?: true }>
  /** One of the users that these fields of the body name. */
  | Readonly<{ kind: 'participant'; fields: readonly string[] }>
  /** A member of the group that a field of the body names (of each one, where there are several) … */
  | Readonly<{ kind: 'member'; field: string }>
  /** … its owner or one of its admins … */
  | Readonly<{ kind: 'groupAdmin'; field: string }>
  /** … its owner. */
  | Readonly<{ kind: 'groupOwner'; field: string }>
  /** The user that one field names, or owner or admin of the group that the other one does. */
  | Readonly<{ kind: 'selfOrGroupAdmin'; field: string; group: string }>;

/** The callers that a route of this access can have: none where no token is asked for. */
export type CallerOf<A extends Access> = A extends { kind: 'none' }
  ? undefined
  : A extends { kind: 'adminOrSecret' }
    ? Caller | undefined
    : Caller;

/** What a caller is in a group, as the log has it now. */
export type RoleOf = Groups['roleOf'];

const KINDS: ReadonlySet<string> = new Set([
  'none',
  'user',
  'admin',
  'adminOrSecret',
  'self',
  'participant',
  'member',
  'groupAdmin',
  'groupOwner',
  'selfOrGroupAdmin',
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

/** The fields of the body by which it is decided; for the API page, too. */
export const fieldsOf = (access: Access): readonly string[] => {
  switch (access.kind) {
    case 'none':
    case 'user':
    case 'admin':
    case 'adminOrSecret':
      return [];
    case 'participant':
      return access.fields;
    case 'selfOrGroupAdmin':
      return [access.field, access.group];
    default:
      return [access.field];
  }
};

const fieldOf = (schema: TSchema | undefined, path: readonly string[]): TSchema | undefined => {
  const [key, ...rest] = path;
  if (key === undefined || schema === undefined) return schema;
  if (KindGuard.IsArray(schema)) return fieldOf(schema.items, path);
  return KindGuard.IsObject(schema) ? fieldOf(schema.properties[key], rest) : undefined;
};

/** All that a field names: one, or the elements of a list, or what the elements of a list name. */
const valuesAt = (value: unknown, field: string): readonly unknown[] =>
  field
    .split('.')
    .reduce(
      (found: readonly unknown[], key) =>
        found.flatMap((each) => (isRecord(each) ? each[key] : undefined)),
      [value],
    );

/** What keeps this caller from this call; `undefined`: nothing. Deny by default. */
export const denial = async (
  access: Access,
  caller: Caller | undefined,
  body: unknown,
  roleOf: RoleOf,
): Promise<Refused | undefined> => {
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
    default:
      return unless(
        caller !== undefined && (caller.admin || (await isNamed(access, caller, body, roleOf))),
        `${fieldsOf(access).join(' or ')}: ${WHO_MAY[access.kind]}`,
      );
  }
};

const unless = (allowed: boolean, detail: string): Refused | undefined =>
  allowed ? undefined : refuse('caller/not-allowed', detail);

/** Those that the body decides of. */
type ByBody = Exclude<Access, { kind: 'none' | 'user' | 'admin' | 'adminOrSecret' }>;

const WHO_MAY: Readonly<Record<ByBody['kind'], string>> = {
  self: 'only the user itself or an app admin may do this',
  participant: 'only one of the two users or an app admin may do this',
  member: 'only a member of the group or an app admin may do this',
  groupAdmin: 'only the owner or an admin of the group, or an app admin, may do this',
  groupOwner: 'only the owner of the group or an app admin may do this',
  selfOrGroupAdmin:
    'only the user itself, the owner or an admin of the group, or an app admin may do this',
};

const MEMBER = 20;
const GROUP_ADMIN = 60;
const OWNER = 100;

const isNamed = (
  access: ByBody,
  caller: Caller,
  body: unknown,
  roleOf: RoleOf,
): boolean | Promise<boolean> => {
  switch (access.kind) {
    case 'self':
      return namesOnly(caller, body, access.field, access.emptyIsCaller === true);
    case 'participant':
      return access.fields.some((field) => namesOnly(caller, body, field, false));
    case 'member':
      return hasRole(caller, valuesAt(body, access.field), MEMBER, roleOf);
    case 'groupAdmin':
      return hasRole(caller, valuesAt(body, access.field), GROUP_ADMIN, roleOf);
    case 'groupOwner':
      return hasRole(caller, valuesAt(body, access.field), OWNER, roleOf);
    case 'selfOrGroupAdmin':
      return (
        namesOnly(caller, body, access.field, false) ||
        hasRole(caller, valuesAt(body, access.group), GROUP_ADMIN, roleOf)
      );
  }
};

const namesOnly = (
  { user }: Caller,
  body: unknown,
  field: string,
  emptyIsCaller: boolean,
): boolean => {
  const named = valuesAt(body, field);
  const isSelf = (each: unknown) => each === user || (emptyIsCaller && each === '');
  return named.length > 0 && named.every(isSelf);
};

/** At least this role in each of these groups, and in one at least. */
const hasRole = async (
  { user }: Caller,
  groups: readonly unknown[],
  least: number,
  roleOf: RoleOf,
): Promise<boolean> => {
  const named = new Set(groups);
  for (const group of named) {
    if (typeof group !== 'string' || !isGroupId(group)) return false;
    const role = await roleOf(group, user);
    if (role === undefined || role < least) return false;
  }
  return named.size > 0;
};
