/**
 * The keys whose credits pass through this node, between its table and Postgres: what is to be
 * asked, what to be given back, and what follows from an answer. Knows no database; CreditBank
 * carries the questions there, one batch at a time.
 */
import type { Leased, OwnLease, Return } from '../control/credit-leases.ts';
import type { CreditAnswer } from '../domain/credit-answer.ts';
import { assert } from '../lib/assert.ts';
import type { CreditTable } from '../limits/credit-table.ts';
import { CreditAccount, type CreditCall } from './credit-account.ts';
import { answersToServed, type LeasePlan, planLease } from './lease-plan.ts';

const idleMs = 1000;
/** How long an answer stands for the same question: an empty key asks no more often than this. */
const knownMs = 250;
const busyRetryMs = 3;
/** Past this, what other nodes have not given back is not waited for. */
const recallMs = 500;
const recallStepsMs = [4, 8, 16, 32, 64];

export class CreditAccounts {
  readonly #table: CreditTable;
  readonly #accounts = new Map<string, CreditAccount>();
  readonly #asking = new Set<CreditAccount>();
  readonly #returning = new Set<CreditAccount>();
  readonly #open = new Set<CreditAccount>();
  readonly #recalled = new Set<CreditAccount>();
  /** Leases that were not taken because the table had no room. */
  tableFullCount = 0;

  constructor(table: CreditTable) {
    this.#table = table;
  }

  get openCount(): number {
    return this.#open.size;
  }

