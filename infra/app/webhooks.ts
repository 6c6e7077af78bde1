import type { BeforeSend } from '../../core/conversation/ports.ts';
import type { Millis } from '../../core/kernel/ids.ts';
import { openQuestions, WAITING_MAX } from '../../gateways/hooks/ask.ts';
import { askAboutMessages } from '../../gateways/hooks/messages.ts';
import { KNOWN_CALLBACKS } from '../../gateways/openim/callbacks.ts';
import type { Log } from '../observe/log.ts';
import { openPost } from '../webhooks/post.ts';
import { readWebhooks } from '../webhooks/settings.ts';

type Deps = Readonly<{
  /** The file of settings; '' for none. */
  path: string;
  now: () => Millis;
  log: Log;
}>;

export type Webhooks = Readonly<{
  beforeSend: BeforeSend | undefined;
  close: () => Promise<void>;
}>;

/** The app server's callbacks, as its file of settings has them. Throws what is wrong with the file. */
export const openWebhooks = ({ path, now, log }: Deps): Webhooks => {
  const endpoints = readWebhooks(path, KNOWN_CALLBACKS);
  const asking = openPost({ now, socketsMax: WAITING_MAX });
  const questionOf = openQuestions({ endpoints, post: asking.post, log });
  return {
    beforeSend: askAboutMessages(questionOf),
    close: async () => {
      asking.close();
    },
  };
};
