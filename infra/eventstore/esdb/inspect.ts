import { sealingOf } from '../sealChoice.ts';
import { LOG_STREAM, readHistory } from '../history.ts';
import { within } from './appender.ts';
import { faultOf } from './callFaults.ts';
import { openClient, type LogClient } from './client.ts';
import { readFounding, type Founding } from './founding.ts';
import { APPEND_WAIT } from './limits.ts';
import { Reads } from './reads.ts';
import { readSealChosen } from './sealChosen.ts';
import { TOO_OLD, startProblem } from './startChecks.ts';

export type Finding = Readonly<{ good: boolean; what: string }>;

const good = (what: string): Finding => ({ good: true, what });
const bad = (what: string): Finding => ({ good: false, what });

/** The oldest release that says positions with what is read. */
const OLDEST = [22, 6] as const;

/**
 * What an operator wants to know of an event store before a server is started on it. Nothing is written:
 * where a log has been founded, the very append that founded it is tried, which stores nothing.
 */
export const inspectEsdb = async (connectionString: string): Promise<readonly Finding[]> => {
  let client: LogClient | undefined;
  try {
    client = openClient(connectionString);
    return await inspect(client);
  } catch (error) {
    return [bad(startProblem(connectionString, error).message)];
  } finally {
    client?.discard();
  }
};

const inspect = async (client: LogClient): Promise<readonly Finding[]> => {
  const reads = new Reads(client, { attempts: 1 });
  const readStream: Reads['stream'] = (...args) => reads.stream(...args);
  const founding = await readFounding({ readStream });
  const version = await client.serverVersion();
  const findings = [
    isTooOld(version)
      ? bad(`the event store answers with version ${version}: ${TOO_OLD}`)
      : good(`the event store answers${version === undefined ? '' : ` (version ${version})`}`),
    good(`${await leading(client)}; system projections and other applications do not matter`),
  ];
  if (founding === undefined)
    return [...findings, good('there is no log of Seqline yet: the first start makes it')];
  await tryAppend(client, founding);
  const { copying } = await readHistory({ readStream });
  const sealing = sealingOf(await readSealChosen({ readStream }));
  return [
    ...findings,
    good('it may be written'),
    copying
      ? bad(`its log ${founding.logId} is a copy that is not finished: run seqline log copy again`)
      : good(`its log is ${founding.logId}, ${sealing}`),
  ];
};

/** The client goes to the leader once it has been told of it. */
const leading = async (client: LogClient): Promise<string> => {
  try {
    await client.askLeader(LOG_STREAM);
    return 'the node leads';
  } catch (error) {
    if (faultOf(error).reason.kind !== 'not-leader') throw error;
  }
  await within(APPEND_WAIT, client.askLeader(LOG_STREAM), 'its leader does not answer');
  return 'the node does not lead, but its leader is reached';
};

const tryAppend = async (client: LogClient, { event }: Founding): Promise<void> => {
  await within(APPEND_WAIT, client.append(LOG_STREAM, 'no_stream', [event]), 'no answer');
};

const isTooOld = (version: string | undefined): boolean => {
  const [major = 0, minor = 0] = version?.split('.').map(Number) ?? OLDEST;
  return major < OLDEST[0] || (major === OLDEST[0] && minor < OLDEST[1]);
};
