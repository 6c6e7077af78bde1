import { group as chatOf, notificationOf } from '../../core/conversation/ids.ts';
import { NAMED_MAX } from '../../core/group/events.ts';
import type { GroupId, UserId } from '../../core/kernel/ids.ts';
import type { Reaction } from '../../core/notice/reaction.ts';
import type { GroupLists, VersionIdOf } from '../ports.ts';
import {
  castOfLine,
  castOfNotice,
  othersOf,
  withoutFaces,
  type Cast,
  type CastDeps,
} from './groupCast.ts';
import type { MemberVersion } from './groupTips.ts';
import type { GroupInfo } from './jssdk.ts';
import { toSelf } from './notices.ts';
import { CONTENT_TYPES } from './numbers.ts';
import { cloneOptions, copyOptions, notificationOptions } from './options.ts';
import { conversationUpdateTips } from './tips.ts';

type Said = NonNullable<Reaction['line']>;

export type GroupNoticeDeps = CastDeps &
  Readonly<{
    versionIdOf: VersionIdOf;
    lists: Pick<GroupLists, 'managers' | 'requestsOf'>;
  }>;

/** One notice to all members. */
export type Telling = Readonly<{
  contentType: number;
  by: UserId;
  /** Others that it names. */
  named?: readonly UserId[];
  /** Whether there is a line in the chat as well. */
  line: boolean;
  /** Of what the group says of itself, that which this fact has said. */
  said?: Partial<GroupInfo>;
  /** These are told, too, though they are no members any more. */
  also?: readonly UserId[];
  /** With the name of who has done it, as only some are. */
  signed?: true;
  tips: (cast: Cast) => string;
}>;

/** A change of a conversation for everybody, which each then asks the server for: one after the other. */
export const changedForAll = (group: GroupId, by: UserId): Said => ({
  conversation: notificationOf(chatOf(group)),
  unhurried: true,
  key: 'changed',
  data: {
    from: by,
    group,
    contentType: CONTENT_TYPES.conversationChanged,
    system: true,
    options: notificationOptions(),
    body: { content: conversationUpdateTips({ userID: '', conversationIDList: [chatOf(group)] }) },
  },
});

/** Of the rows that have changed: to their owners. */
export const changedFor = (group: GroupId, users: readonly UserId[]): readonly Said[] =>
  users.map((user) => ({
    ...toSelf(
      user,
      CONTENT_TYPES.conversationChanged,
      conversationUpdateTips({ userID: user, conversationIDList: [chatOf(group)] }),
    ),
    key: 'changed',
  }));

const keyOf = (index: number): Readonly<{ key?: string }> =>
  index === 0 ? {} : { key: String(index) };

/**
 * Units of text that a notice may have. Clients cut a connection over a frame of 1 MiB, and the bus takes half of
 * that: of this, written as JSON once more, neither comes even near.
 */
const CONTENT_LENGTH_MAX = 128 * 1024;

/** Fifty members can have faces that are thousands of letters long, and each of these may be written as seven. */
const contentOf = ({ tips }: Telling, cast: Cast): string => {
  const content = tips(cast);
  return content.length <= CONTENT_LENGTH_MAX ? content : tips(withoutFaces(cast));
};

const saying = async (
  { profileOf }: GroupNoticeDeps,
  group: GroupId,
  telling: Telling,
  cast: Cast,
) => {
  const { by, contentType, signed } = telling;
  const { nickname, faceUrl } = signed === true ? await profileOf(by) : NOBODY;
  return {
    from: by,
    group,
    contentType,
    system: true,
    body: {
      content: contentOf(telling, cast),
      ...(nickname !== '' && { nickname }),
      ...(faceUrl !== '' && { faceUrl }),
    },
  } as const;
};

const NOBODY = { nickname: '', faceUrl: '' };

/** To all members: for each notice a line first, where there is one, and then what their clients act on. */
export const told = (
  deps: GroupNoticeDeps,
  group: GroupId,
  tellings: readonly Telling[],
  more: readonly Said[] = [],
): Reaction => {
  const chat = chatOf(group);
  const scene = ({ by, named = [] }: Telling) => ({ group, by, named });
  const lines = async (): Promise<readonly Said[]> => {
    const all: Said[] = [];
    for (const [index, telling] of tellings.entries()) {
      if (!telling.line) continue;
      const cast = await castOfLine(deps, scene(telling), telling.said ?? {});
      const options = cloneOptions(notificationOptions({ clone: true }));
      const others = await othersOf(deps, scene(telling));
      const said = { ...(await saying(deps, group, telling, cast)), options };
      const data = others.length === 0 ? said : { ...said, others };
      all.push({ conversation: chat, ...keyOf(index), data });
    }
    return all;
  };
  const look = async (): Promise<readonly Said[]> => {
    const all: Said[] = [];
    for (const [index, telling] of tellings.entries()) {
      const cast = await castOfNotice(deps, scene(telling));
      const options = copyOptions(notificationOptions({ clone: telling.line }));
      const data = { ...(await saying(deps, group, telling, cast)), options };
      const also = telling.also === undefined ? {} : { also: telling.also };
      all.push({ conversation: notificationOf(chat), ...keyOf(index), ...also, data });
    }
    return [...all, ...more];
  };
  return { order: group, lines, look };
};

export const versionIn = (
  { versionIdOf }: GroupNoticeDeps,
  { group, version }: Readonly<{ group: GroupId; version: number }>,
): MemberVersion => ({
  groupMemberVersion: version,
  groupMemberVersionID: versionIdOf('members', group),
});

/** Some at a time, each with the version that its notice is. */
export const inPortions = (
  deps: GroupNoticeDeps,
  data: Readonly<{ group: GroupId; version: number; users: readonly UserId[] }>,
): readonly Readonly<{ users: readonly UserId[]; version: MemberVersion }>[] => {
  const count = Math.ceil(data.users.length / NAMED_MAX);
  return Array.from({ length: count }, (_, index) => ({
    users: data.users.slice(index * NAMED_MAX, (index + 1) * NAMED_MAX),
    version: versionIn(deps, { group: data.group, version: data.version - count + 1 + index }),
  }));
};
