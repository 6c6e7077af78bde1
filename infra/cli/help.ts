import { describe } from '../config/settings.ts';

const SETTINGS = describe();
const WIDTH = Math.max(...SETTINGS.map(({ name }) => name.length));

const setting = ({ name, fallback, summary }: (typeof SETTINGS)[number]): string =>
  `  ${name.padEnd(WIDTH)}  ${summary}${fallback === '' ? '' : ` (${fallback})`}`;

export const HELP = `Seqline: the instant-messaging core for apps with the official OpenIM SDKs

  seqline serve                         all roles in one process
  seqline doctor                        looks whether this machine and configuration will do
  seqline token USER [--platform N]     asks the running server for a user's token (5: Web)

  --help       this text

Configuration, by environment; all optional:
${SETTINGS.map(setting).join('\n')}
`;
