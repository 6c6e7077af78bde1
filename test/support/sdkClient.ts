import { isRecord, listAt, numberAt, parseJson, textAt } from './json.ts';
import { until } from './until.ts';

/** The platform that browsers log in as, for both SDKs. */
export const WEB = 5;
export const REVOKED = 2101;

/** What an SDK shows of a message, as far as the tests look at it. */
export type SdkMessage = Readonly<{
  clientMsgID: string;
  serverMsgID: string;
  sendID: string;
  seq: number;
  sendTime: number;
  contentType: number;
  /** 2 sent, 3 failed, 4 deleted. */
  status: number;
  isRead: boolean;
  /** Of a text message; else empty. */
  text: string;
  /** What a notification tells, as JSON; else empty. */
  detail: string;
}>;

export type SdkConversation = Readonly<{
  conversationID: string;
  /** The other user of a single chat. */
  userID: string;
  unreadCount: number;
  latest: SdkMessage | undefined;
}>;

export type SdkEvent = Readonly<{ name: string; data: unknown; errCode: number }>;

/** What became of a call, in a form that can leave the place where the SDK runs. */
export type SdkOutcome =
  | Readonly<{ done: true; data: unknown }>
  | Readonly<{ done: false; errCode: number; errMsg: string }>;

/** Runs one of the SDK's functions, by its name, where the SDK lives. */
export type SdkRun = (method: string, parameters: readonly unknown[]) => Promise<SdkOutcome>;

/** Why an SDK rejected a call. 10000 and above are its own codes, below are the server's. */
export class SdkRefusal extends Error {
  override name = 'SdkRefusal';
  readonly errCode: number;
  constructor(call: string, errCode: number, errMsg: string) {
    super(`${call}: ${String(errCode)} ${errMsg}`);
    this.errCode = errCode;
  }
}

/** Every callback of one SDK, in the order in which it came. */
export class EventLog {
  readonly #owner: string;
  readonly #events: SdkEvent[] = [];

  constructor(owner: string) {
    this.#owner = owner;
  }

  add(event: SdkEvent): void {
    this.#events.push(event);
  }

  /** How many there are: a place to look on from. */
  get mark(): number {
    return this.#events.length;
  }

  after(mark: number): readonly SdkEvent[] {
    return this.#events.slice(mark);
  }

  names(mark = 0): readonly string[] {
    return this.after(mark).map(({ name }) => name);
  }

  count(name: string, mark = 0): number {
    return this.names(mark).filter((each) => each === name).length;
  }

  /** The first event of that name after the mark, as soon as there is one. */
  heard(name: string, { after = 0, within }: { after?: number; within?: number } = {}) {
    return until(
      `${this.#owner} hears ${name}`,
      () => this.after(after).find((event) => event.name === name),
      { ...(within === undefined ? {} : { within }), seen: () => this.names(after) },
    );
  }

  /** Messages handed to the app by new-message callbacks, in order, each as often as it came. */
  messages(mark = 0): readonly SdkMessage[] {
    return this.after(mark)
      .filter(({ name }) => name === 'OnRecvNewMessages' || name === 'OnRecvNewMessage')
      .flatMap(({ data }) => (Array.isArray(data) ? data.map(messageOf) : [messageOf(data)]));
  }
}

export type SdkLogin = Readonly<{
  userID: string;
  token: string;
  apiAddr: string;
  wsAddr: string;
}>;

/** One SDK on one device. Both official SDKs are driven through this. */
export interface SdkClient {
  readonly userID: string;
  readonly events: EventLog;
  /** Resolves when the SDK says that it has begun; connecting is told by callbacks. */
  login(): Promise<void>;
  sendText(to: string, text: string): Promise<SdkMessage>;
  /** The newest messages of a conversation, oldest first, fetched as a user who opens it does. */
  history(conversationID: string, count: number): Promise<readonly SdkMessage[]>;
  conversations(): Promise<readonly SdkConversation[]>;
  totalUnread(): Promise<number>;
  markRead(conversationID: string): Promise<void>;
  revoke(conversationID: string, clientMsgID: string): Promise<void>;
  /** Asks the server for somebody's profile: an HTTP call, made at once. */
  lookUp(userID: string): Promise<void>;
  /** Any other of the SDK's functions, by its name. */
  call(method: string, ...parameters: readonly unknown[]): Promise<unknown>;
  /** Faults inside the SDK that reached nobody: a Go panic, an error of the page. */
  faults(): readonly string[];
  /** Ends the device without a word to the server. */
  close(): Promise<void>;
}

