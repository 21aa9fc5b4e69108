import type { EventKind } from './event-kind.ts';
import { verificationKind } from './verification-kind.ts';

const eventKinds: readonly EventKind<never>[] = [verificationKind];

/** Undefined for a number that this version does not know. */
export function eventKindOf(wireNumber: number): EventKind<never> | undefined {
  return eventKinds.find((kind) => kind.wireNumber === wireNumber);
}
