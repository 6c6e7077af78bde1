import { AT_ALL, CONTENT_TYPES } from '../openim/numbers.ts';
import { isRecord } from './parse.ts';

/**
 * What app servers may send, and what each content must have (REST reference 7.2). Checked leniently, as
 * OpenIM does: a number may stand for text and text for a number. What is stored is the object as it came.
 */
type Check = 'text' | 'number' | 'positive' | 'named';
type Fields = Readonly<Record<string, Check>>;

const picture = (name: string): Fields => ({
  [`${name}.type`]: 'text',
  [`${name}.width`]: 'positive',
  [`${name}.height`]: 'positive',
  [`${name}.url`]: 'text',
});

const SENDABLE: ReadonlyMap<number, Fields> = new Map<number, Fields>([
  [CONTENT_TYPES.text, { content: 'text' }],
  [
    CONTENT_TYPES.picture,
    { ...picture('sourcePicture'), ...picture('bigPicture'), ...picture('snapshotPicture') },
  ],
  [CONTENT_TYPES.sound, { sourceUrl: 'text', duration: 'positive' }],
  [
    CONTENT_TYPES.video,
    {
      videoUrl: 'text',
      videoType: 'text',
      videoSize: 'positive',
      duration: 'positive',
      snapshotUrl: 'text',
      snapshotWidth: 'positive',
      snapshotHeight: 'positive',
    },
  ],
  [CONTENT_TYPES.file, { sourceUrl: 'text', fileName: 'text', fileSize: 'positive' }],
  [CONTENT_TYPES.atText, { atUserList: 'named' }],
  [CONTENT_TYPES.custom, { data: 'text' }],
  [CONTENT_TYPES.quote, {}],
  [CONTENT_TYPES.markdown, { content: 'text' }],
  [
    CONTENT_TYPES.oaNotification,
    { notificationName: 'text', notificationType: 'number', text: 'text' },
  ],
]);

const AT_USERS_MAX = 1_000;

const WANTED: Readonly<Record<Check, string>> = {
  text: 'text that is not empty',
  number: 'a number other than 0',
  positive: 'a number of at least 1',
  named: `a list of 1 to ${String(AT_USERS_MAX)} user ids, or ${AT_ALL}`,
};

const isText = (value: unknown): boolean =>
  typeof value === 'number' || (typeof value === 'string' && value !== '');

const numberOf = (value: unknown): number =>
  typeof value === 'number' || (typeof value === 'string' && value.trim() !== '')
    ? Number(value)
    : NaN;

const isNamed = (value: unknown): value is readonly string[] =>
  Array.isArray(value) &&
  value.length > 0 &&
  value.length <= AT_USERS_MAX &&
  value.every((each) => typeof each === 'string' && each !== '');

const holds = (check: Check, value: unknown): boolean => {
  switch (check) {
    case 'text':
      return isText(value);
    case 'number':
      return Number.isFinite(numberOf(value)) && numberOf(value) !== 0;
    case 'positive':
      return Number.isFinite(numberOf(value)) && numberOf(value) >= 1;
    case 'named':
      return isNamed(value);
  }
};

const at = (content: unknown, path: string): unknown =>
  path.split('.').reduce((value, key) => (isRecord(value) ? value[key] : undefined), content);

/** Says which field is wrong and what would be right; `undefined`: the content may be sent. */
export const contentFault = (contentType: number, content: unknown): string | undefined => {
  const fields = SENDABLE.get(contentType);
  if (fields === undefined) {
    return `contentType: must be one of ${[...SENDABLE.keys()].join(', ')}`;
  }
  const missed = Object.entries(fields).find(([path, check]) => !holds(check, at(content, path)));
  return missed && `content.${missed[0]}: must be ${WANTED[missed[1]]}`;
};

/** Whom the content of an @ message names. */
export const atUsersOf = (contentType: number, content: unknown): readonly string[] => {
  const list = contentType === CONTENT_TYPES.atText ? at(content, 'atUserList') : undefined;
  return isNamed(list) ? list : [];
};
