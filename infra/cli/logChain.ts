import { bundleLog, checkBundle, signLog } from '../app/storage/chain.ts';
import type { Config } from '../config/config.ts';
import { complain, out } from './command.ts';
import { counted } from './progress.ts';

type ChainConfig = Pick<Config, 'data' | 'eventStore'>;

/** Signs what has come since it was signed last. */
export const sign = async (config: ChainConfig, rest: readonly string[]): Promise<number> => {
  if (rest.length > 0) return complain('log sign: it takes no name; it is of SEQLINE_DATA');
  const checkpoint = await signLog(config, Date.now);
  if (checkpoint === undefined) out('Nothing has come since the log was signed last.');
  // On a line of its own, to be kept where nobody who can write the log can write.
  else out(JSON.stringify(checkpoint));
  return 0;
};

export const bundle = async (config: ChainConfig, rest: readonly string[]): Promise<number> => {
  const [directory, ...more] = rest;
  if (directory === undefined || more.length > 0)
    return complain('log bundle: name the directory to be made');
  const { events, checkpoint } = await bundleLog(config, directory, Date.now);
  out(
    `${counted(events)} events are in ${directory}, with all checkpoints; personal data is sealed.`,
  );
  out(`Signed with the key ${checkpoint.key}, which whoever checks it must know from elsewhere.`);
  return 0;
};

/** Without settings, log or keys: exit code 0 for a bundle that is as it was signed, and else 1. */
export const verifyBundle = async (
  _: ChainConfig,
  [directory, key, ...more]: readonly string[],
): Promise<number> => {
  if (directory === undefined || more.length > 0)
    return complain('log verify-bundle: name its directory, and the key that must have signed it');
  const { events, newest, checkpoints, keyId, faults } = await checkBundle(directory);
  out(
    `${counted(events)} events, ${counted(checkpoints)} checkpoints, signed with the key ${keyId}`,
  );
  if (newest !== undefined)
    out(`the newest of ${new Date(newest.at).toISOString()}, hash ${newest.hash}`);
  for (const { kind, key: where, expected, found } of faults)
    out(`  ${kind}: ${where}\n    expected: ${expected}\n    found:    ${found}`);
  if (key !== undefined && key !== keyId)
    return complain(`log verify-bundle: it is signed with the key ${keyId}, not with ${key}`);
  out(faults.length === 0 ? 'It is as it was signed.' : 'It is not as it was signed.');
  if (key === undefined)
    out(
      'Name the key to know who has signed it: whoever makes a bundle can bring a key of its own.',
    );
  return faults.length === 0 ? 0 : 1;
};
