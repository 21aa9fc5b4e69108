/** The native engine of a worker, and who tells it of what it shares with the rest. */
import { keyLengthMax, permissionsLengthMax } from '../contract/verify-key.ts';
import { verificationsMax } from '../contract/verify-keys.ts';
import { QuickTeacher } from '../http/quick-teacher.ts';
import { type PackedEvent, QuickVerifier } from '../http/quick-verifier.ts';
import type { GenerationPage } from '../keys/generation-page.ts';
import type { OnReplicaState, ReplicaReader } from '../keys/replica-reader.ts';
import type { Releasers } from '../lib/releasers.ts';
import type { WindowTable } from '../limits/window-table.ts';
import { createEngine } from '../native/engine.ts';
import type { WorkerCounters } from './worker-counters.ts';

export type WorkerEngine = {
  /** For the native door. */
  readonly engine: { readonly handle: unknown };
  onReplicaState: OnReplicaState;
  /** The segment of the spool that events go to. */
  onSegment(words: Uint32Array | undefined): void;
  /** To be called once. `spool` takes the events that the segment does not. */
  verifier(replica: ReplicaReader, spool: (event: PackedEvent) => void): QuickVerifier;
};

type Shared = { generationPage: GenerationPage; counters: WorkerCounters; limits: WindowTable };

/** Undefined where the engine was not built. */
export function openWorkerEngine(
  { generationPage, counters, limits }: Shared,
  releasers: Releasers,
): WorkerEngine | undefined {
  const engine = createEngine({
    generation: generationPage.replicaWord,
    counters: counters.verificationCells,
    windows: limits.memory,
    bounds: { keyLengthMax, permissionsLengthMax, verificationsMax },
  });
  if (!engine) return undefined;
  releasers.push('engine', () => engine.close());
  let teacher: QuickTeacher | undefined;
  return {
    engine,
    onReplicaState(state) {
      if (state === undefined) {
        engine.useReplica();
        return;
      }
      const { file, keysRoot, identitiesRoot, generation } = state;
      engine.useReplica(file, keysRoot, identitiesRoot, generation);
      if (state.hasOtherDocuments) teacher?.forget();
    },
    onSegment: (words) => engine.useSegment(words),
    verifier(replica, spool) {
      teacher = new QuickTeacher(engine, {
        rootKeyByToken: replica.rootKeyByToken,
        traitsOf: replica.traitsOf,
        refresh: replica.refresh,
        api: (apiId) => replica.find('api', apiId),
        workspace: (workspaceId) => replica.find('workspace', workspaceId),
      });
      return new QuickVerifier(engine, teacher, spool);
    },
  };
}
