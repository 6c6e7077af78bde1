import type { KeyShelf } from '../../../infra/auth/signingKeys.ts';

/** A shelf in memory that shows what is on it and how often it was saved. */
export const memoryShelf = (text?: string) => {
  const shelf = { text, saves: 0 };
  const port: KeyShelf = {
    load: () => Promise.resolve(shelf.text),
    save: (next, before) => {
      if (before !== shelf.text) return Promise.resolve(false);
      shelf.text = next;
      shelf.saves += 1;
      return Promise.resolve(true);
    },
  };
  return { shelf, port };
};
