/** Where NATS is and how to be let in, as one address says it. */
export type NatsAddress = Readonly<{
  /** `host` or `host:port`; the library finds the others of a cluster by itself. */
  servers: readonly string[];
  user?: string;
  password?: string;
  token?: string;
  /** A file of NATS' own form with a JWT and a seed. */
  credentials?: string;
  /** A file with the seed of a user. */
  nkey?: string;
  /** Asked for by `tls://` or by any of the files; a server that demands TLS gets it anyway. */
  tls: boolean;
  ca?: string;
  certificate?: string;
  key?: string;
}>;

const FORM = /^(nats|tls):\/\/(?:([^\s@/?]+)@)?([^\s@/?]+)\/?(?:\?([^\s#]*))?$/;
const HOST = /^(?:\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(?::\d{1,5})?$/;
const FILES = ['credentials', 'nkey', 'ca', 'certificate', 'key'] as const;

/**
 * `nats://user:password@host:4222,host2:4222?credentials=/file&nkey=/file&ca=/file&certificate=/file&key=/file`, or with
 * `tls://`, or with a token in the place of user and password. Undefined for anything else.
 */
export const natsAddressOf = (text: string): NatsAddress | undefined => {
  const [, scheme, login, hosts = '', query = ''] = FORM.exec(text) ?? [];
  if (scheme === undefined) return undefined;
  const servers = hosts.split(',');
  if (!servers.every((host) => HOST.test(host))) return undefined;
  const files = filesOf(query);
  const entry = login === undefined ? {} : loginOf(login);
  if (files === undefined || entry === undefined) return undefined;
  const tls = scheme === 'tls' || files.ca !== undefined || files.certificate !== undefined;
  return { servers, tls, ...entry, ...files };
};

type Files = Partial<Record<(typeof FILES)[number], string>>;

/** Undefined: something else is named, or a certificate without its key. */
const filesOf = (query: string): Files | undefined => {
  const files: Files = {};
  for (const [name, value] of new URLSearchParams(query)) {
    const known = FILES.find((file) => file === name);
    if (known === undefined || value === '') return undefined;
    files[known] = value;
  }
  return (files.certificate === undefined) === (files.key === undefined) ? files : undefined;
};

/** Undefined: what is percent-encoded in it is not. */
const loginOf = (login: string): Pick<NatsAddress, 'user' | 'password' | 'token'> | undefined => {
  const [user = '', ...rest] = login.split(':');
  try {
    if (rest.length === 0) return { token: decodeURIComponent(user) };
    return { user: decodeURIComponent(user), password: decodeURIComponent(rest.join(':')) };
  } catch {
    return undefined;
  }
};
