/** What a process may do; without a word it does all of it. */
export const ROLES = ['api', 'gateway', 'projector', 'reactor'] as const;

export type Role = (typeof ROLES)[number];
export type Roles = ReadonlySet<Role>;

export const ALL_ROLES: Roles = new Set(ROLES);

/** Names with commas between them; undefined where one is none. */
export const rolesOf = (text: string): Roles | undefined => {
  const names = text.split(',').map((name) => name.trim());
  const roles = names.flatMap((name) => ROLES.filter((role) => role === name));
  return roles.length === names.length ? new Set(roles) : undefined;
};
