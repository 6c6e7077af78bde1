import { RawClient } from '../support/rawClient.ts';
import type { Held } from '../support/rawStore.ts';
import type { Form } from '../support/rawWire.ts';
import type { Seqline } from '../support/seqline.ts';
import { until, untilTrue } from '../support/until.ts';
import { registered } from './kits.ts';

/** An ordinary phone. */
export const IOS = 1;
/** A reconnect may come too soon to sync; the server then cuts the connection once more. */
const CONVERGED_WITHIN = 60_000;

/** A registered user with a raw client that is connected and synced. */
export const rawUser = async (server: Seqline, name: string, form: Form): Promise<RawClient> => {
  const userID = await registered(server, name);
  const token = await server.tokenOf(userID, IOS);
  const client = new RawClient({ wsAddr: server.wsAddr, userID, token, platformID: IOS, form });
  client.start();
  await untilTrue(`${userID} is connected`, () => client.connected);
  return client;
};

/** What a client holds, by conversation; only what is stored in chats. */
export type Views = ReadonlyMap<string, readonly Held[]>;

export const viewsOf = (client: RawClient): Views =>
  new Map(
    client.store.conversations
      .filter((conversationID) => conversationID.startsWith('si_'))
      .map((conversationID) => [conversationID, client.store.view(conversationID)]),
  );

/**
 * Once a client knows of as many messages as there are in a chat, without having been told to look: its
 * history is then opened and everything must be there.
 */
export const converged = async (
  client: RawClient,
  chats: ReadonlyMap<string, number>,
): Promise<Views> => {
  await until(
    `${client.userID} has heard of everything by itself`,
    () => {
      const behind = [...chats].find(([id, count]) => client.store.synced(id) !== count);
      return behind === undefined ? true : undefined;
    },
    {
      within: CONVERGED_WITHIN,
      seen: () => ({
        connects: client.connects,
        unsynced: client.unsynced,
        triedAgain: client.triedAgain,
        faults: client.store.faults,
        behind: [...chats]
          .map(([id, count]) => [id, client.store.synced(id) ?? 0, count])
          .filter(([, synced, count]) => synced !== count),
      }),
    },
  );
  for (const conversationID of chats.keys()) await client.openHistory(conversationID);
  return viewsOf(client);
};
