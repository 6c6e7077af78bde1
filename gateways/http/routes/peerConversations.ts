import { Type } from '@sinclair/typebox';
import { newestOf } from '../../../core/kernel/call.ts';
import type { ConversationId, Position, UserId } from '../../../core/kernel/ids.ts';
import { body, NOTE_LENGTH_MAX, userId } from '../fields.ts';
import { refuse, type Answer } from '../reply.ts';
import { route, type Route } from '../route.ts';
import type { RouteDeps } from '../routes.ts';

/** Each has an inbox of its own that is written to. */
const PEERS_MAX = 10_000;
const AT_ONCE = 100;

type Peer = Readonly<{ peer: UserId; conversation: ConversationId }>;

/** What an app says of a user, in the rows that others have of their chats with it. */
export const peerConversationsRoute = ({ chats, messages }: RouteDeps): Route => {
  /** A chat in which something was said is in the lists of both. */
  const peersOf = async (user: UserId): Promise<readonly Peer[]> => {
    const views = await chats.conversations(user);
    const { states } = await chats.readStates(user, []);
    const spoken = new Set(
      states.filter(({ maxSeq }) => maxSeq > 0).map(({ conversation }) => conversation),
    );
    return views.flatMap(({ conversation, kind, peer }) =>
      kind === 1 && 'user' in peer && peer.user !== user && spoken.has(conversation)
        ? [{ peer: peer.user, conversation }]
        : [],
    );
  };

  return route({
    path: '/conversation/update_conversations_by_user',
    summary: 'Sets `ex` in the rows that others have of their chats with a user.',
    access: { kind: 'admin' },
    body: body({
      userID: userId,
      ex: Type.Optional(Type.String({ maxLength: NOTE_LENGTH_MAX })),
    }),
    run: async ({ body: { userID, ex }, meta }): Promise<Answer<never>> => {
      if (ex === undefined) return { kind: 'done' };
      const peers = await peersOf(userID);
      if (peers.length > PEERS_MAX) {
        return refuse(
          'args/invalid',
          `userID: has chats with more than ${String(PEERS_MAX)} users`,
        );
      }
      let newest: Position | undefined;
      for (let from = 0; from < peers.length; from += AT_ONCE) {
        const results = await Promise.all(
          peers.slice(from, from + AT_ONCE).map(({ peer, conversation }) =>
            messages.configure(
              {
                ...{ user: peer, conversation, kind: 1, peer: { user: userID } },
                ...{ settings: {}, notes: { ex } },
              },
              meta,
            ),
          ),
        );
        const refused = results.find((result) => result.kind === 'refused');
        if (refused?.kind === 'refused') return refused;
        newest = newestOf(results) ?? newest;
      }
      return { kind: 'done', ...(newest === undefined ? {} : { position: newest }) };
    },
  });
};
