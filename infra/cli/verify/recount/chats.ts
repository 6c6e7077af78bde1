import type { NumberedEvent } from '../../../../core/conversation/events.ts';
import type { ConversationConfigured } from '../../../../core/inbox/events.ts';
import type { SeqlineEvent } from '../../../../core/kernel/catalogue.ts';
import type { Recorded } from '../../../../core/kernel/fact.ts';
import { Chat, nothingDone } from './chat.ts';
import { GroupChats } from './groupChats.ts';

const NUMBERED = 'conversation-';

export const isNumbered = (event: Recorded<SeqlineEvent>): event is Recorded<NumberedEvent> =>
  event.stream.startsWith(NUMBERED);

export const conversationOf = ({ stream }: Readonly<{ stream: string }>): string =>
  stream.slice(NUMBERED.length);

/** All conversations, and what each user did in them, counted again event by event. */
export class Chats {
  readonly all = new Map<string, Chat>();

  readonly groups = new GroupChats((id) => this.all.get(id) ?? { maxSeq: 0, newestTime: 0 });

  chat(id: string): Chat {
    const chat = this.all.get(id) ?? new Chat(id);
    this.all.set(id, chat);
    return chat;
  }

  take(event: Recorded<SeqlineEvent>): void {
    if (isNumbered(event)) this.chat(conversationOf(event)).add(event);
    this.groups.take(event);
    switch (event.type) {
      case 'MessageRevoked': {
        const { revoked } = this.chat(event.data.conversation);
        if (!revoked.has(event.data.seq)) revoked.set(event.data.seq, event.revision);
        return;
      }
      case 'MessagesDeleted': {
        const { conversation, scope, from, seqs } = event.data;
        this.chat(conversation).hide(scope === 'all' ? '' : from, seqs);
        return;
      }
      case 'MessagesHidden':
        this.chat(event.data.conversation).hide(event.data.user, event.data.seqs);
        return;
      case 'MessagesRead':
        this.#read(event.data.from, event.data, event.position);
        return;
      case 'ReadMarked':
        this.#read(event.data.user, event.data, event.position);
        return;
      case 'ConversationCleared': {
        const { user, conversation, upTo } = event.data;
        this.#read(user, event.data, event.position);
        const side = this.chat(conversation).sideOf(user);
        side.clearedUpTo = Math.max(side.clearedUpTo, upTo);
        side.changedPos = event.position;
        return;
      }
      case 'ConversationDeleted': {
        const { position, data } = event;
        const side = this.chat(data.conversation).sideOf(data.user);
        const { readUpTo, readPos, clearedUpTo } = side;
        Object.assign(side, nothingDone(), { readUpTo, readPos, clearedUpTo });
        Object.assign(side, { changedPos: position, atSetPos: position });
        Object.assign(side, { deletedPos: position, deletedUpTo: data.upTo });
        return;
      }
      case 'ConversationConfigured':
        this.#configure(event);
        return;
      default:
        // The rest says nothing of conversations but where it stands in them, or is of others.
        return;
    }
  }

  #configure({ data, position }: Recorded<ConversationConfigured>): void {
    const { user, conversation, kind, peer, settings, notes = {} } = data;
    const side = this.chat(conversation).sideOf(user);
    Object.assign(side.settings, settings);
    const gone = 'erased' in notes;
    side.ex = gone ? '' : (notes.ex ?? side.ex);
    side.attachedInfo = gone ? '' : (notes.attachedInfo ?? side.attachedInfo);
    Object.assign(side, { kind, peer, changedPos: position });
    if (side.configuredPos === 0) side.configuredPos = position;
    if (settings.groupAtType !== undefined) side.atSetPos = position;
  }

  #read(
    user: string,
    { conversation, upTo }: Readonly<{ conversation: string; upTo: number }>,
    position: number,
  ): void {
    const side = this.chat(conversation).sideOf(user);
    if (upTo > side.readUpTo) Object.assign(side, { readUpTo: upTo, readPos: position });
  }
}
