import { isRecord, parseJson } from './json.ts';
import { textOf, type MsgData } from './rawWire.ts';

export type Move = 'in' | 'out';

/** By the content type of a notice: whom it says to have come or gone, and under which name. */
const MOVES: Readonly<Record<number, readonly [Move, string]>> = {
  1504: ['out', 'quitUser'],
  1508: ['out', 'kickedUserList'],
  1509: ['in', 'invitedUserList'],
  1510: ['in', 'entrantUser'],
};

export const moveOf = (group: string, move: Move, user: string): string =>
  `${group} ${move} ${user}`;

/** The comings and goings that a notice of a group tells of; none: it is about something else. */
export const movesIn = (notice: MsgData): readonly string[] => {
  const told = MOVES[notice.contentType];
  if (told === undefined) return [];
  const [move, name] = told;
  const content = parseJson(textOf(notice));
  const detail = isRecord(content) ? parseJson(String(content['detail'])) : undefined;
  const named = isRecord(detail) ? detail[name] : undefined;
  return (Array.isArray(named) ? named : [named]).map((user) =>
    moveOf(notice.groupID, move, isRecord(user) ? String(user['userID']) : ''),
  );
};
