import type { StoredEvent, StreamPrefixes } from '../../core/kernel/eventStore.ts';
import type { Meta } from '../../core/kernel/fact.ts';

/** Which events are wanted: all that are given must fit, and of each one of those named. Empty: any. */
export type Selection = Readonly<{
  streams: readonly string[];
  /** What stands before the first hyphen of a stream's name: `user`, `conversation`, … */
  categories: readonly string[];
  types: readonly string[];
  actors: readonly string[];
  /** Events of these conversations, and events of other streams that name them. */
  conversations: readonly string[];
}>;

export const EVERYTHING: Selection = {
  ...{ streams: [], categories: [], types: [], actors: [], conversations: [] },
};

/** A conversation's own streams. */
const STREAMS_OF_CONVERSATION = ['conversation-', 'annotations-'] as const;

/** What is known of an event before it is parsed and opened, which costs most. */
export type Chosen = Readonly<{
  /** Undefined: streams of any name. */
  prefixes: StreamPrefixes | undefined;
  /** False: the event is surely not wanted. */
  maybe: (event: Pick<StoredEvent, 'stream' | 'type' | 'data'>) => boolean;
  /** Of one that may be wanted, whether it is. */
  surely: (event: Readonly<{ stream: string; meta: Meta; data: object }>) => boolean;
}>;

export const choosing = (selection: Selection): Chosen => {
  const { streams, categories, types, actors, conversations } = selection;
  const [named, kinds, people] = [new Set(streams), new Set(types), new Set(actors)];
  const families = categories.map((category) => `${category}-`);
  const chats = new Set(conversations);
  const theirs = new Set(
    conversations.flatMap((id) => STREAMS_OF_CONVERSATION.map((prefix) => `${prefix}${id}`)),
  );
  const mentions = conversations.map((id) => JSON.stringify(id));
  return {
    prefixes: named.size > 0 ? streams : families.length > 0 ? families : undefined,
    maybe: ({ stream, type, data }) =>
      (named.size === 0 || named.has(stream)) &&
      (families.length === 0 || families.some((family) => stream.startsWith(family))) &&
      (kinds.size === 0 || kinds.has(type)) &&
      (chats.size === 0 ||
        theirs.has(stream) ||
        mentions.some((text) => bytesOf(data).includes(text))),
    surely: ({ stream, data, meta }) =>
      (people.size === 0 || people.has(meta.actor)) &&
      (chats.size === 0 || theirs.has(stream) || chats.has(conversationIn(data))),
  };
};

const bytesOf = (data: Uint8Array): Buffer =>
  Buffer.from(data.buffer, data.byteOffset, data.byteLength);

const conversationIn = (data: object): string =>
  'conversation' in data && typeof data.conversation === 'string' ? data.conversation : '';
