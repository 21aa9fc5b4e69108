/**
 * Postgres → LMDB. One loop: wait to be woken (a notification, somebody's write, or the clock),
 * take a step of the feed, say so. The loop is the only reader and the only writer, so that no
 * slower, older read can ever overtake a newer one.
 *
 * What it does not do: it never stops serving. While Postgres is away, or while a copy is built
 * anew, the replica in use goes on answering, and `status` says how old it is.
 */
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
 * So long after the start of a poll the next one waits for more changes, unless somebody waits for
 * it. A poll costs us, PostgreSQL and the disk some 4 ms of processor time, for one change as for
 * twenty: with 1,000 changes a second and a poll for each commit that was half a core.
 */
const pollSpacingMs = 12;
const pruneEveryMs = 600_000;
const changesRetentionHours = 24;

export class Replicator {
  /** Resolves when Postgres was asked for the first time, with whatever success. */
  readonly asked: Promise<void>;
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
  #noteAsked = () => {};
  #problem = '';
  #prunedAtMs: number;

  constructor(options: ReplicatorOptions) {
    this.#options = options;
    this.#feed = new ReplicaFeed(options);
    this.#prunedAtMs = options.clock();
    this.asked = new Promise((resolve) => {
      this.#noteAsked = resolve;
    });
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
      await this.#sleep(this.#isListening ? pollListeningMs : pollBlindMs, () => this.#isWoken);
      const earlyMs = startedAtMs + pollSpacingMs - performance.now();
      await this.#sleep(earlyMs, () => this.#waiters.length > 0);
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
      this.#noteAsked();
      for (const resolve of served) resolve();
      await this.#prune();
    } catch (error) {
      this.#waiters = served.concat(this.#waiters);
      this.#markAway(error);
      this.#noteAsked();
      // Who waits is served by the next success: waking up for them would be a busy loop.
      this.#isWoken = false;
      await this.#sleep(this.#backoff.nextMs(), () => this.#isWoken);
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

  /** At most `spanMs`, and not once it `isOver`, which every wake-up asks. */
  #sleep(spanMs: number, isOver: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      if (spanMs <= 0 || isOver() || this.#isStopping) return resolve();
      const timer = setTimeout(resolve, spanMs);
      this.#wakeUp = () => {
        if (!isOver() && !this.#isStopping) return;
        clearTimeout(timer);
        resolve();
      };
    });
  }
}
