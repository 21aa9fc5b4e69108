import type { RequestFault } from '../domain/error-catalogue.ts';
import type { Outcome } from '../domain/outcome.ts';
import type { ApiRecord, IdentityRecord, KeyRecord, LimitConfig } from '../domain/records.ts';

/** A limit that this verification looked at, and what it found. */
export type CheckedLimit = LimitConfig & {
  /** What is left in the window; 0 when exceeded. */
  remaining: number;
  /** End of the current window, Unix ms. */
  resetAtMs: number;
  isExceeded: boolean;
};

/** Whose key it is: known from the moment on that the caller may know of the key at all. */
export type Subject = {
  key: KeyRecord;
  api: ApiRecord;
  /** Without a live identity: undefined. */
  identity: IdentityRecord | undefined;
  /** Slugs held directly and through roles. */
  permissions: ReadonlySet<string>;
  /** Names. */
  roles: readonly string[];
};

export type KnownOutcome = Exclude<Outcome, 'NOT_FOUND'>;

export type KnownVerdict = Subject & {
  outcome: KnownOutcome;
  checkedLimits: readonly CheckedLimit[];
  /** What is left of limited credits; undefined when they are unlimited or cannot be asked. */
  remainingCredits: number | undefined;
  /** 0 unless the outcome is VALID. */
  spentCredits: number;
};

/** The answer to "is this key good, for this action, now, within its limits, and whose is it". */
export type Verdict =
  /** Says nothing more: the same for a key that never was and for one that is not the caller's. */
  { outcome: 'NOT_FOUND' } | KnownVerdict;

/** A verification for which this node must first ask for credits, or how many there are. */
export type PendingSpend = {
  subject: Subject;
  checkedLimits: readonly CheckedLimit[];
  cost: number;
  /** Decided already, before the credits; then `cost` is 0 and only what is left is wanted. */
  failure: Exclude<KnownOutcome, 'VALID'> | undefined;
};

/** An imported key that is used for the first time: from now on it has a hash of our own. */
export type FirstUse = {
  keyId: string;
  migrationId: string;
  /** SHA-256 of the whole key. */
  hash: Buffer;
  start: string;
};

export type Decision =
  | { kind: 'verdict'; verdict: Verdict }
  /** The request itself cannot be judged. */
  | { kind: 'fault'; fault: RequestFault }
  /** To be stored under its own hash, once in its life; then ask again. */
  | { kind: 'first-use'; use: FirstUse }
  /** The one thing that may take the network: ask for credits, then `settleSpend`. */
  | { kind: 'pending'; pending: PendingSpend };
