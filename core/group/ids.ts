import type { GroupId } from '../kernel/ids.ts';

/**
 * No separator: a group's notification conversation is `n_<group>`, that of two users `n_<a>_<b>`, and no
 * group may have the id of a pair. Nor anything that has to be written otherwise in a subject or a URL.
 */
export const GROUP_ID_PATTERN = '^[A-Za-z0-9-]{1,64}$';

const GROUP_ID = new RegExp(GROUP_ID_PATTERN, 'u');

export const isGroupId = (text: string): text is GroupId => GROUP_ID.test(text);
