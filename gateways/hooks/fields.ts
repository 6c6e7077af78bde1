import type { Role } from '../../core/group/events.ts';
import type { Fields } from '../openim/callbackAnswer.ts';

/** What an answer says cannot be done. */
export class Wrong extends Error {}

/** As long as any text of a group may be. */
const TEXT_LENGTH_MAX = 16_384;

/** An absent field and `null` keep what is asked for. */
export const textIn = (fields: Fields, key: string): string | undefined => {
  const value = fields[key] ?? undefined;
  if (value === undefined) return undefined;
  if (typeof value === 'string' && value.length <= TEXT_LENGTH_MAX) return value;
  throw new Wrong(`${key}: must be text`);
};

const ROLES: readonly unknown[] = [60, 20] satisfies Role[];

/** What a member is to be; its owner a group is transferred to. `list`: where it stands. */
export const roleIn = (fields: Fields, list = ''): Exclude<Role, 100> | undefined => {
  const role = fields['roleLevel'] ?? undefined;
  if (role === undefined || ROLES.includes(role)) return role as Exclude<Role, 100> | undefined;
  throw new Wrong(`${list}roleLevel: must be 60 or 20`);
};

export const present = (fields: Readonly<Record<string, unknown>>) =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
