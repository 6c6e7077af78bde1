import type { Config } from '../config/config.ts';
import type { ReplayFlags } from './replayFlags.ts';

export type Arguments = Readonly<{
  rest: readonly string[];
  roles: string | undefined;
  platform: string | undefined;
  reason: string | undefined;
  /** A position or a time. */
  from?: string | undefined;
  dead?: boolean;
  port: string | undefined;
  host: string | undefined;
  exposed: boolean;
  allowWrites: boolean;
  json: boolean;
  logOnly: boolean;
  verifyOnly: boolean;
  /** A copy is whole though what it is made of is being written. */
  whileWritten: boolean;
  /** Of `explain`: the id that its sender gave it, and whether what it says is shown. */
  clientMsgId?: string | undefined;
  text?: boolean;
  /** Of the commands that look at the past. */
  replay?: ReplayFlags;
}>;

/** Resolves with the exit code. */
export type Command = (config: Config, args: Arguments) => Promise<number>;

export const out = (text: string): void => {
  process.stdout.write(`${text}\n`);
};

export const complain = (text: string): number => {
  process.stderr.write(`seqline: ${text}\n`);
  return 1;
};
