import type { UserId } from '../../core/kernel/ids.ts';
import { isPlatform } from '../../core/login/policy.ts';
import { TRACE_LENGTH_MAX, type WireForm } from '../openim/envelope.ts';
import { WIRE_ERRORS, type WireError } from '../openim/errors.ts';
import { REFUSALS } from '../openim/refusals.ts';
import type { Caller, Logins } from '../ports.ts';
import type { Loaded } from './audience.ts';

/** What a client says of itself as it connects (GW 1.2). */
export type Introduction = Readonly<{
  user: UserId;
  token: string;
  platform: number;
  operationId: string;
  background: boolean;
  form: WireForm;
}>;

/** The answer to a request to connect. */
export type Accepted = Readonly<{
  kind: 'accepted';
  caller: Caller;
  introduction: Introduction;
  groups: Loaded;
}>;
export type Welcome = Accepted | Readonly<{ kind: 'refused'; error: WireError; detail: string }>;

/** How the client wants to be told: by a first text frame (browsers cannot read a failed upgrade). */
export type Asked = Readonly<{
  answerByFrame: boolean;
  /**
   * Its socket may be open before it is let in, for it waits for that frame. The JS SDK does not: its login is over
   * as its socket opens, and its app sends at once, which the SDK refuses before the frame has come.
   */
  waitsForFrame: boolean;
  introduction: Introduction | Readonly<{ wrong: string }>;
}>;

/** Go's bool parser: these spellings and no others. */
const BOOLEANS: ReadonlyMap<string, boolean> = new Map([
  ...['1', 't', 'T', 'TRUE', 'true', 'True'].map((text) => [text, true] as const),
  ...['0', 'f', 'F', 'FALSE', 'false', 'False'].map((text) => [text, false] as const),
]);

type Said = Readonly<Record<string, string>>;

/** The names inside `v` and the parameters they stand for. */
const NAMES_IN_V = {
  token: 'token',
  userID: 'sendID',
  platformID: 'platformID',
  operationID: 'operationID',
  compression: 'compression',
  sdkType: 'sdkType',
  sendResponse: 'isMsgResp',
  background: 'isBackground',
} as const;

const isPlain = (value: unknown): value is string | number | boolean =>
  typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';

/** `v`: base64 (URL alphabet, no padding) of a JSON object that replaces the parameters. */
const unpackV = (v: string): Said | undefined => {
  let packed: unknown;
  try {
    packed = JSON.parse(Buffer.from(v, 'base64url').toString('utf8'));
  } catch {
    return undefined; // Not JSON: the caller is told that `v` is wrong.
  }
  if (typeof packed !== 'object' || packed === null) return undefined;
  const fields = new Map<string, unknown>(Object.entries(packed));
  const said: Record<string, string> = {};
  for (const [inV, name] of Object.entries(NAMES_IN_V)) {
    const value = fields.get(inV);
    if (value === undefined || value === null) continue;
    if (!isPlain(value)) return undefined;
    said[name] = String(value);
  }
  return said;
};

/** Names the first of the parameters that is not as it must be. */
const mistakeIn = (said: Said): string | undefined => {
  const { platformID = '', sdkType = '' } = said;
  const rules: readonly (readonly [boolean, string])[] = [
    [isGiven(said['token']), 'token is empty'],
    [isGiven(said['sendID']), 'sendID is empty'],
    [isGiven(said['operationID']), 'operationID is empty'],
    [(said['operationID'] ?? '').length <= TRACE_LENGTH_MAX, 'operationID is too long'],
    [platformOf(platformID) !== undefined, 'platformID is not a known platform'],
    [SDK_TYPES.has(sdkType), 'sdkType is neither go nor js'],
    [boolean(said['isMsgResp']) !== undefined, 'isMsgResp is not a boolean'],
    [boolean(said['isBackground']) !== undefined, 'isBackground is not a boolean'],
  ];
  return rules.find(([holds]) => !holds)?.[1];
};

/** By what `sdkType` says; nothing is go. */
const SDK_TYPES: ReadonlyMap<string, WireForm['kind']> = new Map([
  ['', 'gob'],
  ['go', 'gob'],
  ['js', 'json'],
]);

