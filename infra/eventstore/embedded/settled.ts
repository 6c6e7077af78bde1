/**
 * Waits for a transaction of LMDB's write thread. When it fails, the library's error only says "see
 * commitError", a promise that rejects with what LMDB said: that is what this rejects with.
 */
export const settled = async (done: Promise<boolean>): Promise<void> => {
  try {
    await done;
  } catch (error) {
    if (error instanceof Error && 'commitError' in error) await error.commitError;
    throw error;
  }
};