  /** What the open leases have left. */
  leasedCredits(): number {
    let sum = 0;
    for (const { keyId } of this.#open) sum += this.#table.spend(keyId, 0).left;
    return sum;
  }

  known(keyId: string, cost: number, nowMs: number): CreditAnswer | undefined {
    return this.#accounts.get(keyId)?.answerFromKnown(cost, nowMs);
  }

  /** Nothing that was found out before is believed any more. */
  forgetKnown(): void {
    for (const account of this.#accounts.values()) account.known.untilMs = 0;
  }

  addCall(keyId: string, call: CreditCall): void {
    const account = this.#ensure(keyId);
    account.calls.push(call);
    this.#asking.add(account);
  }

  /** Answers every call that waits: out of the table if it can, else with `unavailable`. */
  answerWithoutPostgres(): void {
    for (const account of this.#asking) {
      this.#serveFromTable(account);
      account.answerAll({ outcome: 'unavailable' });
      this.#rest(account);
    }
  }

  /** When there is something to do next; Infinity: nothing. */
  nextDueAtMs(): number {
    if (this.#recalled.size > 0) return 0;
    let nextMs = Number.POSITIVE_INFINITY;
    for (const { retryAtMs } of this.#returning) nextMs = Math.min(nextMs, retryAtMs);
    for (const account of this.#asking) {
      if (account.lease !== 'returning') nextMs = Math.min(nextMs, account.retryAtMs);
    }
    return nextMs;
  }

  /** What is to be asked of Postgres now. What the table has is spent out of it first. */
  plans(countMax: number, nowMs: number): LeasePlan[] {
    const plans: LeasePlan[] = [];
    for (const account of this.#asking) {
      if (plans.length === countMax) break;
      if (account.lease === 'returning' || account.retryAtMs > nowMs) continue;
      this.#serveFromTable(account);
      const plan = planLease(account, this.#table, nowMs);
      if (plan?.isTableFull) this.tableFullCount += 1;
      if (plan) plans.push(plan);
      else this.#rest(account);
    }
    return plans;
  }

  /** Does what follows from the answer. True: other nodes are to be asked for what they have. */
  apply(plan: LeasePlan, found: Leased, nowMs: number): boolean {
    const { account } = plan;
    switch (found.state) {
      case 'busy':
        account.retryAtMs = nowMs + busyRetryMs;
        this.#freeUnusedSlot(account);
        return false;
      case 'revoked':
        this.#drop(account);
        return false;
      case 'unlimited':
        this.#drop(account);
        account.answerAll({ outcome: 'unlimited' });
        this.#rest(account);
        return false;
      case 'open':
        return this.#applyOpen(plan, found, nowMs);
      default:
        return found.state satisfies never;
    }
  }

  /** What these keys have leased, or are about to lease, is to be given back. */
  recall(keyIds: Iterable<string>): void {
    for (const keyId of keyIds) {
      const account = this.#accounts.get(keyId);
      if (!account || account.lease === 'returning') continue;
      if (account.lease === 'open' || this.#asking.has(account)) this.#recalled.add(account);
    }
  }

  /**
   * Not to be called while a statement is under way or its outcome in doubt: a lease that is closed
   * between the making of a mark and its grant would lose what it had left.
   */
  closeRecalled(): void {
    for (const account of this.#recalled) if (account.lease === 'open') this.#close(account);
    this.#recalled.clear();
  }

  closeAll(): void {
    for (const account of [...this.#open]) this.#close(account);
  }

  isReturning(keyIds: readonly string[]): boolean {
    return keyIds.some((keyId) => {
      const account = this.#accounts.get(keyId);
      return account && (account.lease === 'returning' || this.#recalled.has(account));
    });
  }

  returns(countMax: number, nowMs: number): Return[] {
    const returns: Return[] = [];
    for (const { keyId, retryAtMs } of this.#returning) {
      if (returns.length === countMax) break;
      if (retryAtMs <= nowMs) returns.push({ keyId, left: this.#table.takeBack(keyId) });
    }
    return returns;
  }

  get returningCount(): number {
    return this.#returning.size;
  }

  finishReturns(returns: readonly Return[], done: ReadonlySet<string>, nowMs: number): void {
    for (const { keyId } of returns) {
      const account = this.#ensure(keyId);
      if (done.has(keyId)) this.#drop(account);
      else account.retryAtMs = nowMs + busyRetryMs;
    }
  }

  /**
   * Brings the table in line with the rows of this node in Postgres: grants what was committed and
   * perhaps not granted, drops what was revoked. Gives the keys of rows that the table knows
   * nothing of: what they had was lost with an earlier table.
   */
  reconcile(rows: readonly OwnLease[]): string[] {
    const lost: string[] = [];
    const standing = new Set<CreditAccount>();
    for (const { keyId, amount, mark } of rows) {
      const result = this.#table.grant(keyId, { amount, mark });
      if (result === 'lost') {
        lost.push(keyId);
        continue;
      }
      const account = this.#ensure(keyId);
      standing.add(account);
      if (result === 'closed') this.#close(account);
      else if (account.lease === 'none') this.#markOpen(account);
    }
    for (const account of [...this.#open]) if (!standing.has(account)) this.#drop(account);
    return lost;
  }

  /** Frees what the table holds of keys that this node has no lease of. */
  forgetOthers(): void {
    this.#table.forgetOthers([...this.#open, ...this.#returning].map((account) => account.keyId));
  }

  /** Calls that have waited for too long are told so. */
  expireCalls(nowMs: number): void {
    for (const account of this.#asking) {
      const late = account.calls.filter((call) => call.deadlineMs <= nowMs);
      account.answerEach(new Map(late.map((call) => [call, { outcome: 'unavailable' }])));
    }
  }

  /** Recalls leases that lie idle, renews those that run low, forgets keys that are cold. */
  sweep(nowMs: number): void {
    for (const account of this.#accounts.values()) {
      if (account.lease === 'open') this.#sweepOpen(account, nowMs);
      const isCold = nowMs - account.askedAtMs > idleMs && account.known.untilMs <= nowMs;
      if (account.lease !== 'none' || this.#asking.has(account) || !isCold) continue;
      this.#accounts.delete(account.keyId);
      this.#table.forget(account.keyId);
    }
  }

  #sweepOpen(account: CreditAccount, nowMs: number): void {
    const { left } = this.#table.spend(account.keyId, 0);
    if (left !== account.left) {
      account.left = left;
      account.leftSinceMs = nowMs;
      account.isRunningLow = left * 2 <= account.size && account.size > 0;
      if (account.isRunningLow) this.#asking.add(account);
    } else if (nowMs - account.leftSinceMs >= idleMs) {
      this.#recalled.add(account);
    }
  }

  #ensure(keyId: string): CreditAccount {
    const known = this.#accounts.get(keyId);
    if (known) return known;
    const account = new CreditAccount(keyId);
    this.#accounts.set(keyId, account);
    return account;
  }

  #serveFromTable(account: CreditAccount): void {
    if (account.lease !== 'open') return;
    const answers = new Map<CreditCall, CreditAnswer>();
    for (const call of account.callsByCost()) {
      const { outcome, left, unleased } = this.#table.spend(account.keyId, call.cost);
      if (outcome !== 'spent') break;
      answers.set(call, { outcome, left: left + unleased });
    }
    account.answerEach(answers);
  }

  #applyOpen(plan: LeasePlan, found: Leased, nowMs: number): boolean {
    const { account, calls, ask } = plan;
    const unleased = Math.max(0, found.unleased);
    if (found.leased > 0) {
      const grant = { amount: found.leased, mark: ask.mark, unleased };
      assert(this.#table.grant(account.keyId, grant) === 'granted', 'a mark is granted once');
      this.#markOpen(account);
    } else {
      this.#freeUnusedSlot(account);
      if (account.lease === 'open') this.#table.noteUnleased(account.keyId, unleased);
    }
    const ownLeft = account.lease === 'open' ? this.#table.spend(account.keyId, 0).left : 0;
    const left = Math.max(0, found.unleased + ownLeft);
    account.answerEach(answersToServed(plan, { spent: found.spent, left }));
    account.size = Math.min(account.size, ownLeft);
    account.known = { left, isFinal: false, untilMs: nowMs + knownMs };
    const short = calls.filter((call) => !call.isAnswered);
    if (short.length > 0) return this.#shortOf(account, { short, found }, nowMs);
    this.#rest(account);
    return false;
  }

  /**
   * Postgres has fewer than the cheapest call costs. This node's lease is given back first, though
   * it be empty, so that Postgres tells what is left; then the others are asked. Only when nobody
   * has anything more is it too little.
   */
  #shortOf(
    account: CreditAccount,
    { short, found }: { short: readonly CreditCall[]; found: Leased },
    nowMs: number,
  ): boolean {
    if (account.lease === 'open') {
      this.#close(account);
      return false;
    }
    if (account.recallUntilMs === 0) account.recallUntilMs = nowMs + recallMs;
    if (found.isElsewhere && nowMs < account.recallUntilMs) {
      const step = Math.min(account.recallCount, recallStepsMs.length - 1);
      account.retryAtMs = nowMs + (recallStepsMs[step] as number);
      account.recallCount += 1;
      return true;
    }
    const left = Math.max(0, found.unleased);
    account.known = { left, isFinal: true, untilMs: nowMs + knownMs };
    account.answerEach(new Map(short.map((call) => [call, { outcome: 'insufficient', left }])));
    this.#rest(account);
    return false;
  }

  /** Nothing more to be asked of Postgres, unless calls have come in since. */
  #rest(account: CreditAccount): void {
    account.recallUntilMs = 0;
    account.recallCount = 0;
    account.retryAtMs = 0;
    if (account.calls.length === 0) this.#asking.delete(account);
  }

  #markOpen(account: CreditAccount): void {
    account.lease = 'open';
    account.left = -1;
    this.#open.add(account);
  }

  /** From here on nobody spends of it. */
  #close(account: CreditAccount): void {
    this.#table.takeBack(account.keyId);
    account.lease = 'returning';
    account.size = 0;
    account.retryAtMs = 0;
    account.isRunningLow = false;
    this.#open.delete(account);
    this.#returning.add(account);
  }

  /** The lease is over: it was given back or revoked. */
  #drop(account: CreditAccount): void {
    this.#table.takeBack(account.keyId);
    this.#table.forget(account.keyId);
    account.lease = 'none';
    account.size = 0;
    account.retryAtMs = 0;
    account.isRunningLow = false;
    this.#open.delete(account);
    this.#returning.delete(account);
  }

  #freeUnusedSlot(account: CreditAccount): void {
    if (account.lease === 'none') this.#table.forget(account.keyId);
  }
}
