import { callAsAdmin } from './calls.ts';
import { complain, out, type Command } from './command.ts';

const WEB = '5';

/** What the app server does for each login, for whoever wants to try something by hand. */
export const token: Command = async (config, { rest, platform = WEB }) => {
  const [user, ...more] = rest;
  if (user === undefined || more.length > 0) return complain('token: name one user');
  try {
    const { data } = await callAsAdmin<{ token: string }>(config, '/auth/get_user_token', {
      userID: user,
      platformID: Number(platform),
    });
    out(data?.token ?? '');
    return 0;
  } catch (error) {
    return complain(error instanceof Error ? error.message : String(error));
  }
};
