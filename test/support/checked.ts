import { execFile } from 'node:child_process';
import { ENTRY } from './program.ts';
import type { Seqline } from './seqline.ts';

const WITHIN = 120_000;

type Ended = Readonly<{ code: number | null; said: string }>;

/** What `seqline verify` says with these settings, and how it ends. */
export const runVerify = (
  settings: Readonly<Record<string, string>>,
  ...args: readonly string[]
): Promise<Ended> =>
  new Promise((resolve) => {
    const { PATH, HOME } = process.env;
    const env = { PATH, HOME, ...settings };
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

/** Has the product's own checker count a server's log and tables again, apart from all that has made them. */
export const checked = async ({ settings }: Seqline): Promise<void> => {
  const { code, said } = await runVerify(settings);
  if (code !== 0) throw new Error(`seqline verify ends with ${String(code)}:\n${said}`);
};
