/**
 * Before a contestant is measured V8 must have compiled what it runs, and the pages of the replica
 * must have been seen once.
 */
import type { Contestant } from './contestant.ts';
import { runLoad } from './load.ts';

const runSeconds = 0.5;
/** Where a machine is too busy to get through the keys. */
const runsMax = 60;
const warm = new Set<string>();

/** Once for each process and request; by keys, as a busy machine gets through less in a second. */
export async function warmUp(
  contestant: Contestant,
  { connectionCount, warmUpShare }: { connectionCount: number; warmUpShare: number },
): Promise<void> {
  const pids = contestant.pids();
  const name = `${pids.join(',')} ${contestant.template}`;
  if (warm.has(name)) return;
  warm.add(name);
  const wantedCount = contestant.warmUpKeyCount * pids.length * warmUpShare;
  for (let count = 0, run = 0; count < wantedCount && run < runsMax; run += 1) {
    const { answers } = await runLoad(contestant, {
      seconds: runSeconds * (contestant.share ?? 1),
      connectionCount,
      seed: 0,
    });
    count += answers * contestant.keysPerRequest;
  }
}
