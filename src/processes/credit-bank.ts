/**
 * The primary's side of the credits: leases them from Postgres for the workers to spend, and gives
 * back what is not spent. One loop does everything that touches Postgres, one statement at a time;
 * what is asked meanwhile makes the next batch, so that a thousand keys cost as many round trips as
 * one.
 *
 * A call that the node's lease does not cover is paid in Postgres, for good, with the statement
 * that perhaps leases more. A key that asks often gets a lease (see lease-size.ts), which goes back
 * after a second of idleness, when another node is short of credits, and when the node stops.
 *
 * What holds whoever dies when: a credit is spent at most once, and what was answered as spent is
 * spent. What a killed node had left comes back when a node starts again on its data folder; until
 * then it counts as spent, some second's worth of each key that was busy there. Three things can be
 * charged without an answer: calls that were under way at a crash, calls whose statement was
 * committed although its connection broke, and calls whose statement took longer than they waited.
 *
 * When somebody sets a key's credits anew, all leases of it end with the commit. This node forgets
 * them before the change is answered (`awaitChecked`); others when they hear of it, some
 * milliseconds later. What they spend in between, or while they cannot reach Postgres, is at most
 * what they had left, and counts as spent before the change.
 */
import { once } from 'node:events';
import {
  beat,
  creditsChannel,
  leaseCredits,
  leasedElsewhere,
  readOwnLeases,
  recallCredits,
  returnCredits,
  signOff,
} from '../control/credit-leases.ts';
import type { CreditAnswer } from '../domain/credit-answer.ts';
import { createBackoff } from '../lib/backoff.ts';
import { classifyDatabaseError, type Database } from '../lib/database.ts';
import type { Logger } from '../lib/logger.ts';
import type { CreditTable } from '../limits/credit-table.ts';
import { CreditAccounts } from './credit-accounts.ts';
import type { LeasePlan } from './lease-plan.ts';
import { Wakeable } from './wakeable.ts';

/** `database` is ended by whoever opened it, after `stop`: that ends the LISTEN too. */
export type CreditBankOptions = {
  database: Database;
  table: CreditTable;
  nodeId: string;
  /** Of the machine, for people. */
  nodeName: string;
  logger: Logger;
  /** Unix ms. */
  clock: () => number;
};

export type CreditTotals = {
  leaseCount: number;
  leasedCredits: number;
  /** Calls that no lease covered, by their answer. */
  answerCounts: Record<CreditAnswer['outcome'], number>;
  /** Leases that were not taken for want of room in the table. */
  tableFullCount: number;
  /** Times that Postgres could not be used. */
  failureCount: number;
};

const batchKeysMax = 500;
const callsMax = 20_000;
const callPatienceMs = 1000;
const beatEveryMs = 2000;
/** Covers lost notifications. Through a pooler, which drops LISTEN, it is all there is. */
const checkListeningMs = 5000;
const checkBlindMs = 500;
const sweepEveryMs = 125;
const settleMs = 500;
const stopMs = 2000;
const returnRetryMs = 5;

export class CreditBank {
  readonly #options: CreditBankOptions;
  readonly #accounts: CreditAccounts;
  readonly #pause = new Wakeable();
  readonly #backoff = createBackoff(100, 2000);
  readonly #running: Promise<void>;
  readonly #sweeper: NodeJS.Timeout;
  readonly #answerCounts = { spent: 0, insufficient: 0, unlimited: 0, unavailable: 0 };
  #stopped: Promise<void> | undefined;
  #state: 'starting' | 'connected' | 'away' = 'starting';
  /** Whether what an earlier run left was looked at. */
  #isReconciled = false;
  /** A statement has failed: it may have been committed all the same. */
  #hasDoubts = false;
  #isListening = false;
  #isStopping = false;
  #waiters: (() => void)[] = [];
  #needsCheck = true;
  #nextCheckMs = 0;
  #nextBeatMs = 0;
  #callCount = 0;
  #failureCount = 0;

