/**
 * A worker's side of the credits: spends out of this node's lease, and asks the primary for what
 * the lease does not cover.
 */
import type { CreditAnswer } from '../domain/credit-answer.ts';
import type { CreditTable, SpendResult } from '../limits/credit-table.ts';
import type { SpentCredits } from '../verify/verify-key.ts';
import type { FromWorker } from './messages.ts';

export type CreditAsks = {
  /** Waits for nobody. `left` is what is left in all, as far as this node knows. */
  spend(keyId: string, cost: number): SpendResult;
  /**
   * The primary spends, and leases for it. undefined: it cannot now; `unlimited`: there is nothing
   * to be spent any more. Never rejects, and waits for no longer than two seconds.
   */
  spendLeased(keyId: string, cost: number): Promise<SpentCredits | 'unlimited' | undefined>;
  /** Resolves when Postgres tells what is left of these keys, or in vain after some time. */
  settle(keyIds: readonly string[]): Promise<void>;
  resolve(askId: number, answer: CreditAnswer | undefined): void;
};

/** Longer than the primary tries; it answers earlier unless it is gone. */
const patienceMs = 2000;

export function createCreditAsks(
  table: CreditTable,
  send: (message: FromWorker) => void,
): CreditAsks {
  const waiting = new Map<number, (answer: CreditAnswer | undefined) => void>();
  let lastId = 0;

  function resolve(askId: number, answer: CreditAnswer | undefined): void {
    waiting.get(askId)?.(answer);
    waiting.delete(askId);
  }

  function ask(message: (askId: number) => FromWorker): Promise<CreditAnswer | undefined> {
    lastId += 1;
    const askId = lastId;
    return new Promise((settle) => {
      const timer = setTimeout(() => resolve(askId, undefined), patienceMs);
      waiting.set(askId, (answer) => {
        clearTimeout(timer);
        settle(answer);
      });
      send(message(askId));
    });
  }

  return {
    spend(keyId, cost) {
      const result = table.spend(keyId, cost);
      result.left += result.unleased;
      return result;
    },
    async spendLeased(keyId, cost) {
      const answer = await ask((askId) => ({ kind: 'ask-credits', askId, keyId, cost }));
      if (!answer || answer.outcome === 'unavailable') return undefined;
      return answer.outcome === 'unlimited' ? 'unlimited' : answer;
    },
    async settle(keyIds) {
      await ask((askId) => ({ kind: 'settle-credits', askId, keyIds }));
    },
    resolve,
  };
}
