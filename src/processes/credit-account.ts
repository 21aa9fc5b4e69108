/** What the primary knows of one key whose credits were asked for. */
import type { CreditAnswer } from '../domain/credit-answer.ts';

/** A verification that waits for credits. */
export type CreditCall = {
  cost: number;
  deadlineMs: number;
  isAnswered: boolean;
  resolve(answer: CreditAnswer): void;
};

export class CreditAccount {
  readonly keyId: string;
  /** Waiting, in order of arrival. */
  calls: CreditCall[] = [];
  /** `returning`: closed in the table, and not yet given back. */
  lease: 'none' | 'open' | 'returning' = 'none';
  /** What the lease was last meant to hold. */
  size = 0;
  /** When Postgres was last asked for credits of this key. */
  askedAtMs = Number.NEGATIVE_INFINITY;
  /** What the lease had left when it was looked at last, and since when it has had that. */
  left = 0;
  leftSinceMs = 0;
  /** More than half of the lease is gone: to be renewed though nobody waits. */
  isRunningLow = false;
  /** Not before this is there anything to be done: somebody else is changing the key. */
  retryAtMs = 0;
  /** While credits are being recalled from other nodes: until when, and how often so far. */
  recallUntilMs = 0;
  recallCount = 0;
  /** What is left in all, and whether a refusal may be founded on it; until when it is believed. */
  known = { left: 0, isFinal: false, untilMs: 0 };

  constructor(keyId: string) {
    this.keyId = keyId;
  }

  /** Answers a call at once, from what was found out for another one a moment ago. */
  answerFromKnown(cost: number, nowMs: number): CreditAnswer | undefined {
    const { left, isFinal, untilMs } = this.known;
    if (nowMs >= untilMs) return undefined;
    if (cost === 0) return { outcome: 'spent', left };
    return isFinal && cost > left ? { outcome: 'insufficient', left } : undefined;
  }

  /** The calls that wait, the cheapest first: so the most of them are served. */
  callsByCost(): CreditCall[] {
    return this.calls.toSorted((a, b) => a.cost - b.cost);
  }

  /** A call that was told that it took too long is not told again. */
  answerEach(answers: ReadonlyMap<CreditCall, CreditAnswer>): void {
    for (const [call, answer] of answers) {
      if (call.isAnswered) continue;
      call.isAnswered = true;
      call.resolve(answer);
    }
    this.calls = this.calls.filter((call) => !call.isAnswered);
  }

  answerAll(answer: CreditAnswer): void {
    this.answerEach(new Map(this.calls.map((call) => [call, answer])));
  }
}
