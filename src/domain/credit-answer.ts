/** What comes of asking for credits that this node's lease does not cover. */
export type CreditAnswer =
  /** Taken, once and for all: nothing is left for the asker to do. */
  | { outcome: 'spent'; left: number }
  /** Fewer than the cost are left on all nodes together; nothing was taken. */
  | { outcome: 'insufficient'; left: number }
  /** The key's credits are not limited any more. */
  | { outcome: 'unlimited' }
  /** Nobody could tell in time: PostgreSQL cannot be reached. */
  | { outcome: 'unavailable' };
