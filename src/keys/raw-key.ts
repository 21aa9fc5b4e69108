/** A key of the first copy: its texts are where they came in. Made once, and used again. */
import type { KeyTraits } from './traits.ts';

/** UTF-8, or a hash, among other bytes. */
export type Span = { bytes: Buffer; start: number; end: number };

export type RawKey = {
  readonly hash: Span;
  hashKind: number;
  isEnabled: boolean;
  /** Unix ms; 0 when the key does not expire. */
  expiresAtMs: number;
  hasCredits: boolean;
  /** The same object in all keys that have the same. */
  traits: KeyTraits;
  readonly keyId: Span;
  readonly identityId: Span;
  readonly migrationId: Span;
  /** With commas between. */
  readonly limitIds: Span;
  readonly name: Span;
  /** Empty when unset or `{}`. */
  readonly metaJson: Span;
};
