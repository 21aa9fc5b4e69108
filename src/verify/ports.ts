/** What the pipeline is given: everything that it may ask of the world, all of it synchronous. */
import type { DocumentKind, DocumentRecords, KeyRecord } from '../domain/records.ts';

export type KeyLookup = {
  keyByHash(hash: Buffer, kind?: number): KeyRecord | undefined;
  find<K extends DocumentKind>(kind: K, id: string): DocumentRecords[K] | undefined;
};

export type VerifyPorts = {
  lookup: KeyLookup;
  nowMs: number;
};
