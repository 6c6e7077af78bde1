import type { UserId } from '../kernel/ids.ts';
import { takesPart, type Head } from '../sequence/head.ts';
import type { Known } from './ports.ts';

/** One of the two; in a group, who is a member or has been one: that one keeps what it could read. */
export const hasPart = async (
  { partIn }: Pick<Known, 'partIn'>,
  head: Head,
  user: UserId,
): Promise<boolean> =>
  head.group === undefined ? takesPart(head, user) : (await partIn(head.group, user)) === 'part';
