import { accept, type Decider } from '../kernel/decider.ts';
import type { Command } from '../kernel/fact.ts';
import type { ProjectionSkipped, ProjectorEvent } from './events.ts';

/** `id` becomes the event's: made of what is skipped, so that the same skip is one event. */
export type SkipEvent = Command<'SkipEvent', ProjectionSkipped['data']>;

/** What has been skipped of one read model, as `version/position`. */
export type Skipped = ReadonlySet<string>;

type Place = Pick<ProjectionSkipped['data'], 'version' | 'position'>;

const placeOf = ({ version, position }: Place): string => `${String(version)}/${String(position)}`;

/** Whether an event may be skipped is known to the projector alone: it has to be the one it names. */
export const projector: Decider<SkipEvent, ProjectorEvent, Skipped, never> = {
  initialState: new Set(),
  evolve: (skipped, { data }) => new Set([...skipped, placeOf(data)]),
  decide: ({ id, data }, skipped) =>
    skipped.has(placeOf(data)) ? accept() : accept({ type: 'ProjectionSkipped', id, data }),
};
