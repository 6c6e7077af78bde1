import {
  KindGuard,
  Type,
  type Static,
  type TInteger,
  type TObject,
  type TProperties,
  type TString,
} from '@sinclair/typebox';
import { GROUP_ID_PATTERN } from '../../core/group/ids.ts';
import type { ConversationId, GroupId, UserId } from '../../core/kernel/ids.ts';
import { USER_ID_PATTERN } from '../openim/user.ts';

/**
 * The words request and answer schemas are made of. A field with a `default` may be left out and then
 * has that value; one wrapped in `Type.Optional` stays absent; any other is required.
 */

const INT32_MAX = 2 ** 31 - 1;

/** Elements of a list of ids in one call. A user seldom has more conversations than this. */
export const IDS_MAX = 10_000;
/** Users registered, or conversation owners changed, in one call: each is a stream of its own. */
export const USERS_MAX = 1_000;
/** A longest conversation id: `si_`, two user ids and what joins them. */
const CONVERSATION_ID_LENGTH_MAX = 132;
/** The trace id goes into the metadata of every event. */
export const OPERATION_ID_LENGTH_MAX = 256;
/** Titles and texts of a notification; also names and links. */
const LINE_LENGTH_MAX = 2_048;
/** Free text of the app. */
export const NOTE_LENGTH_MAX = 16_384;
/** A message has 20 KiB at most, whatever it is written in. */
const PAYLOAD_LENGTH_MAX = 20_000;

/** An object of a request. In the published schema, fields with a default are not required. */
export const body = <P extends TProperties>(properties: P): TObject<P> => {
  const required = Object.entries(properties)
    .filter(([, schema]) => !('default' in schema) && !KindGuard.IsOptional(schema))
    .map(([key]) => key);
  return Object.assign(Type.Object(properties), { required });
};

export const userId = Type.Unsafe<UserId>(
  Type.String({ pattern: USER_ID_PATTERN, description: '1 to 64 letters, digits or _' }),
);
export const userIds = (maxItems: number) => Type.Array(userId, { minItems: 1, maxItems });

/** Ids to look up: those that cannot be are simply not found, so a search field may be passed on. */
export const idsToFind = Type.Array(Type.String(), { maxItems: IDS_MAX });

export const conversationId = Type.Unsafe<ConversationId>(
  Type.String({ minLength: 1, maxLength: CONVERSATION_ID_LENGTH_MAX }),
);
export const groupId = Type.Unsafe<GroupId>(
  Type.String({ pattern: GROUP_ID_PATTERN, description: '1 to 64 letters, digits or -' }),
);

/** Empty, as absent: none is named. */
export const userIdOrNone = Type.Unsafe<UserId | ''>(
  Type.String({
    pattern: `${USER_ID_PATTERN}|^$`,
    default: '',
    description: '1 to 64 letters, digits or _, or empty',
  }),
);
export const groupIdOrNone = Type.Unsafe<GroupId | ''>(
  Type.String({
    pattern: `${GROUP_ID_PATTERN}|^$`,
    default: '',
    description: '1 to 64 letters, digits or -, or empty',
  }),
);

/** Required and not empty. */
export const text = (maxLength = LINE_LENGTH_MAX): TString =>
  Type.String({ minLength: 1, maxLength });
/** Empty unless given. */
export const line = (): TString => Type.String({ default: '', maxLength: LINE_LENGTH_MAX });
export const note = (): TString => Type.String({ default: '', maxLength: NOTE_LENGTH_MAX });

/** What an app tells its own clients; it has to fit into a message. */
export const payload = (): TString => Type.String({ default: '', maxLength: PAYLOAD_LENGTH_MAX });

export const flag = () => Type.Boolean({ default: false });

export const int32 = (minimum = -INT32_MAX - 1, maximum = INT32_MAX): TInteger =>
  Type.Integer({ minimum, maximum });
export const int32OrZero = (minimum = -INT32_MAX - 1, maximum = INT32_MAX): TInteger =>
  Type.Integer({ minimum, maximum, default: 0 });

/** Sequence numbers and times; exact, as all of them stay below 2^53. */
export const int64 = (minimum = Number.MIN_SAFE_INTEGER): TInteger =>
  Type.Integer({ minimum, maximum: Number.MAX_SAFE_INTEGER });
export const int64OrZero = (minimum = Number.MIN_SAFE_INTEGER): TInteger =>
  Type.Integer({ minimum, maximum: Number.MAX_SAFE_INTEGER, default: 0 });

/** All 64 bits count. */
export const exactHash = Type.Unsafe<bigint>({ type: 'integer', format: 'uint64', default: 0 });

/** What a client last had of a list. A version beyond 2^53 is of no list of ours, and need not be exact. */
export const since = {
  versionID: Type.String({ default: '', maxLength: 64 }),
  version: Type.Integer({ minimum: 0, default: 0 }),
};

/** REST reference 1.8: from 1; a page that nothing is shown of is empty, and none is cut short. */
export const pagination = body({
  pageNumber: int32(1),
  showNumber: int32OrZero(),
});
type Pagination = Static<typeof pagination>;

export const pageOf = <T>(list: readonly T[], { pageNumber, showNumber }: Pagination): T[] => {
  if (showNumber <= 0) return [];
  const from = (pageNumber - 1) * showNumber;
  return list.slice(from, from + showNumber);
};
