/**
 * One transaction that changes something, and its record in the audit log: either both are stored
 * or neither is.
 */
import type { AuditEvent } from '../domain/audit-actions.ts';
import type { Transaction } from '../lib/database.ts';
import { writeAuditEvents } from './audit-events.ts';
import type { Caller, ControlContext } from './operation.ts';

export type Scope = {
  transaction: Transaction;
  caller: Caller;
  /** The workspace that is changed: the caller's own, unless it administers another. */
  workspaceId: string;
  nowMs: number;
  /** What has been changed so far. */
  events: AuditEvent[];
};

export function inChange<T>(
  { database, clock }: ControlContext,
  caller: Caller,
  work: (scope: Scope) => Promise<T>,
  workspaceId: string = caller.workspaceId,
): Promise<T> {
  const changed = database.begin(async (transaction) => {
    const scope: Scope = { transaction, caller, workspaceId, nowMs: clock(), events: [] };
    const result = await work(scope);
    await writeAuditEvents(
      transaction,
      { ...caller, workspaceId, nowMs: scope.nowMs },
      scope.events,
    );
    return result;
  });
  return changed as Promise<T>;
}

/** The fields of a three-state update that differ, as they were and as they are now. */
export function difference<T extends object>(
  before: T,
  after: Partial<T>,
): { before: Partial<T>; after: Partial<T> } | undefined {
  const changed = (Object.keys(after) as (keyof T)[]).filter(
    (name) => after[name] !== undefined && !isSame(before[name], after[name]),
  );
  if (changed.length === 0) return undefined;
  const pick = (values: Partial<T>) =>
    Object.fromEntries(changed.map((name) => [name, values[name] ?? null])) as Partial<T>;
  return { before: pick(before), after: pick(after) };
}

function isSame(a: unknown, b: unknown): boolean {
  return JSON.stringify(a ?? null) === JSON.stringify(b ?? null);
}
