import { REQUESTS } from '../../openim/numbers.ts';
import type { Handlers } from '../answer.ts';
import { background } from './background.ts';
import type { HandlerDeps } from './common.ts';
import { lastMessages } from './lastMessages.ts';
import { logout } from './logout.ts';
import { newestSeqs } from './newestSeqs.ts';
import { onlineStatus } from './onlineStatus.ts';
import { pullByRange, pullBySeqs } from './pulls.ts';
import { readStates } from './readStates.ts';
import { sendMessage } from './sendMessage.ts';
import { sendSignal } from './sendSignal.ts';

/** Who answers which number. A number that is added has no build until it has an entry. */
export const handlersFor = (deps: HandlerDeps): Handlers => ({
  [REQUESTS.newestSeq]: newestSeqs(deps),
  [REQUESTS.pullByRange]: pullByRange(deps),
  [REQUESTS.sendMessage]: sendMessage(deps),
  [REQUESTS.sendSignal]: sendSignal(),
  [REQUESTS.pullBySeqs]: pullBySeqs(deps),
  [REQUESTS.readAndMaxSeqs]: readStates(deps),
  [REQUESTS.lastMessages]: lastMessages(deps),
  [REQUESTS.logout]: logout(),
  [REQUESTS.background]: background(deps),
  [REQUESTS.onlineStatus]: onlineStatus(deps),
});
