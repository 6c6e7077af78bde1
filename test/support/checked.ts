import { execFile } from 'node:child_process';
import { ENTRY } from './program.ts';
import type { Seqline } from './seqline.ts';

const WITHIN = 120_000;

type Ended = Readonly<{ code: number | null; said: string }>;

/** What `seqline verify` says of a data folder, and how it ends. */
export const runVerify = (
  data: string,
  settings: Readonly<Record<string, string>> = {},
  ...args: readonly string[]
): Promise<Ended> =>
  new Promise((resolve) => {
    const { PATH, HOME } = process.env;
    const env = { PATH, HOME, SEQLINE_DATA: data, ...settings };
    const options = { env, timeout: WITHIN, maxBuffer: 64 * 1024 * 1024 };
    const child = execFile(
      process.execPath,
      [ENTRY, 'verify', ...args],
      options,
      (_error, stdout, stderr) => {
        resolve({ code: child.exitCode, said: `${stdout}${stderr}` });
      },
    );
  });

/**
 * Has the product's own checker count a server's log and tables again, apart from all that has made them.
 * The settings are those that the server was started with.
 */
export const checked = async (
  { data }: Seqline,
  settings: Readonly<Record<string, string>> = {},
): Promise<void> => {
  const { code, said } = await runVerify(data, settings);
  if (code !== 0) throw new Error(`seqline verify ends with ${String(code)}:\n${said}`);
};