  constructor(options: CreditBankOptions) {
    this.#options = options;
    this.#accounts = new CreditAccounts(options.table);
    // Not awaited: LISTEN waits for a server that may be away.
    this.#listen().catch((error) => {
      options.logger.warn({ err: error }, 'no notifications of credits: looking for changes');
    });
    this.#sweeper = setInterval(() => this.#sweep(), sweepEveryMs);
    this.#running = this.#loop();
  }

  /** Spends, leasing if need be. Never rejects, and answers within about a second. */
  async ask(keyId: string, cost: number): Promise<CreditAnswer> {
    const answer = await this.#answer(keyId, cost);
    this.#answerCounts[answer.outcome] += 1;
    return answer;
  }

  /** Resolves when no lease is spent of here that was ended by what was committed before. */
  awaitChecked(): Promise<void> {
    return new Promise((resolve) => {
      this.#waiters.push(resolve);
      this.#checkSoon();
    });
  }

  /**
   * Has the leases of these keys given back, here and on other nodes, so that Postgres tells what
   * is left of them. Resolves when that is done, or after half a second, or if it cannot be done.
   */
  async settle(keyIds: readonly string[]): Promise<void> {
    const { database, nodeId, clock } = this.#options;
    const giveUpMs = clock() + settleMs;
    this.#accounts.recall(keyIds);
    this.#pause.wake();
    try {
      for (let waitMs = 2; clock() < giveUpMs; waitMs *= 2) {
        const elsewhere = await leasedElsewhere(database, nodeId, keyIds);
        if (elsewhere.length === 0 && !this.#accounts.isReturning(keyIds)) return;
        if (elsewhere.length > 0) await recallCredits(database, elsewhere);
        await new Promise((resolve) => setTimeout(resolve, waitMs));
      }
    } catch (error) {
      this.#options.logger.debug({ err: error }, 'credits were not settled');
    }
  }

  totals(): CreditTotals {
    return {
      leaseCount: this.#accounts.openCount,
      leasedCredits: this.#accounts.leasedCredits(),
      answerCounts: { ...this.#answerCounts },
      tableFullCount: this.#accounts.tableFullCount,
      failureCount: this.#failureCount,
    };
  }

  /** Gives everything back, if Postgres can be reached; what cannot be is taken up by a restart. */
  stop(): Promise<void> {
    this.#stopped ??= this.#stop();
    return this.#stopped;
  }

  async #stop(): Promise<void> {
    this.#isStopping = true;
    clearInterval(this.#sweeper);
    this.#pause.wake();
    const patience = AbortSignal.timeout(stopMs);
    try {
      await Promise.race([this.#finish(patience), once(patience, 'abort')]);
    } catch (error) {
      this.#options.logger.warn({ err: error }, 'leased credits come back with the next start');
    }
  }

  async #answer(keyId: string, cost: number): Promise<CreditAnswer> {
    const { table, clock } = this.#options;
    const known = this.#accounts.known(keyId, cost, clock());
    if (known) return known;
    const { outcome, left, unleased } = table.spend(keyId, cost);
    if (outcome === 'spent') return { outcome, left: left + unleased };
    const isRefused = this.#isStopping || this.#state === 'away' || this.#callCount >= callsMax;
    if (isRefused) return { outcome: 'unavailable' };
    this.#callCount += 1;
    const answer = await new Promise<CreditAnswer>((resolve) => {
      const deadlineMs = clock() + callPatienceMs;
      this.#accounts.addCall(keyId, { cost, deadlineMs, isAnswered: false, resolve });
      this.#pause.wake();
    });
    this.#callCount -= 1;
    return answer;
  }

  async #loop(): Promise<void> {
    while (!this.#isStopping) {
      try {
        await this.#turn();
        this.#markConnected();
        await this.#pause.wait(this.#idleMs());
      } catch (error) {
        this.#markAway(error);
        await this.#pause.wait(this.#backoff.nextMs());
      }
    }
  }

  /** How long there is nothing to do unless somebody asks. */
  #idleMs(): number {
    const nextMs = Math.min(this.#accounts.nextDueAtMs(), this.#nextBeatMs, this.#nextCheckMs);
    return Math.max(0, nextMs - this.#options.clock());
  }

  async #turn(): Promise<void> {
    const { database, nodeId, nodeName: name, clock } = this.#options;
    if (clock() >= this.#nextBeatMs) {
      await beat(database, { nodeId, name });
      this.#nextBeatMs = clock() + beatEveryMs;
    }
    if (this.#needsCheck || clock() >= this.#nextCheckMs) await this.#check();
    this.#accounts.closeRecalled();
    await this.#giveBack();
    await this.#lease();
  }

  /** Reads what of this node's leases stands, and brings the table in line with it. */
  async #check(): Promise<void> {
    const { database, nodeId, clock } = this.#options;
    const waiters = this.#waiters;
    this.#waiters = [];
    this.#needsCheck = false;
    this.#accounts.forgetKnown();
    try {
      if (!this.#isReconciled || this.#accounts.openCount > 0 || this.#hasDoubts) {
        const lost = this.#accounts.reconcile(await readOwnLeases(database, nodeId));
        if (lost.length > 0) await this.#writeOff(lost);
        if (!this.#isReconciled) this.#startOver();
        this.#hasDoubts = false;
      }
    } catch (error) {
      this.#waiters = waiters.concat(this.#waiters);
      throw error;
    }
    this.#nextCheckMs = clock() + (this.#isListening ? checkListeningMs : checkBlindMs);
    for (const resolve of waiters) resolve();
  }

  /** Nobody spends yet what an earlier run has left: it goes back. */
  #startOver(): void {
    this.#accounts.closeAll();
    this.#accounts.forgetOthers();
    this.#isReconciled = true;
  }

  async #writeOff(keyIds: readonly string[]): Promise<void> {
    const { database, nodeId, logger } = this.#options;
    const returns = keyIds.map((keyId) => ({ keyId, left: 0 }));
    await returnCredits(database, nodeId, returns);
    logger.warn({ keys: keyIds.length }, 'leased credits were lost with their table');
  }

  async #giveBack(): Promise<void> {
    const { database, nodeId, clock } = this.#options;
    const returns = this.#accounts.returns(batchKeysMax, clock());
    if (returns.length === 0) return;
    const done = await returnCredits(database, nodeId, returns);
    this.#accounts.finishReturns(returns, done, clock());
  }

  async #lease(): Promise<void> {
    const { database, nodeId, clock } = this.#options;
    const plans = this.#accounts.plans(batchKeysMax, clock());
    if (plans.length === 0) return;
    const asks = plans.map((plan) => plan.ask);
    const found = await leaseCredits(database, nodeId, asks);
    const planOf = new Map(plans.map((plan) => [plan.account.keyId, plan]));
    const short: string[] = [];
    for (const one of found) {
      const plan = planOf.get(one.keyId) as LeasePlan;
      if (this.#accounts.apply(plan, one, clock())) short.push(one.keyId);
    }
    if (short.length > 0) await recallCredits(database, short);
  }

  async #finish(patience: AbortSignal): Promise<void> {
    const { database, nodeId } = this.#options;
    await this.#running;
    this.#accounts.answerWithoutPostgres();
    if (this.#hasDoubts || !this.#isReconciled) await this.#check();
    this.#accounts.closeAll();
    while (this.#accounts.returningCount > 0 && !patience.aborted) {
      await this.#giveBack();
      if (this.#accounts.returningCount > 0) await this.#pause.wait(returnRetryMs);
    }
    await signOff(database, nodeId);
  }

  #sweep(): void {
    const { clock } = this.#options;
    this.#accounts.expireCalls(clock());
    // What is closed while Postgres is away could be spent by nobody: it is left open.
    if (this.#state !== 'connected') return;
    this.#accounts.sweep(clock());
    if (this.#accounts.nextDueAtMs() <= clock()) this.#pause.wake();
  }

  #markConnected(): void {
    if (this.#state === 'away') this.#options.logger.info({}, 'credits can be leased again');
    this.#state = 'connected';
    this.#backoff.reset();
  }

  #markAway(error: unknown): void {
    const failure = classifyDatabaseError(error);
    // At a first start the tables are just being made.
    const level = failure === 'unprepared' ? 'debug' : 'warn';
    if (this.#state !== 'away') {
      this.#options.logger[level]({ failure, err: error }, 'credits cannot be leased');
    }
    this.#failureCount += 1;
    this.#state = 'away';
    this.#needsCheck = true;
    this.#hasDoubts = true;
    this.#nextBeatMs = 0;
    this.#accounts.answerWithoutPostgres();
  }

  async #listen(): Promise<void> {
    await this.#options.database.listen(
      creditsChannel,
      (payload) => this.#hear(payload),
      () => {
        this.#isListening = true;
        this.#checkSoon();
      },
    );
  }

  #hear(payload: string): void {
    if (payload === 'changed') this.#checkSoon();
    if (payload.startsWith('recall ')) this.#accounts.recall([payload.slice('recall '.length)]);
    this.#pause.wake();
  }

  #checkSoon(): void {
    this.#needsCheck = true;
    this.#pause.wake();
  }
}
