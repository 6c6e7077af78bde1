import type { Config } from '../config/config.ts';
import { complain, type Arguments } from './command.ts';
import { backup, check, restore } from './logBackup.ts';
import { bundle, sign, verifyBundle } from './logChain.ts';
import { copy } from './logCopy.ts';

type LogConfig = Pick<Config, 'data' | 'eventStore'> & Partial<Pick<Config, 'keys'>>;
type LogArguments = Pick<Arguments, 'rest' | 'verifyOnly'> &
  Partial<Pick<Arguments, 'whileWritten'>>;
type Command = (config: LogConfig, args: LogArguments) => Promise<number>;

const COMMANDS: Readonly<Record<string, Command>> = {
  copy,
  backup: (config, { rest }) => backup(config, rest),
  restore: (config, { rest }) => restore(config, rest),
  check: (config, { rest }) => check(config, rest),
  sign: (config, { rest }) => sign(config, rest),
  bundle: (config, { rest }) => bundle(config, rest),
  'verify-bundle': (config, { rest }) => verifyBundle(config, rest),
};

/** What is done with a log as a whole, by hand. */
export const log = async (
  config: LogConfig,
  { rest: [name = '', ...rest], verifyOnly, whileWritten = false }: LogArguments,
): Promise<number> => {
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (command === undefined)
    return complain(
      'log: copy FROM TO, backup DIRECTORY, restore DIRECTORY, check, sign, bundle DIRECTORY or verify-bundle DIRECTORY',
    );
  try {
    return await command(config, { rest, verifyOnly, whileWritten });
  } catch (error) {
    return complain(`log ${name}: ${error instanceof Error ? error.message : String(error)}`);
  }
};
