import type { MessageOptions } from '../../core/conversation/events.ts';
import type { MsgData, OfflinePushInfo } from './msgData.ts';
import type { PullMsgs } from './requests.ts';

/**
 * Messages in HTTP answers (REST reference 1.4 and 5): every key is there but an empty map, lists are
 * `[]`, absent objects null.
 */
export type MsgDataJson = Omit<MsgData, 'options' | 'offlinePushInfo'> & {
  /** Absent when empty. */
  options?: MessageOptions;
  offlinePushInfo: OfflinePushInfo | null;
};

export type PullMsgsJson = { Msgs: MsgDataJson[]; isEnd: boolean; endSeq: number };

/** `content` is bytes to Go, and so base64 in JSON. */
export const msgDataJson = ({ options, offlinePushInfo, ...message }: MsgData): MsgDataJson => ({
  ...message,
  content: Buffer.from(message.content).toString('base64'),
  ...(Object.keys(options).length > 0 && { options }),
  offlinePushInfo: offlinePushInfo ?? null,
});

export const pullMsgsJson = ({ Msgs, isEnd, endSeq }: PullMsgs): PullMsgsJson => ({
  Msgs: Msgs.map(msgDataJson),
  isEnd,
  endSeq,
});

/** Pulls by conversation, where a map without an entry is left out by the caller. */
export const pullsJson = (
  pulls: ReadonlyMap<string, PullMsgs>,
): Readonly<Record<string, PullMsgsJson>> =>
  Object.fromEntries([...pulls].map(([conversation, pull]) => [conversation, pullMsgsJson(pull)]));
