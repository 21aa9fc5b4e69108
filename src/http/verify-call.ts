import type { VerifyKeyBody } from '../contract/verify-key.ts';
import type { Principal } from '../domain/principal.ts';

/** Somebody asks about a key, through whichever door. */
export type VerifyCall = {
  principal: Principal;
  request: VerifyKeyBody;
  /** Of the request that a proxy asks about; without it, nothing is recorded of one. */
  original?: { method: string; path: string; clientAddress: string };
};
