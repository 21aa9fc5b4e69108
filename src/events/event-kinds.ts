import type { EventKind } from './event-kind.ts';
import { ingestKind } from './ingest-kind.ts';
import { ratelimitKind } from './ratelimit-kind.ts';
import { verificationKind } from './verification-kind.ts';

const eventKinds: readonly EventKind<never>[] = [verificationKind, ratelimitKind, ingestKind];

/** Undefined for a number that this version does not know. */
export function eventKindOf(wireNumber: number): EventKind<never> | undefined {
  return eventKinds.find((kind) => kind.wireNumber === wireNumber);
}
