import { vi } from 'vitest';
import type { Arguments } from '../../infra/cli/command.ts';

/** What a command of the program is handed where nothing is said but its name. */
export const NO_FLAGS = {
  ...{ rest: [], roles: undefined, platform: undefined, reason: undefined },
  ...{ port: undefined, host: undefined, exposed: false, allowWrites: false },
  ...{ json: false, logOnly: false, verifyOnly: false, whileWritten: false },
} as const satisfies Arguments;

/** Runs a command: its exit code, and all that it says, of which `out` is what can be piped on. */
export const runCommand = async (
  command: () => Promise<number>,
): Promise<Readonly<{ code: number; text: string; out: string; err: string }>> => {
  const [all, out, err]: [string[], string[], string[]] = [[], [], []];
  const notingIn = (some: string[]) => (text: string | Uint8Array) => {
    some.push(String(text));
    return all.push(String(text)) > 0;
  };
  const spies = [
    vi.spyOn(process.stdout, 'write').mockImplementation(notingIn(out)),
    vi.spyOn(process.stderr, 'write').mockImplementation(notingIn(err)),
  ];
  try {
    const code = await command();
    return { code, text: all.join(''), out: out.join(''), err: err.join('') };
  } finally {
    for (const spy of spies) spy.mockRestore();
  }
};
