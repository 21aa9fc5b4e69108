/**
 * The shape of every management operation: it checks what the caller may do, runs one transaction,
 * and hands back the `data` of the answer. A refusal is thrown, because it must undo the
 * transaction that found it; whoever called the operation turns it into the error answer.
 */

import { type ErrorCode, fault, type RequestFault } from '../domain/error-catalogue.ts';
import { denialDetail, type Need } from '../domain/grants.ts';
import type { Principal } from '../domain/principal.ts';
import type { Database } from '../lib/database.ts';

export type ControlContext = { database: Database; clock: () => number };

export type Caller = Principal & { requestId: string };

export type Operation<Body, Result> = (
  context: ControlContext,
  caller: Caller,
  body: Body,
) => Promise<Result>;

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

export function refuseForLackOf(...needs: Need[]): never {
  refuse('unkey/authorization/insufficient_permissions', denialDetail(needs));
}
