import { groupSubject } from '../../../core/group/events.ts';
import type { GroupId } from '../../../core/kernel/ids.ts';
import type { Topic } from '../../../gateways/ws/interest.ts';
import { subjectOf, type Subject } from '../../bus/bus.ts';

const GROUP_MARK = groupSubject('' as GroupId);

/** Where what is published of a user or a group is heard. */
export const subjectOfTopic = (topic: Topic): Subject =>
  topic.startsWith(GROUP_MARK)
    ? subjectOf('g', topic.slice(GROUP_MARK.length))
    : subjectOf('u', topic);
