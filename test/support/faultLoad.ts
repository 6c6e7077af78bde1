import { setTimeout } from 'node:timers/promises';
import type { RawClient } from './rawClient.ts';
import { singleChat } from './sdkClient.ts';
import type { Chance } from './seeded.ts';

/** What is known of one chat from the outside: what was asked for, and what of it was promised. */
type Count = { issued: number; acknowledged: number };

/** What clients have sent and been promised so far: the truth that answers are held against. */
export class Truth {
  readonly #chats = new Map<string, Count>();
  readonly #sentBy = new Map<string, number>();
  readonly #issued = new Set<string>();

  #of(chat: string): Count {
    const known = this.#chats.get(chat);
    if (known !== undefined) return known;
    const made = { issued: 0, acknowledged: 0 };
    this.#chats.set(chat, made);
    return made;
  }

  issue(chat: string, clientMsgID: string): void {
    this.#of(chat).issued += 1;
    this.#issued.add(`${chat} ${clientMsgID}`);
  }

  acknowledge(chat: string, from: string): void {
    this.#of(chat).acknowledged += 1;
    const key = `${chat} ${from}`;
    this.#sentBy.set(key, this.acknowledgedBy(chat, from) + 1);
  }

  issued(chat: string): number {
    return this.#chats.get(chat)?.issued ?? 0;
  }

  acknowledged(chat: string): number {
    return this.#chats.get(chat)?.acknowledged ?? 0;
  }

  acknowledgedBy(chat: string, from: string): number {
    return this.#sentBy.get(`${chat} ${from}`) ?? 0;
  }

  isIssued(chat: string, clientMsgID: string): boolean {
    return this.#issued.has(`${chat} ${clientMsgID}`);
  }

  get total(): number {
    return [...this.#chats.values()].reduce((sum, { acknowledged }) => sum + acknowledged, 0);
  }

  /** Chats with a message asked for, of all users or of one. */
  chatsOf(userID?: string): readonly string[] {
    const all = [...this.#chats.keys()];
    return userID === undefined ? all : all.filter((chat) => chat.split('_').includes(userID));
  }

  /** How many messages each chat has once nothing is under way any more. */
  countsOf(userID?: string): ReadonlyMap<string, number> {
    return new Map(this.chatsOf(userID).map((chat) => [chat, this.issued(chat)]));
  }
}

export type Load = Readonly<{ stop: () => Promise<void> }>;

/** Between the acknowledgement of a message and the next one of the same client: a steady rate. */
const PACE_MS = 100;
/** Each writes to its neighbours on either side, so that every chat is written from both sides. */
const NEIGHBOURS = [-2, -1, 1, 2] as const;

/** Whoever cannot send (its Postgres-less server, a cut) has the message in its queue and goes on later. */
export const steadyLoad = (
  clients: readonly RawClient[],
  truth: Truth,
  chance: Chance,
  name: string,
): Load => {
  let stopping = false;
  const live = async (client: RawClient, at: number): Promise<void> => {
    for (let number = 1; !stopping; number += 1) {
      const peer = clients[(at + chance.pick(NEIGHBOURS) + clients.length) % clients.length];
      if (peer === undefined) throw new Error('there is nobody to write to');
      const chat = singleChat(client.userID, peer.userID);
      const clientMsgID = `${name}-${client.userID}-${String(number)}`;
      truth.issue(chat, clientMsgID);
      await client.send(peer.userID, clientMsgID, `${String(number)} of ${name}`);
      truth.acknowledge(chat, client.userID);
      await setTimeout(PACE_MS);
    }
  };
  const living = Promise.all(clients.map(live));
  // A failure is for whoever stops the load; until then nobody waits for it.
  living.catch(() => undefined);
  return {
    stop: async () => {
      stopping = true;
      await living;
    },
  };
};
