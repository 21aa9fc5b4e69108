/** What the pipeline is given: everything that it may ask of the world, all of it synchronous. */
import type {
  DocumentKind,
  DocumentRecords,
  KeyRecord,
  MigrationRecord,
} from '../domain/records.ts';
import type { SpendResult } from '../limits/credit-table.ts';
import type { LimitRequest, LimitVerdict } from '../limits/window-table.ts';

export type KeyLookup = {
  keyByHash(hash: Buffer, kind?: number): KeyRecord | undefined;
  find<K extends DocumentKind>(kind: K, id: string): DocumentRecords[K] | undefined;
};

export type VerifyPorts = {
  lookup: KeyLookup;
  limits: { takeAll(requests: readonly LimitRequest[], nowMs: number): LimitVerdict[] };
  credits: { spend(keyId: string, cost: number): SpendResult };
  /** The secret of an import's keyed hash; undefined when this node cannot decrypt it. */
  pepperOf(migration: MigrationRecord): Uint8Array | undefined;
  /** Whether an imported key may be judged although it is not yet stored under its own hash. */
  acceptsPending: boolean;
  nowMs: number;
  /** Who calls, if the request does not say for whom it asks; only asked for when it matters. */
  callerAddress(): string;
};
