import type { Millis } from '../../core/kernel/ids.ts';

/** How long somebody waits for something that is to end by itself, from the first time that it is asked for. */
export type Patience = Readonly<{ begin: () => void; end: () => void }>;

/** `lost` is called once, unless it has ended in time. */
export const patience = (ms: Millis, lost: () => void): Patience => {
  let timer: NodeJS.Timeout | undefined;
  let isOver = false;
  return {
    begin: () => {
      if (!isOver) timer ??= setTimeout(lost, ms);
    },
    end: () => {
      isOver = true;
      clearTimeout(timer);
    },
  };
};
