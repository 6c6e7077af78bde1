import type { SeqlineEvent } from '../kernel/catalogue.ts';
import { isErased, type Recorded } from '../kernel/fact.ts';
import type { GroupId } from '../kernel/ids.ts';
import type { FollowUp, Reaction } from '../notice/reaction.ts';
import type { UserChanged } from '../user/events.ts';
import type { JoinedIds } from './ports.ts';

/** In every group that shows it. Which of them do is decided by each: a member may show itself otherwise. */
const profileShown = (
  { user, profile = {} }: UserChanged['data'],
  groups: readonly GroupId[],
): readonly FollowUp[] => {
  // What has been erased since then may have been any of it.
  const said = isErased(profile) ? { nickname: '', faceUrl: '' } : profile;
  const changed = { nickname: said.nickname !== undefined, faceUrl: said.faceUrl !== undefined };
  if (!changed.nickname && !changed.faceUrl) return [];
  return groups.map((group) => ({ type: 'ShowProfile', data: { group, user, ...changed } }));
};

/** What groups are to do about a fact, beside its being told. */
export const followUps =
  (joined: JoinedIds) =>
  (event: Recorded<SeqlineEvent>): Reaction['follow'] => {
    switch (event.type) {
      case 'GroupDismissed': {
        const { group } = event.data;
        return () => Promise.resolve([{ type: 'DisbandGroup', data: { group } }]);
      }
      case 'UserChanged': {
        const { user, profile } = event.data;
        if (profile === undefined) return undefined;
        return async () => {
          const groups = await joined(user, event.position);
          return groups === 'later' ? 'later' : profileShown(event.data, groups);
        };
      }
      default:
        return undefined;
    }
  };

/** The reaction to an event, and what groups are to do about it. */
export const withFollowUps =
  (
    reactionTo: (event: Recorded<SeqlineEvent>) => Reaction | undefined,
    follow: ReturnType<typeof followUps>,
  ) =>
  (event: Recorded<SeqlineEvent>): Reaction | undefined => {
    const reaction = reactionTo(event);
    const followed = follow(event);
    return followed === undefined
      ? reaction
      : { ...(reaction ?? { order: event.stream }), follow: followed };
  };
