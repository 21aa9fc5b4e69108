/**
 * Postgres → LMDB. One loop: wait to be woken (a notification, somebody's write, or the clock),
 * take a step of the feed, say so. The loop is the only reader and the only writer, so that no
 * slower, older read can ever overtake a newer one.
 *
 * What it does not do: it never stops serving. While Postgres is away, or while a copy is built
 * anew, the replica in use goes on answering, and `status` says how old it is.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { type Backoff, createBackoff } from '../lib/backoff.ts';
import { classifyDatabaseError } from '../lib/database.ts';
import { pruneChanges } from './change-feed.ts';
import { ReplicaFeed, type ReplicaFeedOptions } from './replica-feed.ts';

/** `database` is ended by whoever opened it, after `stop`: that ends the LISTEN too. */
export type ReplicatorOptions = ReplicaFeedOptions & {
  /** Settles when the schema is there. A replica from an earlier run does not wait for it. */
  prepared: Promise<unknown>;
};

export type ReplicationStatus = {
  /** Whether a complete copy is there, however old. */
  hasCopy: boolean;
  /** Whether the last poll succeeded. */
  isConnected: boolean;
  /** When the copy was last known to equal Postgres, Unix ms; 0 if never. */
  syncedAtMs: number;
  /** Why the last poll failed; empty when it did not. */
  problem: string;
  keyCount: number;
  appliedChangeCount: number;
  fullCopyCount: number;
};

const channel = 'latchkey_changes';
/** Covers a lost notification. Through a pooler, which drops LISTEN, it is all there is. */
const pollListeningMs = 1000;
const pollBlindMs = 100;
/**
 * Whoever is woken sooner after the last poll waits, so that a stream of changes is read together:
 * each poll costs both processes some 2 ms and the disk a flush, for one change as for fifty.
 */
const pollSpacingMs = 8;
const pruneEveryMs = 600_000;
const changesRetentionHours = 24;

export class Replicator {
  readonly #options: ReplicatorOptions;
  readonly #feed: ReplicaFeed;
  readonly #backoff: Backoff = createBackoff(100, 5000);
  readonly #running: Promise<void>;
  #waiters: (() => void)[] = [];
  #isConnected = false;
  #isListening = false;
  #isStopping = false;
  #isWoken = false;
  #wakeUp = () => {};
  #problem = '';
  #prunedAtMs: number;

  constructor(options: ReplicatorOptions) {
    this.#options = options;
    this.#feed = new ReplicaFeed(options);
    this.#prunedAtMs = options.clock();
    // Not awaited: LISTEN waits for a server that may be away, and the poll does without it.
    this.#listen().catch((error) => {
      options.logger.warn({ err: error }, 'no notifications: polling instead');
    });
    this.#running = this.#loop();
  }

  /** Resolves when everything that was committed before this call is in the replica. */
  awaitApplied(): Promise<void> {
    return new Promise((resolve) => {
      this.#waiters.push(resolve);
      this.#wake();
    });
  }

  status(): ReplicationStatus {
    const { writer, appliedChangeCount, fullCopyCount } = this.#feed;
    return {
      hasCopy: writer !== undefined,
      isConnected: this.#isConnected,
      syncedAtMs: this.#options.page.syncedAtMs(),
      problem: this.#problem,
      keyCount: writer?.keyCount() ?? 0,
      appliedChangeCount,
      fullCopyCount,
    };
  }

  async stop(): Promise<void> {
    this.#isStopping = true;
    this.#wakeUp();
    await this.#running;
  }

  async #loop(): Promise<void> {
    if (!this.#feed.writer) await this.#options.prepared.catch(() => {});
    while (!this.#isStopping) {
      const startedAtMs = performance.now();
      await this.#turn();
      await this.#sleep(this.#isListening ? pollListeningMs : pollBlindMs);
      const earlyMs = startedAtMs + pollSpacingMs - performance.now();
      if (earlyMs > 0 && !this.#isStopping) await pause(earlyMs);
    }
    await this.#feed.writer?.close();
  }

  async #turn(): Promise<void> {
    const served = this.#waiters;
    this.#waiters = [];
    this.#isWoken = false;
    try {
      await this.#feed.poll();
      this.#markConnected();
      for (const resolve of served) resolve();
      await this.#prune();
    } catch (error) {
      this.#waiters = served.concat(this.#waiters);
      this.#markAway(error);
      // Who waits is served by the next success: waking up for them would be a busy loop.
      this.#isWoken = false;
      await this.#sleep(this.#backoff.nextMs());
    }
  }

  #markConnected(): void {
    const keys = this.#feed.writer?.keyCount();
    if (!this.#isConnected) this.#options.logger.info({ keys }, 'following PostgreSQL');
    this.#isConnected = true;
    this.#problem = '';
    this.#backoff.reset();
  }

  #markAway(error: unknown): void {
    const failure = classifyDatabaseError(error);
    const problem = `${failure}: ${(error as Error).message}`;
    if (this.#isConnected || problem !== this.#problem) {
      this.#options.logger.warn({ failure, err: error }, 'PostgreSQL cannot be followed');
    }
    this.#isConnected = false;
    this.#problem = problem;
  }

  async #prune(): Promise<void> {
    const { clock, database, logger } = this.#options;
    if (clock() - this.#prunedAtMs < pruneEveryMs) return;
    this.#prunedAtMs = clock();
    const count = await database.begin((sql) => pruneChanges(sql, changesRetentionHours));
    if (count > 0) logger.debug({ count }, 'old changes pruned');
  }

  async #listen(): Promise<void> {
    await this.#options.database.listen(
      channel,
      () => this.#wake(),
      () => {
        this.#isListening = true;
        this.#wake();
      },
    );
  }

  #wake(): void {
    this.#isWoken = true;
    this.#wakeUp();
  }

  #sleep(spanMs: number): Promise<void> {
    return new Promise((resolve) => {
      if (this.#isWoken || this.#isStopping) return resolve();
      const timer = setTimeout(resolve, spanMs);
      this.#wakeUp = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}