const isGiven = (text: string | undefined): boolean => text !== undefined && text !== '';

const platformOf = (text: string): number | undefined =>
  /^\d{1,2}$/.test(text) && isPlatform(Number(text)) ? Number(text) : undefined;

const readIntroduction = (said: Said, header: string): Asked['introduction'] => {
  const wrong = mistakeIn(said);
  if (wrong !== undefined) return { wrong };
  const { sendID = '', token = '', platformID = '', operationID = '' } = said;
  const { sdkType = '', compression = '' } = said;
  return {
    user: sendID as UserId,
    token,
    platform: platformOf(platformID) ?? 0,
    operationId: operationID,
    background: boolean(said['isBackground']) === true,
    form: {
      kind: SDK_TYPES.get(sdkType) ?? 'gob',
      gzip: (compression === '' ? header : compression) === 'gzip',
    },
  };
};

/** Absent and empty are false; what is neither true nor false is undefined. */
const boolean = (text: string | undefined): boolean | undefined =>
  text === undefined || text === '' ? false : BOOLEANS.get(text);

/**
 * Reads the query (raw, as in the URL) and the header `compression`. How to answer is read leniently
 * and first, so that a browser can be told of every mistake (GW 1.4).
 */
export const readQuery = (query: string, compressionHeader: string): Asked => {
  const outer: Said = Object.fromEntries(new URLSearchParams(query));
  const v = outer['v'] ?? '';
  const said = v === '' ? outer : unpackV(v);
  const answerByFrame =
    boolean(outer['isMsgResp']) === true || boolean(said?.['isMsgResp']) === true;
  const waitsForFrame = answerByFrame && (said ?? outer)['sdkType'] !== 'js';
  const how = { answerByFrame, waitsForFrame };
  if (said === undefined) return { ...how, introduction: { wrong: 'v cannot be read' } };
  return { ...how, introduction: readIntroduction(said, compressionHeader) };
};

export const refused = (error: WireError, detail: string): Welcome => ({
  kind: 'refused',
  error,
  detail,
});

/**
 * The checks of GW 1.3 in their order. The token is looked at before anything else that costs: clients
 * that are refused come back every few seconds.
 */
export const welcome =
  (
    deps: Readonly<{
      logins: Pick<Logins, 'check'>;
      groups: (user: UserId) => Promise<Loaded>;
      full: () => boolean;
      /** Whether this user can have no other connection for now. */
      crowded: (caller: Caller) => boolean;
      closing: () => boolean;
      failed: (error: unknown, operationId: string) => void;
    }>,
  ) =>
  async ({ introduction }: Asked): Promise<Welcome> => {
    if (deps.full()) return refused(WIRE_ERRORS.connOverMaxNumLimit, 'too many connections');
    if ('wrong' in introduction) return refused(WIRE_ERRORS.connArgs, introduction.wrong);
    if (deps.closing()) return refused(WIRE_ERRORS.serverInternal, 'the server is going away');
    try {
      const checked = await deps.logins.check(introduction.token);
      if (checked.kind === 'refused') return refused(REFUSALS[checked.reason], checked.detail);
      const { caller } = checked;
      if (caller.user !== introduction.user || caller.platform !== introduction.platform) {
        return refused(WIRE_ERRORS.tokenInvalid, 'the token is of another user or platform');
      }
      if (deps.crowded(caller)) {
        return refused(WIRE_ERRORS.connOverMaxNumLimit, 'too many connections of this user');
      }
      return { kind: 'accepted', caller, introduction, groups: await deps.groups(caller.user) };
    } catch (error) {
      // Clients try again: half of what it is to hear of would be worse.
      deps.failed(error, introduction.operationId);
      return refused(WIRE_ERRORS.serverInternal, 'login and groups could not be looked up');
    }
  };

/** The body of the HTTP answer, or the first frame: OpenIM's ApiResp. */
export const answerOf = (answer: Welcome): string =>
  JSON.stringify(
    answer.kind === 'accepted'
      ? { errCode: 0, errMsg: '', errDlt: '' }
      : { ...answer.error, errDlt: answer.detail },
  );
