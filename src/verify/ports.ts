/** What the pipeline is given: everything that it may ask of the world, all of it synchronous. */
import type { KeyRecord, MigrationRecord } from '../domain/records.ts';
import type { SpendResult } from '../limits/credit-table.ts';
import type { LimitRequest, LimitVerdict } from '../limits/window-table.ts';
import type { DocumentLookup, Rights } from './rights.ts';

export type KeyLookup = DocumentLookup & {
  /** `digest`: the hash, a character for each byte. Kind 0: SHA-256 of the whole key. */
  keyByDigest(digest: string, kind?: number): StoredKey | undefined;
};

/** A key and its rights as they are now; keys with the same rights may share the object. */
export type StoredKey = { key: KeyRecord; rights: Rights };

export type VerifyPorts = {
  lookup: KeyLookup;
  limits: {
    take(request: LimitRequest, nowMs: number): LimitVerdict;
    takeAll(requests: readonly LimitRequest[], nowMs: number): LimitVerdict[];
  };
  credits: { spend(keyId: string, cost: number): SpendResult };
  /** The secret of an import's keyed hash; undefined when this node cannot decrypt it. */
  pepperOf(migration: MigrationRecord): Uint8Array | undefined;
  /** Whether an imported key may be judged although it is not yet stored under its own hash. */
  acceptsPending: boolean;
  nowMs: number;
  /** Who calls, if the request does not say for whom it asks; only asked for when it matters. */
  callerAddress(): string;
};
