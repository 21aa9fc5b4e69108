/**
 * One page of memory that the primary writes and all workers of a node read. It answers, for the
 * price of one atomic load, the question "has the replica changed since I last looked?": a reader
 * that sees an unchanged number may keep its LMDB snapshot and what it has cached.
 *
 * The primary raises a number after its LMDB transaction is committed and before it tells anybody:
 * whoever was told of a change and then asks any worker sees the change.
 */
import { type MappedFile, mapFile } from '../lib/mapped-file.ts';

const pageBytes = 4096;
const replicaAt = 0;
const documentsAt = 16;
const syncedAt = 16;

export type GenerationPage = {
  /** Raised by every change. */
  replica(): number;
  /** The one number behind `replica()`, for whoever reads it by itself. */
  readonly replicaWord: Int32Array;
  /** Raised by changes of anything but keys and identities. */
  documents(): number;
  raise(change: { touchesDocuments: boolean }): void;
  /** When the replica was last known to equal Postgres, Unix ms; 0 if never. Survives restarts. */
  syncedAtMs(): number;
  setSyncedAtMs(nowMs: number): void;
  close(): void;
};

export function openGenerationPage(path: string): GenerationPage {
  const file: MappedFile = mapFile(path, pageBytes);
  const counters = new Int32Array(file.buffer);
  const instants = new Float64Array(file.buffer);
  return {
    replica: () => Atomics.load(counters, replicaAt),
    replicaWord: counters.subarray(replicaAt, replicaAt + 1),
    documents: () => Atomics.load(counters, documentsAt),
    raise({ touchesDocuments }) {
      if (touchesDocuments) Atomics.add(counters, documentsAt, 1);
      Atomics.add(counters, replicaAt, 1);
    },
    syncedAtMs: () => instants[syncedAt] ?? 0,
    setSyncedAtMs(nowMs) {
      instants[syncedAt] = nowMs;
    },
    close: () => file.unmap(),
  };
}
