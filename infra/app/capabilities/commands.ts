import { clientConfigsHandler } from '../../../core/clientConfig/handler.ts';
import type { BeforeSend, Doing } from '../../../core/conversation/ports.ts';
import { favouritesHandler } from '../../../core/favourite/handler.ts';
import type { EventId, Millis } from '../../../core/kernel/ids.ts';
import { loginsHandler } from '../../../core/login/handler.ts';
import type { Tokens } from '../../../core/login/ports.ts';
import { usersHandler } from '../../../core/user/handler.ts';
import type { Logins, Users } from '../../../gateways/ports.ts';
import type { Config } from '../../config/config.ts';
import { deriveId, randomId } from '../../ids.ts';
import type { Forwarding } from '../cluster/forwarding.ts';
import { openKnown } from './chats.ts';
import type { Freshness } from './freshness.ts';
import { openFriends } from './friends.ts';
import { openGroups, openStandings } from './groups.ts';
import type { Reading } from './lists.ts';
import { openMessages } from './messages.ts';
import type { Writers } from './writers.ts';

type LoginConfig = Pick<Config, 'admins' | 'multiLogin' | 'tokenLifetime'>;

type CommandDeps = Readonly<{
  config: LoginConfig & Pick<Config, 'friendVerify' | 'groupHistory'>;
  writers: Writers;
  forwarding: Pick<Forwarding, 'within'>;
  tokens: Tokens;
  /** What stands in conversations, for whoever decides. */
  reading: Reading;
  fresh: Freshness;
  doing: Doing;
  /** Undefined: nobody is asked about messages. */
  beforeSend: BeforeSend | undefined;
}>;

/** All that may be asked for, and what each capability is told of the others to decide it. */
export const openCommands = (deps: CommandDeps) => {
  const { config, writers, forwarding, tokens, reading, fresh, doing, beforeSend } = deps;
  const common = { config, writers, newId: randomId, now: doing.now };
  const users = openUsers(common);
  const logins = openLogins({ ...common, tokens, users });
  const { friends, blocks, reach } = openFriends({ ...common, users, fresh });
  const groups = openGroups({ ...common, users });
  const { standing, partIn } = openStandings(groups, fresh);
  const known = openKnown(reading, users, reach, standing);
  const { log } = reading;
  const messages = openMessages({ writers, forwarding, log, known, partIn, beforeSend, doing });
  const ofUsers = { userOf: users.state, newId: randomId, now: doing.now };
  const favourites = favouritesHandler({ ...ofUsers, writers: writers.favourites });
  const clientConfigs = clientConfigsHandler({ ...ofUsers, writers: writers.clientConfigs });
  return { users, logins, friends, blocks, groups, messages, favourites, clientConfigs };
};

export type Commands = ReturnType<typeof openCommands>;

type Common = Pick<CommandDeps, 'config' | 'writers'> &
  Readonly<{ newId: () => EventId; now: () => Millis }>;

const openUsers = ({ writers, newId, now }: Common) =>
  usersHandler({ writers: writers.users, deriveId, newId, now }) satisfies Users;

const openLogins = ({
  config: { admins, multiLogin, tokenLifetime },
  writers,
  tokens,
  users,
  newId,
  now,
}: Common & Readonly<{ tokens: Tokens; users: ReturnType<typeof openUsers> }>): Logins => {
  const all = new Set(admins);
  return loginsHandler({
    writers: writers.logins,
    tokens,
    isAdmin: (user) => all.has(user),
    userOf: users.state,
    newId,
    now,
    policy: multiLogin,
    lifetime: tokenLifetime,
  });
};
