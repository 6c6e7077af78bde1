import { isRecord, listAt, numberAt, textAt } from '../support/json.ts';
import { messageOf, SdkRefusal, type SdkClient, type SdkMessage } from '../support/sdkClient.ts';
import { until } from '../support/until.ts';

const PAGE = { offset: 0, count: 100 };

export type Member = Readonly<{ userID: string; role: number; nickname: string }>;
export type Joined = Readonly<{ groupID: string; name: string; status: number; owner: string }>;

export const items = (found: unknown): readonly unknown[] => listAt({ found }, 'found');

const joinedOf = async (client: SdkClient): Promise<readonly Joined[]> =>
  items(await client.call('getJoinedGroupListPage', PAGE)).map((group) => ({
    groupID: textAt(group, 'groupID'),
    name: textAt(group, 'groupName'),
    status: numberAt(group, 'status'),
    owner: textAt(group, 'ownerUserID'),
  }));

const membersOf = async (client: SdkClient, groupID: string): Promise<readonly Member[]> =>
  items(await client.call('getGroupMemberList', { groupID, filter: 0, ...PAGE })).map((member) => ({
    userID: textAt(member, 'userID'),
    role: numberAt(member, 'roleLevel'),
    nickname: textAt(member, 'nickname'),
  }));

const shown = <T>(
  what: string,
  client: SdkClient,
  look: () => Promise<T>,
  wanted: (found: T) => boolean,
): Promise<T> => {
  let last: T | undefined;
  return until(
    `${client.userID} shows ${what} as wanted`,
    async () => {
      last = await look();
      return wanted(last) ? last : undefined;
    },
    { seen: () => last },
  );
};

/** The groups that the app of this device would show. */
export const groupsWhere = (
  client: SdkClient,
  wanted: (groups: readonly Joined[]) => boolean,
): Promise<readonly Joined[]> => shown('its groups', client, () => joinedOf(client), wanted);

export const membersWhere = (
  client: SdkClient,
  groupID: string,
  wanted: (members: readonly Member[]) => boolean,
): Promise<readonly Member[]> =>
  shown('the members', client, () => membersOf(client, groupID), wanted);

export const rolesAre =
  (roles: Readonly<Record<string, number>>) =>
  (members: readonly Member[]): boolean =>
    members.length === Object.keys(roles).length &&
    members.every(({ userID, role }) => roles[userID] === role);

export const sendToGroup = async (
  client: SdkClient,
  groupID: string,
  text: string,
): Promise<SdkMessage> => {
  const message = await client.call('createTextMessage', text);
  return messageOf(await client.call('sendMessage', { recvID: '', groupID, message }));
};

/** The app of this device is handed a message of that text. */
export const hears = (client: SdkClient, text: string): Promise<SdkMessage> =>
  until(
    `${client.userID} hears "${text}"`,
    () => client.events.messages().find((message) => message.text === text),
    { seen: () => client.events.names() },
  );

export const lineIn = (client: SdkClient, contentType: number): Promise<SdkMessage> =>
  until(
    `${client.userID} has a line ${String(contentType)}`,
    () => client.events.messages().find((message) => message.contentType === contentType),
    { seen: () => client.events.messages().map((message) => message.contentType) },
  );

/** The server's code; 0 when the call was done. */
export const refusalOf = async (asked: Promise<unknown>): Promise<number> =>
  asked.then(
    () => 0,
    (error: unknown) => {
      if (error instanceof SdkRefusal) return error.errCode;
      throw error;
    },
  );

/** Says that a callback came that is about this user, or group. */
export const heardOf = async (
  client: SdkClient,
  name: string,
  key: string,
  value: string,
  after = 0,
): Promise<unknown> =>
  until(
    `${client.userID} hears ${name} of ${value}`,
    () =>
      client.events
        .after(after)
        .find((event) => event.name === name && isRecord(event.data) && event.data[key] === value)
        ?.data,
    { seen: () => client.events.after(after) },
  );
