import { single } from '../../../core/conversation/ids.ts';
import type { UserId } from '../../../core/kernel/ids.ts';
import { getSeqMessageReq, pullMessageBySeqsReq } from '../../../gateways/openim/requests.ts';
import type { PullJob, Pulled } from '../jobs.ts';
import { cpuBetween, cpuSeconds } from '../processes.ts';
import { Samples } from '../quantiles.ts';
import type { Client } from './client.ts';
import type { Faults } from './faults.ts';
import { Walker } from './walk.ts';

const PULL_RANGE = 1002;
const PULL_SEQS = 1005;
const ASCENDING = 0;

/** Every reader fetches its whole conversation, one page at a time; all readers at once. */
export const pull = async (
  job: PullJob,
  clients: readonly Client[],
  faults: Faults,
): Promise<Pulled> => {
  const walker = new Walker();
  const page = new Samples();
  let messages = 0;

  const request = (userID: string, conversationID: string, begin: number, end: number) => {
    if (job.by === 'range') {
      const seqRanges = [{ conversationID, begin, end, num: end - begin + 1 }];
      return pullMessageBySeqsReq.encode({ userID, seqRanges, order: ASCENDING });
    }
    const seqs = Array.from({ length: end - begin + 1 }, (_, index) => begin + index);
    const conversations = [{ conversationID, seqs }];
    return getSeqMessageReq.encode({ userID, conversations, order: ASCENDING });
  };

  const read = async ({ seat, other }: PullJob['readers'][number]): Promise<void> => {
    const client = clients[seat]!;
    const { user } = client.seat;
    const conversation = single(user as UserId, other as UserId);
    const last = client.newest.get(conversation) ?? 0;
    if (last === 0) faults.add(`${user}: nothing to read in ${conversation}`);
    for (let begin = 1; begin <= last && !faults.some; begin += job.page) {
      const end = Math.min(begin + job.page - 1, last);
      const asked = performance.now();
      const number = job.by === 'range' ? PULL_RANGE : PULL_SEQS;
      const answer = await client.ask(number, request(user, conversation, begin, end));
      page.add(performance.now() - asked);
      walker.walk(answer);
      const { count, seqs } = walker;
      for (let index = 0; index < count; index++) {
        if (seqs[index] !== begin + index) faults.add(`${conversation}: not in order`);
      }
      if (count !== end - begin + 1) faults.add(`${conversation}: ${String(count)} on a page`);
      messages += count;
    }
  };

  const [cpu, own, begun] = [cpuSeconds(job.pids), process.cpuUsage(), performance.now()];
  await Promise.race([Promise.all(job.readers.map(read)), faults.first]);
  const seconds = (performance.now() - begun) / 1_000;
  const [after, { user, system }] = [cpuSeconds(job.pids), process.cpuUsage(own)];
  return {
    messages,
    seconds,
    page: page.quantiles(),
    cpu: { ...cpuBetween(cpu, after), load: (user + system) / 1e6 },
  };
};
