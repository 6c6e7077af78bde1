import { setTimeout as sleep } from 'node:timers/promises';
import { appendOnce } from '../../../core/conversation/appendOnce.ts';
import { sendHandler } from '../../../core/conversation/handler.ts';
import { clearHandler, hideHandler, removeHandler } from '../../../core/conversation/hide.ts';
import { markReadHandler, type ReadMark } from '../../../core/conversation/markRead.ts';
import type { BeforeSend, Doing, Known } from '../../../core/conversation/ports.ts';
import { notifyHandler } from '../../../core/conversation/notify.ts';
import { revokeHandler } from '../../../core/conversation/revoke.ts';
import { coalesceMarks } from '../../../core/inbox/coalesce.ts';
import { configureHandler, deleteHandler, noteInInbox } from '../../../core/inbox/handler.ts';
import type { PartIn } from '../../../core/inbox/ports.ts';
import type { EventLog } from '../../../core/kernel/eventLog.ts';
import type { Meta } from '../../../core/kernel/fact.ts';
import type { Millis } from '../../../core/kernel/ids.ts';
import type { Messages } from '../../../gateways/ports.ts';
import { deriveId, randomId } from '../../ids.ts';
import type { Forwarding } from '../cluster/forwarding.ts';
import type { Writers } from './writers.ts';

type MessageDeps = Readonly<{
  writers: Pick<Writers, 'numbered' | 'inboxes'>;
  forwarding: Pick<Forwarding, 'within'>;
  log: Pick<EventLog, 'readPlaces'>;
  known: Known;
  partIn: PartIn;
  /** Undefined: nobody is asked. */
  beforeSend: BeforeSend | undefined;
  doing: Doing;
}>;

/** What is said, and what becomes of it. */
export const openMessages = ({
  writers,
  forwarding,
  log,
  known,
  partIn,
  beforeSend,
  doing,
}: MessageDeps): Messages => {
  const newId = randomId;
  const pause = (ms: Millis): Promise<void> => sleep(ms);
  const inbox = {
    writers: writers.inboxes,
    newId,
    known: known.at,
    userOf: known.user,
    partIn,
    reach: known.reach,
    doing: { followed: doing.followed, pause, now: doing.now },
  };
  const append = forwarding.within(appendOnce({ writers: writers.numbered, known }));
  const numbered = { writers: writers.numbered, append, deriveId, known, doing };
  const note = noteInInbox(inbox);
  const mark = markReadHandler({
    ...numbered,
    newId,
    noteMark: (user, conversation, upTo, meta) =>
      note(user, { type: 'ReadMarked', data: { user, conversation, upTo } }, meta),
  });
  // What a mark is for is its key; the newest call of those that share an event stands for all.
  const calls = new Map<string, Readonly<{ what: ReadMark; meta: Meta }>>();
  const coalesced = coalesceMarks({
    pause,
    write: (key, marks) => {
      const call = calls.get(key);
      calls.delete(key);
      if (call === undefined) throw new Error(`nobody asked for the read mark ${key}`);
      return mark({ ...call.what, marks }, call.meta);
    },
  });
  const hiding = { ...numbered, newId, note };
  const send = sendHandler({ ...numbered, beforeSend });
  return {
    hide: hideHandler(hiding),
    remove: removeHandler(hiding),
    clear: clearHandler(hiding),
    send,
    notify: notifyHandler({ ...numbered, send, log }),
    revoke: revokeHandler(numbered),
    markRead: ({ conversation, reader, quiet, upTo, seqs }, meta) => {
      const key = `${quiet ? 'quiet' : 'told'} ${reader} ${conversation}`;
      calls.set(key, { what: { conversation, reader, quiet }, meta });
      return coalesced(key, { upTo, seqs });
    },
    configure: configureHandler(inbox),
    deleteConversations: deleteHandler(inbox),
  };
};
