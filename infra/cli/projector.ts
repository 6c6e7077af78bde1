import type { ProjectorStatus } from '../../gateways/ports.ts';
import { callAsAdmin, type Server } from './calls.ts';
import { complain, out, type Arguments } from './command.ts';

type Command = (config: Server, args: Pick<Arguments, 'rest' | 'reason'>) => Promise<number>;

const POSITION = /^[1-9]\d{0,15}$/;

const shown = ({ state, reason, head, projections, poison }: ProjectorStatus): string => {
  const lines = [`${state}${poison === undefined && reason !== '' ? `: ${reason}` : ''}`];
  for (const { projection, position, waitingMs } of projections) {
    const behind = Math.max(0, head - position);
    const since = waitingMs === 0 ? '' : `, for ${(waitingMs / 1000).toFixed(1)} s`;
    lines.push(
      `  ${projection.padEnd(16)} at ${String(position)} of ${String(head)}` +
        (behind === 0 ? '' : ` (${String(behind)} behind${since})`),
    );
  }
  if (poison !== undefined) {
    const { projection, position, type, reason: why } = poison;
    lines.push(
      `\n${projection} cannot take ${type} at position ${String(position)}: ${why}`,
      'A version of Seqline that can take it mends this. To do without it, for good:',
      `  seqline projector skip ${String(position)} --reason "…"`,
    );
  }
  return lines.join('\n');
};

const status: Command = async (config) => {
  const { data } = await callAsAdmin<ProjectorStatus>(config, '/admin/projector/status', {});
  out(data === undefined ? '' : shown(data));
  return data?.state === 'running' || data?.state === 'standby' ? 0 : 1;
};

const skip: Command = async (config, { rest: [position, ...more], reason = '' }) => {
  if (position === undefined || !POSITION.test(position) || more.length > 0) {
    return complain('projector skip: name one position, as seqline projector status shows it');
  }
  if (reason.trim() === '') return complain('projector skip: say why, with --reason "…"');
  const request = { position: Number(position), reason };
  const { errDlt } = await callAsAdmin(config, '/admin/projector/skip', request);
  out(`Skipped${errDlt === '' ? '' : ` (${errDlt})`}.`);
  return 0;
};

const COMMANDS: Readonly<Record<string, Command>> = { status, skip };

/** For the day that a read model stops at an event: what it is, and how to go on without it. */
export const projector: Command = async (config, { rest: [name = '', ...rest], reason }) => {
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (command === undefined) return complain('projector: status, or skip POSITION --reason "…"');
  try {
    return await command(config, { rest, reason });
  } catch (error) {
    return complain(error instanceof Error ? error.message : String(error));
  }
};
