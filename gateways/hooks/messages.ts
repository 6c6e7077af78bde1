import { createHash } from 'node:crypto';
import type { SendMessage } from '../../core/conversation/handler.ts';
import type { Allowed, BeforeSend } from '../../core/conversation/ports.ts';
import { isErased, type Meta } from '../../core/kernel/fact.ts';
import type { EventId, Millis } from '../../core/kernel/ids.ts';
import type { Fields } from '../openim/callbackAnswer.ts';
import { concerns, messageFields, modifiedBy } from '../openim/callbackMessages.ts';
import { MESSAGE_STATUS } from '../openim/numbers.ts';
import { renderPassing } from '../openim/render.ts';
import type { Question, QuestionOf } from './ask.ts';

type Call = Readonly<{ id: EventId; at: Millis; meta: Meta }>;
type Message = SendMessage['message'];

/** The message as OpenIM's callbacks show it: being sent, and without a number. */
const askedAbout = (send: SendMessage, { id, at, meta }: Call, message: Message) => {
  const { conversation, sendTime = at } = send;
  const data = { ...message, sendTime };
  const shown = renderPassing({ conversation, id, meta, data });
  return { ...shown, status: MESSAGE_STATUS.sending };
};

/** So that it can be said later whether a text is the one that was changed; sealed with the text. */
const hashOf = ({ body }: Message): string =>
  createHash('sha256')
    .update(isErased(body) ? '' : body.content)
    .digest('hex');

const withHash = (message: Message, original: Message): Message =>
  isErased(message.body)
    ? message
    : { ...message, body: { ...message.body, originalHash: hashOf(original) } };

/** The callbacks that are asked about messages; undefined if none of them is configured. */
export const askAboutMessages = (questionOf: QuestionOf): BeforeSend | undefined => {
  const single = questionOf('beforeSendSingleMsg');
  const group = questionOf('beforeSendGroupMsg');
  const modify = questionOf('beforeMsgModify');
  if ((single ?? group ?? modify) === undefined) return undefined;

  return (send, call) => {
    const { message, stored, privileged } = send;
    const shown = askedAbout(send, call, message);
    const about = (question: Question | undefined) =>
      question !== undefined && concerns(question.settings.filter, shown) ? question : undefined;
    const isOfAdmin = !('group' in message) && privileged;
    const first = isOfAdmin ? undefined : about('group' in message ? group : single);
    const second = about(modify);
    if ((first ?? second) === undefined) return undefined;
    const fields = messageFields(shown);
    return async () => {
      const may = await first?.ask(fields, call.meta, call.id);
      if (may?.kind === 'refused') return may;
      const allowed: Allowed = { kind: 'allowed', message, stored };
      return second === undefined ? allowed : changes(second, fields, call, allowed);
    };
  };
};

const changes = async (
  question: Question,
  fields: Fields,
  { id, meta }: Call,
  allowed: Allowed,
): ReturnType<NonNullable<ReturnType<BeforeSend>>> => {
  const answer = await question.ask(fields, meta, id);
  if (answer.kind === 'refused') return answer;
  const modified = modifiedBy(allowed.message, fields, answer.fields);
  switch (modified.kind) {
    case 'same':
      return allowed;
    case 'changed': {
      const message = withHash(modified.message, allowed.message);
      return { kind: 'allowed', message, stored: modified.stored, changedBy: answer.by };
    }
    case 'wrong': {
      const unusable = question.unusable(modified.why, meta, id);
      if (unusable.kind === 'go-on') return allowed;
      // OpenIM has a number of its own for it.
      return modified.of === 'content'
        ? { kind: 'refused', reason: 'args/invalid', detail: modified.why }
        : unusable;
    }
  }
};
