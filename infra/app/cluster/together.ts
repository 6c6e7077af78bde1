import { PAYLOAD_BYTES_MAX, type Bus, type Subject } from '../../bus/bus.ts';

/** Characters of one message, each of three bytes at most. */
const CHARS_MAX = Math.floor(PAYLOAD_BYTES_MAX / 4);

type Gathered = { readonly texts: string[]; readonly lost: (() => void)[]; length: number };

/** `lost` is called where the bus does not take it. */
export type Together = (subject: Subject, text: string, lost?: () => void) => void;

/**
 * What is for one subject in one turn of the event loop goes out as one message, a list of JSON: what a message costs
 * the bus and both of its ends is then paid once for all of them.
 */
export const publishTogether = (bus: Pick<Bus, 'publish'>): Together => {
  const gathered = new Map<Subject, Gathered>();

  const send = (subject: Subject, { texts, lost }: Gathered): void => {
    if (bus.publish(subject, Buffer.from(`[${texts.join(',')}]`))) return;
    for (const tell of lost) tell();
  };
  const sendAll = (): void => {
    const all = [...gathered];
    gathered.clear();
    for (const [subject, one] of all) send(subject, one);
  };
  const roomFor = (subject: Subject, text: string): Gathered => {
    const begun = gathered.get(subject);
    if (begun !== undefined && begun.length + text.length <= CHARS_MAX) return begun;
    if (begun !== undefined) send(subject, begun);
    else if (gathered.size === 0) setImmediate(sendAll);
    const made: Gathered = { texts: [], lost: [], length: 0 };
    gathered.set(subject, made);
    return made;
  };

  return (subject, text, lost) => {
    const one = roomFor(subject, text);
    one.texts.push(text);
    one.length += text.length + 1;
    if (lost !== undefined) one.lost.push(lost);
  };
};
