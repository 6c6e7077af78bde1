import type { UserId } from '../../../core/kernel/ids.ts';
import { WIRE_ERRORS } from '../../openim/errors.ts';
import type { SocketMeter } from '../../meters.ts';
import type { Chats, Messages } from '../../ports.ts';
import type { Connection } from '../connection.ts';
import type { Connections } from '../connections.ts';
import { failure, type Answer } from '../answer.ts';
import type { FanOut } from '../fanOut.ts';
import type { Hold } from '../hold.ts';
import type { Log } from '../../log.ts';
import type { Traces } from '../../traces.ts';

export type HandlerDeps = Readonly<{
  messages: Pick<Messages, 'send'>;
  chats: Pick<Chats, 'newestSeqs' | 'readStates' | 'pullRanges' | 'pullSeqs' | 'lastVisible'>;
  connections: Connections;
  fanOut: FanOut;
  hold: Hold;
  log: Log;
  meter: SocketMeter;
  traces: Traces;
}>;

/** The user a request speaks of, once it is known that the caller may ask for it: itself, or an admin. */
export const askedUser = (
  { caller }: Connection,
  userID: string,
): Readonly<{ user: UserId }> | Readonly<{ foreign: Answer }> =>
  caller.admin || userID === caller.user
    ? { user: userID as UserId }
    : { foreign: failure(WIRE_ERRORS.noPermission, 'userID is not the caller') };

/** Two ids of 64 characters, the prefix and the separators, and some room. */
const CONVERSATION_ID_LENGTH_MAX = 200;

/**
 * Ids go back in the answer as they came, so neither their number nor their length is anybody's choice;
 * and the tables are asked for them, which have no room for NUL.
 */
export const tooMany = (conversations: readonly string[], max: number): Answer | undefined => {
  if (conversations.length > max) {
    return failure(WIRE_ERRORS.args, `at most ${String(max)} conversations`);
  }
  return conversations.some((id) => id.length > CONVERSATION_ID_LENGTH_MAX || id.includes('\0'))
    ? failure(
        WIRE_ERRORS.args,
        `conversationID: at most ${String(CONVERSATION_ID_LENGTH_MAX)} long, and no NUL`,
      )
    : undefined;
};
