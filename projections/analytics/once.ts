import type { Event } from '../kernel/tail.ts';

/**
 * What is made of an event, kept until the next one is asked about: tables that are folded together ask the
 * same of it a dozen times. For functions of the event alone.
 */
export const once = <T>(make: (event: Event) => T): ((event: Event) => T) => {
  let last: Event | undefined;
  let made: T | undefined;
  return (event) => {
    if (event !== last) made = make(event);
    last = event;
    // Made of this event, be it now or before.
    return made as T;
  };
};