export const messageOf = (value: unknown): SdkMessage => {
  const elem = isRecord(value) ? value['textElem'] : undefined;
  const notice = isRecord(value) ? value['notificationElem'] : undefined;
  return {
    clientMsgID: textAt(value, 'clientMsgID'),
    serverMsgID: textAt(value, 'serverMsgID'),
    sendID: textAt(value, 'sendID'),
    seq: numberAt(value, 'seq'),
    sendTime: numberAt(value, 'sendTime'),
    contentType: numberAt(value, 'contentType'),
    status: numberAt(value, 'status'),
    isRead: isRecord(value) && value['isRead'] === true,
    text: isRecord(elem) ? textAt(elem, 'content') : '',
    detail: isRecord(notice) ? textAt(notice, 'detail') : '',
  };
};

export const conversationOf = (value: unknown): SdkConversation => {
  const latest = textAt(value, 'latestMsg');
  return {
    conversationID: textAt(value, 'conversationID'),
    userID: textAt(value, 'userID'),
    unreadCount: numberAt(value, 'unreadCount'),
    latest: latest === '' ? undefined : messageOf(parseJson(latest)),
  };
};

/** The conversation of that id, once the SDK lists it as wanted. */
export const conversationWhere = (
  client: SdkClient,
  conversationID: string,
  wanted: (conversation: SdkConversation) => boolean,
): Promise<SdkConversation> => {
  let last: SdkConversation | undefined;
  return until(
    `${client.userID} shows ${conversationID} as wanted`,
    async () => {
      const all = await client.conversations();
      last = all.find((each) => each.conversationID === conversationID);
      return last !== undefined && wanted(last) ? last : undefined;
    },
    { seen: () => last ?? 'no such conversation' },
  );
};

/** The id that clients work out for the chat of two users. */
export const singleChat = (one: string, other: string): string =>
  `si_${[one, other].sort().join('_')}`;

const CONVERSATIONS_MAX = 100;

/** The two SDKs have the same functions by the same names: what differs is where they run. */
export const clientOver = (
  place: Readonly<{ run: SdkRun; close: () => Promise<void>; logLevel: number }>,
  login: SdkLogin,
  events: EventLog,
  faults: readonly string[],
): SdkClient => {
  const call = async (method: string, ...parameters: readonly unknown[]): Promise<unknown> => {
    const outcome = await place.run(method, parameters);
    if (!outcome.done) throw new SdkRefusal(method, outcome.errCode, outcome.errMsg);
    return outcome.data;
  };
  return {
    userID: login.userID,
    events,
    login: async () => {
      await call('login', { ...login, platformID: WEB, logLevel: place.logLevel });
    },
    sendText: async (recvID, text) => {
      const message = await call('createTextMessage', text);
      return messageOf(await call('sendMessage', { recvID, groupID: '', message }));
    },
    history: async (conversationID, count) => {
      const asked = { conversationID, count, startClientMsgID: '', viewType: 0 };
      const found = await call('getAdvancedHistoryMessageList', asked);
      return listAt(found, 'messageList').map(messageOf);
    },
    conversations: async () => {
      const page = { offset: 0, count: CONVERSATIONS_MAX };
      return listAt({ all: await call('getConversationListSplit', page) }, 'all').map(
        conversationOf,
      );
    },
    totalUnread: async () => Number(await call('getTotalUnreadMsgCount')),
    markRead: async (conversationID) => {
      await call('markConversationMessageAsRead', conversationID);
    },
    revoke: async (conversationID, clientMsgID) => {
      await call('revokeMessage', { conversationID, clientMsgID });
    },
    lookUp: async (userID) => {
      await call('getUsersInfo', [userID]);
    },
    call,
    faults: () => faults,
    close: place.close,
  };
};
