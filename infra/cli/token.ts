import { randomUUID } from 'node:crypto';
import type { Config } from '../config/config.ts';
import { complain, out, type Command } from './command.ts';

type Answer = Readonly<{
  errCode: number;
  errMsg: string;
  errDlt: string;
  data?: Readonly<{ token?: string }>;
}>;

const WEB = '5';

/** An IPv6 address stands in brackets in a URL; and one that listens everywhere is reached at home. */
export const addressOf = ({ host, httpPort }: Pick<Config, 'host' | 'httpPort'>): string => {
  const reached = host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host;
  return `http://${reached.includes(':') ? `[${reached}]` : reached}:${String(httpPort)}`;
};

const post = async (url: string, body: object, token?: string): Promise<Answer> => {
  const response = await fetch(url, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      operationID: randomUUID(),
      ...(token === undefined ? {} : { token }),
    },
    body: JSON.stringify(body),
  });
  // The server's own envelope; anything else has no errCode and is told as it is.
  return (await response.json()) as Answer;
};

/** What the app server does for each login, for whoever wants to try something by hand. */
export const token: Command = async (config, { rest, platform = WEB }) => {
  const [user, ...more] = rest;
  if (user === undefined || more.length > 0) return complain('token: name one user');
  const server = addressOf(config);
  try {
    const admin = await post(`${server}/auth/get_admin_token`, {
      secret: config.secret,
      userID: config.admins[0],
    });
    if (admin.data?.token === undefined) return complain(`${admin.errMsg}: ${admin.errDlt}`);
    const answer = await post(
      `${server}/auth/get_user_token`,
      { userID: user, platformID: Number(platform) },
      admin.data.token,
    );
    if (answer.data?.token === undefined) return complain(`${answer.errMsg}: ${answer.errDlt}`);
    out(answer.data.token);
    return 0;
  } catch (error) {
    return complain(
      `no server answers at ${server}; start one with: seqline serve (${String(error)})`,
    );
  }
};
