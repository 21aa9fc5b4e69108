import type { Outcome } from './outcome.ts';

/** One answered verification, as it is spooled and then stored in ClickHouse. */
export type VerificationEvent = {
  /** `req_…`, the id that the caller read in `meta.requestId`; in a batch, the same for all. */
  requestId: string;
  /** When the verdict was reached, Unix ms. */
  timeMs: number;
  workspaceId: string;
  /** `ks_…`; empty for a key that does not exist for this caller. */
  keyspaceId: string;
  keyId: string;
  /** Empty without an identity, as is `externalId`. */
  identityId: string;
  externalId: string;
  outcome: Outcome;
  tags: readonly string[];
  /** Credits really deducted: 0 unless the outcome is VALID. */
  spentCredits: number;
  /** From the last byte of the request to the verdict, in microseconds. */
  latencyUs: number;
  /** Of the original request, where a reverse proxy asked on its behalf; empty otherwise. */
  method: string;
  path: string;
  clientAddress: string;
};
