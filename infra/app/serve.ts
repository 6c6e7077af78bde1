import { createLog } from '../observe/log.ts';
import { complain, out, type Command } from '../cli/command.ts';
import { isLoopback } from '../config/config.ts';
import { start, type Running } from './start.ts';

/** After this long an orderly end is given up, so that whoever asked for it does not have to kill. */
const CLOSE_MS_MAX = 9_500;

const signalled = (): Promise<string> =>
  new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) {
      process.once(signal, () => {
        resolve(signal);
      });
    }
  });

const announce = ({ httpAddress, wsAddress, sockets }: Running, host: string): void => {
  const pages = isLoopback(host) ? '/docs, /demo' : '/docs';
  out(`Seqline is ready.

  HTTP API     ${httpAddress}   (pages: ${pages})
  WebSocket    ${wsAddress}     (uWebSockets.js: ${sockets})
`);
};

/** Runs until it is told to end: what is in flight is finished, and clients are let go to come back. */
export const serve: Command = async (config, { rest }) => {
  if (rest.length > 0) return complain(`serve: there is nothing called "${rest.join(' ')}"`);
  const log = createLog(config.logLevel);
  for (const warning of config.warnings) log.warn(warning);
  const stop = signalled();
  let running: Running;
  try {
    running = await start(config, log);
  } catch (error) {
    log.debug({ err: error }, 'the start has failed');
    return complain(error instanceof Error ? error.message : String(error));
  }
  announce(running, config.host);

  const reason = await Promise.race([stop, running.failed.then((why) => `failed: ${why}`)]);
  log.info(`stopping (${reason})`);
  const late = setTimeout(() => {
    log.error('what was in flight did not end in time');
    process.exit(1);
  }, CLOSE_MS_MAX);
  let isWhole = true;
  try {
    await running.close();
  } catch (error) {
    isWhole = false;
    log.error({ err: error }, 'not all could be ended in order');
  }
  clearTimeout(late);
  log.info('stopped');
  if (reason.startsWith('failed')) return complain(reason);
  return isWhole ? 0 : 1;
};
