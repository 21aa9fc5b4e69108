/**
 * The shape of every management operation: it checks what the caller may do, runs one transaction,
 * and hands back the `data` of the answer, or a page of it. A refusal is thrown, because it must
 * undo the transaction that found it; whoever called the operation turns it into the error answer.
 */

import { type ErrorCode, fault, type RequestFault } from '../domain/error-catalogue.ts';
import { denialDetail, type Need } from '../domain/grants.ts';
import type { Principal } from '../domain/principal.ts';
import type { Database } from '../lib/database.ts';
import type { Vault } from './vault.ts';

export type ControlContext = {
  database: Database;
  /** Unix ms. */
  clock: () => number;
  /** Absent when no master key is configured: nothing can then be encrypted or decrypted. */
  vault?: Vault | undefined;
  /**
   * Has nodes give back what they have leased of these keys' credits, so that what is read next is
   * exact. Resolves after a bounded time, in vain if it must. Without it nothing is leased.
   */
  settleCredits?(keyIds: readonly string[]): Promise<void>;
};

export type Caller = Principal & {
  requestId: string;
  /** Where the call came from, for the audit log. */
  address: string;
  /** What the caller calls itself; empty when it does not say. */
  userAgent: string;
};

export type Operation<Body, Result> = (
  context: ControlContext,
  caller: Caller,
  body: Body,
) => Promise<Result>;

/** One page of a list: its rows, and where the next page starts unless this is the last one. */
export type Page<Row extends object> = { rows: Row[]; nextCursor: string | undefined };

/** `data` of the answers that have nothing to tell. */
export type Nothing = Record<never, never>;

export class RequestRefused extends Error {
  override readonly name = 'RequestRefused';
  readonly fault: RequestFault;

  constructor(code: ErrorCode, detail: string) {
    super(detail);
    this.fault = fault(code, detail);
  }
}

export function refuse(code: ErrorCode, detail: string): never {
  throw new RequestRefused(code, detail);
}

export function refuseInput(detail: string): never {
  refuse('unkey/application/invalid_input', detail);
}

export function refuseForLackOf(...needs: Need[]): never {
  refuse('unkey/authorization/insufficient_permissions', denialDetail(needs));
}
