import { join } from 'node:path';
import type { Position } from '../../core/kernel/ids.ts';
import { makeFolder, readIfPresent, writeDurably } from '../durableFile.ts';

const MARKER = 'seqline.json';
const FORMAT = 1;

/** The log was made with another choice than the one it is to be opened with. */
export class SealChoiceChanged extends Error {
  override name = 'SealChoiceChanged';
}

/**
 * Sealing is chosen once, when a log is made, and kept in `seqline.json` beside it: what has been stored
 * plain can never be erased, so a log that is sealed in part would promise what it cannot keep. Throws
 * `SealChoiceChanged` at another choice than the first, and an Error where the marker is broken or has
 * been lost. `head` is the position of the log's last event; only an empty log may be without a marker.
 */
export const keepSealChoice = async (
  folder: string,
  { seal, head }: Readonly<{ seal: boolean; head: Position }>,
): Promise<void> => {
  const path = join(folder, MARKER);
  const text = await readIfPresent(path);
  if (text === undefined) {
    if (head > 0) {
      throw new Error(
        `${path} is missing, and the log has events: put it back from a backup, or write ` +
          `${markerText(true)} (or false) to it, as the log was made`,
      );
    }
    await makeFolder(folder, 0o700);
    await writeDurably(path, `${markerText(seal)}\n`);
    return;
  }
  const chosen = parseMarker(path, text);
  if (chosen === seal) return;
  throw new SealChoiceChanged(
    `this log was made with SEQLINE_SEAL=${onOff(chosen)}, which is fixed for its life ` +
      `(${path}): start with that, or with another SEQLINE_DATA; asked for was ${onOff(seal)}`,
  );
};

/** The choice that a log was made with; undefined where there is no marker. */
export const readSealChoice = async (folder: string): Promise<boolean | undefined> => {
  const path = join(folder, MARKER);
  const text = await readIfPresent(path);
  return text === undefined ? undefined : parseMarker(path, text);
};

/** For people. */
export const sealingOf = (seal: boolean | undefined): string => {
  if (seal === undefined) return 'which does not say yet whether it is sealed';
  return seal ? 'sealed (SEQLINE_SEAL=on)' : 'not sealed (SEQLINE_SEAL=off)';
};

const markerText = (seal: boolean): string => JSON.stringify({ format: FORMAT, seal });

const onOff = (seal: boolean): string => (seal ? 'on' : 'off');

const parseMarker = (path: string, text: string): boolean => {
  const { format, seal } = jsonObject(path, text);
  if (format !== FORMAT || typeof seal !== 'boolean') {
    throw new Error(`${path} is not a marker that this version of Seqline knows`);
  }
  return seal;
};

const jsonObject = (path: string, text: string): { format?: unknown; seal?: unknown } => {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? value : {};
  } catch (cause) {
    throw new Error(`${path} is not JSON`, { cause });
  }
};
