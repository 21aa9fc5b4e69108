/**
 * Work that is never done twice at a time: who asks for it meanwhile has it done once more when it
 * is over, as what came since it began is meant too. `work` must not reject.
 */
export function inTurn(work: () => Promise<void>): () => Promise<void> {
  let isWanted = false;
  let isRunning = false;
  return async () => {
    isWanted = true;
    if (isRunning) return;
    isRunning = true;
    while (isWanted) {
      isWanted = false;
      await work();
    }
    isRunning = false;
  };
}
