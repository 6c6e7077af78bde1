import { isOwnStream } from '../prefixes.ts';
import { ownerOf } from './systemEvents.ts';

/** Revisions there are what users see as numbers: whoever hides one breaks a conversation for ever. */
const NUMBERED_PREFIX = 'conversation-';

export type Deed = 'append' | 'hide' | 'delete';

/**
 * Who may do what: streams of others are everybody's, Seqline's own are written only where that has been
 * allowed, and conversations are never cut short.
 */
export const accessTo =
  (ownWritable: boolean) =>
  (deed: Deed, stream: string): boolean => {
    const owner = ownerOf(stream) ?? stream;
    if (!isOwnStream(owner)) return true;
    if (!ownWritable) return false;
    return deed === 'append' || !owner.startsWith(NUMBERED_PREFIX);
  };

export type Access = ReturnType<typeof accessTo>;
