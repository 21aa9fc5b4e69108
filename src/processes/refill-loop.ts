import { type Refilled, refillCredits } from '../control/refill-credits.ts';
import { createBackoff } from '../lib/backoff.ts';
import { classifyDatabaseError, type Database } from '../lib/database.ts';
import type { Logger } from '../lib/logger.ts';
import { Wakeable } from './wakeable.ts';

export type RefillLoopOptions = {
  database: Database;
  logger: Logger;
  /** Unix ms: decides what is due. */
  clock: () => number;
  /** How often is looked; one indexed statement each time. */
  everyMs?: number;
};

/** Refills credits as they fall due. Every node runs one; each refill is done by one of them. */
export class RefillLoop {
  readonly #options: RefillLoopOptions;
  readonly #pause = new Wakeable();
  readonly #backoff = createBackoff(500, 10_000);
  readonly #running: Promise<void>;
  #isStopping = false;
  #filledCount = 0;

  constructor(options: RefillLoopOptions) {
    this.#options = options;
    this.#running = this.#loop();
  }

  /** Keys refilled by this node. */
  filledCount(): number {
    return this.#filledCount;
  }

  async stop(): Promise<void> {
    this.#isStopping = true;
    this.#pause.wake();
    await this.#running;
  }

  async #loop(): Promise<void> {
    const { database, logger, clock, everyMs = 1000 } = this.#options;
    while (!this.#isStopping) {
      try {
        this.#note(await refillCredits(database, clock()));
        this.#backoff.reset();
        await this.#pause.wait(everyMs);
      } catch (error) {
        logger.debug({ failure: classifyDatabaseError(error), err: error }, 'refills are waiting');
        await this.#pause.wait(this.#backoff.nextMs());
      }
    }
  }

  #note({ dueCount, filledCount }: Refilled): void {
    this.#filledCount += filledCount;
    if (filledCount > 0) this.#options.logger.info({ dueCount, filledCount }, 'credits refilled');
  }
}
