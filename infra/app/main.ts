#!/usr/bin/env -S node --enable-source-maps --max-semi-space-size=64
import { parseArgs } from 'node:util';
import { asOf } from '../cli/asOf.ts';
import { doctor } from '../cli/doctor.ts';
import { explain } from '../cli/explain.ts';
import { eventstore } from '../cli/eventstore.ts';
import { HELP, helpOf, optionsOf } from '../cli/help.ts';
import { keys } from '../cli/keys.ts';
import { log } from '../cli/log.ts';
import { projector } from '../cli/projector.ts';
import { replay } from '../cli/replay.ts';
import { REPLAY_OPTIONS, replayFlags } from '../cli/replayFlags.ts';
import { rebuild } from '../cli/rebuild.ts';
import { token } from '../cli/token.ts';
import { version } from '../cli/version.ts';
import { verify } from '../cli/verify.ts';
import { webhook } from '../cli/webhook.ts';
import { serve } from './serve.ts';
import { ConfigError, readConfig } from '../config/config.ts';

const COMMANDS = {
  serve,
  doctor,
  token,
  projector,
  webhook,
  verify,
  replay,
  eventstore,
  log,
  keys,
  rebuild,
  explain,
  'as-of': asOf,
} as const;
type Name = keyof typeof COMMANDS;

const SEE_HELP = 'seqline --help lists all that there is';

const isCommand = (name: string | undefined): name is Name =>
  name !== undefined && Object.hasOwn(COMMANDS, name);

const complain = (text: string): number => {
  process.stderr.write(`${text}\n`);
  return 2;
};

const run = async (): Promise<number> => {
  const { values, positionals, tokens } = parseArgs({
    allowPositionals: true,
    tokens: true,
    options: {
      help: { type: 'boolean', short: 'h' },
      version: { type: 'boolean' },
      roles: { type: 'string' },
      platform: { type: 'string' },
      reason: { type: 'string' },
      dead: { type: 'boolean', default: false },
      port: { type: 'string' },
      host: { type: 'string' },
      expose: { type: 'boolean', default: false },
      'allow-writes': { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      'log-only': { type: 'boolean', default: false },
      'verify-only': { type: 'boolean', default: false },
      'while-written': { type: 'boolean', default: false },
      'client-msg-id': { type: 'string' },
      text: { type: 'boolean', default: false },
      ...REPLAY_OPTIONS,
    },
  });
  const [name, ...rest] = positionals;
  if (values.version === true) {
    process.stdout.write(`seqline ${version()}\n`);
    return 0;
  }
  if (values.help === true || name === 'help') {
    const about = name === 'help' ? rest[0] : name;
    process.stdout.write(isCommand(about) ? helpOf(about) : HELP);
    return 0;
  }
  if (name === undefined) return complain(`seqline: a command is missing\n\n${HELP}`);
  if (!isCommand(name)) return complain(`seqline: there is no command "${name}"; ${SEE_HELP}`);
  const options = optionsOf(name);
  const foreign = tokens.find((token) => token.kind === 'option' && !options.has(token.name));
  if (foreign?.kind === 'option')
    return complain(`seqline: ${name} takes no --${foreign.name}; see seqline ${name} --help`);
  return COMMANDS[name](readConfig(process.env), {
    rest,
    roles: values.roles,
    platform: values.platform,
    reason: values.reason,
    from: values.from,
    dead: values.dead,
    port: values.port,
    host: values.host,
    exposed: values.expose,
    allowWrites: values['allow-writes'],
    json: values.json,
    logOnly: values['log-only'],
    verifyOnly: values['verify-only'],
    whileWritten: values['while-written'],
    clientMsgId: values['client-msg-id'],
    text: values.text,
    replay: replayFlags(values),
  });
};

try {
  process.exitCode = await run();
} catch (error) {
  if (error instanceof ConfigError) {
    process.exitCode = complain(`seqline: the configuration is not right\n${error.message}`);
  } else if (error instanceof TypeError && 'code' in error) {
    // Node's advice on arguments that begin with a dash helps nobody who has mistyped one.
    const [what = error.message] = error.message.split('. ');
    process.exitCode = complain(`seqline: ${what}; ${SEE_HELP}`);
  } else throw error;
}
