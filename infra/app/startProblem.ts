import { CannotListen } from '../../gateways/ws/server.ts';

const isFault = (error: unknown): error is NodeJS.ErrnoException & { port?: number } =>
  error instanceof Error && 'code' in error;

const NOT_ALLOWED: ReadonlySet<unknown> = new Set(['EACCES', 'EPERM', 'EROFS', 'ENOTDIR']);

const taken = (setting: string, port: number): string =>
  `${setting}: port ${String(port)} is in use already; end what uses it, or name another (0 picks a free one)`;

/** Why a server has not started, with the setting that mends it where the system alone has said something. */
export const problemOf = (error: unknown): string => {
  if (error instanceof CannotListen) return taken('SEQLINE_WS_PORT', error.port);
  if (!isFault(error)) return error instanceof Error ? error.message : String(error);
  const { code, path, port, syscall, message } = error;
  if (syscall === 'listen' && code === 'EADDRINUSE' && port !== undefined)
    return taken('SEQLINE_HTTP_PORT', port);
  if (syscall === 'listen' && code === 'EADDRNOTAVAIL')
    return `SEQLINE_HOST: it is no address of this machine (${message})`;
  return path !== undefined && NOT_ALLOWED.has(code)
    ? `SEQLINE_DATA: ${path} cannot be written (${String(code)}); give it to the user that runs Seqline, or name another folder`
    : message;
};
