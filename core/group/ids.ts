import type { GroupId } from '../kernel/ids.ts';

/**
 * No separator: a group's notification conversation is `n_<group>`, that of two users `n_<a>_<b>`, and no
 * group may have the id of a pair. Nor anything that has to be written otherwise in a subject or a URL.
 */
const GROUP_ID = /^[A-Za-z0-9-]{1,64}$/;

export const isGroupId = (text: string): text is GroupId => GROUP_ID.test(text);
