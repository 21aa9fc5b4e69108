/**
 * What a verification can answer. The position is the number on disk and in events: append, never
 * reorder. WORKSPACE_DISABLED is recorded only; the caller reads FORBIDDEN.
 */
export const outcomes = [
  'VALID',
  'NOT_FOUND',
  'FORBIDDEN',
  'INSUFFICIENT_PERMISSIONS',
  'USAGE_EXCEEDED',
  'RATE_LIMITED',
  'DISABLED',
  'EXPIRED',
  'WORKSPACE_DISABLED',
] as const;

export type Outcome = (typeof outcomes)[number];
