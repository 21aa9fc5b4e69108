/** What is asked of Postgres for one key, on behalf of the calls that wait for it. */
import type { LeaseAsk } from '../control/credit-leases.ts';
import type { CreditAnswer } from '../domain/credit-answer.ts';
import type { CreditTable } from '../limits/credit-table.ts';
import type { CreditAccount, CreditCall } from './credit-account.ts';
import { nextLeaseSize } from './lease-size.ts';

export type LeasePlan = {
  account: CreditAccount;
  /** The cheapest first, as the needs of the ask. */
  calls: readonly CreditCall[];
  ask: LeaseAsk;
  /** A lease was wanted, and the table had no room for it. */
  isTableFull: boolean;
};

/** undefined: there is nothing to be asked. */
export function planLease(
  account: CreditAccount,
  table: CreditTable,
  nowMs: number,
): LeasePlan | undefined {
  if (account.calls.length === 0 && !account.isRunningLow) return undefined;
  const { keyId } = account;
  const calls = account.callsByCost();
  const needs = sumsOfCosts(calls);
  const isLeased = account.lease === 'open';
  const outstanding = isLeased ? table.spend(keyId, 0).left : 0;
  if (account.retryAtMs === 0) {
    account.size = nextLeaseSize({
      size: account.size,
      lastedMs: lastedMs(account, outstanding, nowMs),
      asked: needs.at(-1) ?? 0,
    });
  }
  // While other nodes are asked for what they have, nothing is put aside here.
  const isRecalling = account.recallUntilMs !== 0;
  const wanted = isRecalling ? 0 : Math.max(0, account.size - outstanding);
  account.askedAtMs = nowMs;
  account.isRunningLow = false;
  if (calls.length === 0 && wanted === 0) return undefined;
  const mark = wanted > 0 ? table.reserve(keyId) : undefined;
  const extra = mark === undefined ? 0 : wanted;
  return {
    account,
    calls,
    ask: { keyId, needs, extra, mark: mark ?? 0, outstanding, isLeased },
    isTableFull: extra < wanted,
  };
}

/** As if the calls had been served one after the other: each is told what was left after it. */
export function answersToServed(
  { calls, ask }: LeasePlan,
  { spent, left }: { spent: number; left: number },
): Map<CreditCall, CreditAnswer> {
  const answers = new Map<CreditCall, CreditAnswer>();
  for (const [index, call] of calls.entries()) {
    const need = ask.needs[index] as number;
    if (need <= spent) answers.set(call, { outcome: 'spent', left: left + spent - need });
  }
  return answers;
}

/** What the calls cost, added up one after the other. */
function sumsOfCosts(calls: readonly CreditCall[]): number[] {
  let sum = 0;
  return calls.map((call) => {
    sum += call.cost;
    return sum;
  });
}

/** How long the whole lease would have lasted at the pace at which it was spent. */
function lastedMs({ askedAtMs, size }: CreditAccount, left: number, nowMs: number): number {
  const sinceMs = nowMs - askedAtMs;
  return size > left ? (sinceMs * size) / (size - left) : sinceMs;
}
