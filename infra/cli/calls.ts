import { randomUUID } from 'node:crypto';
import type { Config } from '../config/config.ts';

/** The server's own envelope. */
type Answer<Data> = Readonly<{
  errCode: number;
  errMsg: string;
  errDlt: string;
  data?: Data;
}>;

/** The server answered, and it was a no: in its words, or, where it says nothing, by the name that programs go by. */
class Denied extends Error {
  override name = 'Denied';

  constructor({ errMsg, errDlt }: Pick<Answer<unknown>, 'errMsg' | 'errDlt'>) {
    super(errDlt === '' ? errMsg : errDlt);
  }
}

/** An IPv6 address stands in brackets in a URL; and one that listens everywhere is reached at home. */
export const addressOf = ({ host, httpPort }: Pick<Config, 'host' | 'httpPort'>): string => {
  const reached = host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host;
  return `http://${reached.includes(':') ? `[${reached}]` : reached}:${String(httpPort)}`;
};

/** As much of the configuration as finds the server and lets in. */
export type Server = Pick<Config, 'host' | 'httpPort' | 'secret' | 'admins'>;

const post = async <Data>(url: string, sent: object, token?: string): Promise<Answer<Data>> => {
  const response = await fetch(url, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      operationID: randomUUID(),
      ...(token === undefined ? {} : { token }),
    },
    body: JSON.stringify(sent),
  });
  // The server's own envelope; anything else has no errCode and is told as it is.
  return (await response.json()) as Answer<Data>;
};

/** Of `fetch`, which says no more by itself than that it has failed. */
const causeOf = (error: unknown): string =>
  error instanceof Error && error.cause instanceof Error ? error.cause.message : String(error);

/**
 * A call of the running server as its first app admin, whose token the secret gets. Throws `Denied` where
 * the server says no, and an Error that says what to do where no server answers.
 */
export const callAsAdmin = async <Data>(
  config: Server,
  path: string,
  sent: object,
): Promise<Answer<Data>> => {
  const server = addressOf(config);
  const asked = async <T>(...args: Parameters<typeof post>): Promise<Answer<T>> => {
    try {
      return await post<T>(...args);
    } catch (error) {
      throw new Error(
        `no server answers at ${server}; start one with: seqline serve (${causeOf(error)})`,
        { cause: error },
      );
    }
  };
  const [userID] = config.admins;
  const admin = await asked<{ token: string }>(`${server}/auth/get_admin_token`, {
    secret: config.secret,
    userID,
  });
  if (admin.data === undefined) throw new Denied(admin);
  const answer = await asked<Data>(`${server}${path}`, sent, admin.data.token);
  if (answer.errCode !== 0) throw new Denied(answer);
  return answer;
};
