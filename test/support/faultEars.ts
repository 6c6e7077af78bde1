import { dial, type Login, type RawSocket } from './rawSocket.ts';
import { PbCoder, textOf } from './rawWire.ts';

/** A connection that stays open and keeps count of everything it is pushed. */
export type Ear = Readonly<{
  login: Login;
  socket: RawSocket;
  /** How often each message and each notice was heard. */
  heard: ReadonlyMap<string, number>;
  faults: readonly string[];
}>;

export const listen = async (login: Login): Promise<Ear> => {
  const heard = new Map<string, number>();
  const faults: string[] = [];
  const socket = await dial(login, {
    fault: (what) => faults.push(what),
    frame: ({ reqIdentifier, data }) => {
      if (reqIdentifier !== 2001) {
        faults.push(`a frame ${String(reqIdentifier)}`);
        return;
      }
      const { msgs, notificationMsgs } = PbCoder.PushMessages.decode(data);
      for (const [id, { Msgs }] of Object.entries({ ...msgs, ...notificationMsgs }))
        for (const message of Msgs) {
          // What has no number is known by its id.
          const name = message.seq > 0 ? String(message.seq) : message.clientMsgID;
          const key = `${id} ${name} ${String(message.contentType)} ${textOf(message)}`;
          heard.set(key, (heard.get(key) ?? 0) + 1);
        }
    },
  });
  return { login, socket, heard, faults };
};

export const heardTwice = (ears: readonly Ear[]): readonly string[] =>
  ears.flatMap(({ login, heard }) =>
    [...heard].flatMap(([key, times]) => (times > 1 ? [`${login.userID}: ${key}`] : [])),
  );
