/**
 * Postgres → LMDB. One loop: wait to be woken (a notification, somebody's write, or the clock),
 * read in one repeatable-read transaction what has changed, put it into the replica together with
 * the watermark, say so. The loop is the only reader and the only writer, so that no slower, older
 * read can ever overtake a newer one.
 *
 * What it does not do: it never stops serving. While Postgres is away, or while a copy is built
 * anew, the replica in use goes on answering, and `status` says how old it is.
 */

import { isSameHistory, type Watermark } from '../domain/watermark.ts';
import type { GenerationPage } from '../keys/generation-page.ts';
import type { ReplicaWriter } from '../keys/replica-writer.ts';
import { createBackoff } from '../lib/backoff.ts';
import { classifyDatabaseError, type Database, type Transaction } from '../lib/database.ts';
import type { Logger } from '../lib/logger.ts';
import { applyChanges } from './apply-changes.ts';
import { oldestUnsettled, pruneChanges, readChanges, readDatabaseState } from './change-feed.ts';
import { copyEverything } from './first-copy.ts';

export type ReplicatorOptions = {
  /** The replicator's own; whoever opened it ends it after `stop`, and with it the LISTEN. */
  database: Database;
  page: GenerationPage;
  /** The replica in use; undefined before the first copy. */
  current: ReplicaWriter | undefined;
  /** Opens a fresh replica file for a copy of everything. */
  openFresh(): ReplicaWriter;
  /** Called when a finished copy is to be used: readers have switched when it resolves. */
  switchTo(writer: ReplicaWriter): Promise<void>;
  logger: Logger;
  clock: () => number;
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

export type Replicator = {
  /** Resolves when everything that was committed before this call is in the replica. */
  awaitApplied(): Promise<void>;
  status(): ReplicationStatus;
  stop(): Promise<void>;
};

const channel = 'latchkey_changes';
/** Covers a lost notification. Through a pooler, which drops LISTEN, it is all there is. */
const pollListeningMs = 1000;
const pollBlindMs = 100;
const pruneEveryMs = 600_000;
export const changesRetentionHours = 24;

export function startReplicator(options: ReplicatorOptions): Replicator {
  const { database, page, logger, clock } = options;
  let writer = options.current;
  let isConnected = false;
  let isListening = false;
  let isStopping = false;
  let problem = '';
  let appliedChangeCount = 0;
  let fullCopyCount = 0;
  let prunedAtMs = clock();
  let waiters: (() => void)[] = [];
  let isWoken = false;
  let wakeUp = () => {};
  const backoff = createBackoff(100, 5000);

  function wake(): void {
    isWoken = true;
    wakeUp();
  }

  function sleep(spanMs: number): Promise<void> {
    return new Promise((resolve) => {
      if (isWoken || isStopping) return resolve();
      const timer = setTimeout(resolve, spanMs);
      wakeUp = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  async function poll(): Promise<void> {
    const startedAtMs = clock();
    await database.begin('isolation level repeatable read read only', async (transaction) => {
      const { prunedBelow, ...state } = await readDatabaseState(transaction);
      const applied = writer?.watermark();
      if (writer && applied && isFollowable(applied, state, prunedBelow)) {
        await follow(transaction, writer, { applied, state });
      } else {
        await copyAnew(transaction, state);
      }
    });
    page.setSyncedAtMs(startedAtMs);
  }

  type Step = { applied: Watermark; state: Watermark };

  async function follow(transaction: Transaction, into: ReplicaWriter, step: Step): Promise<void> {
    const changed = await readChanges(transaction, step.applied.snapshot);
    if (changed.size === 0) return;
    const count = await applyChanges(transaction, { changed, writer: into, reached: step.state });
    const touchesDocuments = [...changed.keys()].some(
      (kind) => kind !== 'key' && kind !== 'identity',
    );
    page.raise({ touchesDocuments });
    appliedChangeCount += count;
  }

  async function copyAnew(transaction: Transaction, state: Watermark): Promise<void> {
    const fresh = options.openFresh();
    await copyEverything(transaction, { writer: fresh, reached: state, logger, clock });
    await fresh.flush();
    await options.switchTo(fresh);
    page.raise({ touchesDocuments: true });
    await writer?.close();
    writer = fresh;
    fullCopyCount += 1;
  }

  async function pruneNow(): Promise<void> {
    if (clock() - prunedAtMs < pruneEveryMs) return;
    prunedAtMs = clock();
    const count = await database.begin((sql) => pruneChanges(sql, changesRetentionHours));
    if (count > 0) logger.debug({ count }, 'old changes pruned');
  }

  async function turn(): Promise<void> {
    const served = waiters;
    waiters = [];
    isWoken = false;
    try {
      await poll();
      if (!isConnected) logger.info({ keys: writer?.keyCount() }, 'following Postgres');
      isConnected = true;
      problem = '';
      backoff.reset();
      for (const resolve of served) resolve();
      await pruneNow();
    } catch (error) {
      waiters = served.concat(waiters);
      report(error);
      isWoken = false;
      await sleep(backoff.nextMs());
    }
  }

  function report(error: unknown): void {
    const failure = classifyDatabaseError(error);
    const text = `${failure}: ${(error as Error).message}`;
    if (isConnected || text !== problem) logger.warn({ failure, err: error }, 'Postgres is away');
    isConnected = false;
    problem = text;
  }

  async function listen(): Promise<void> {
    await database.listen(channel, wake, () => {
      isListening = true;
      wake();
    });
  }

  async function loop(): Promise<void> {
    while (!isStopping) {
      await turn();
      await sleep(isListening ? pollListeningMs : pollBlindMs);
    }
    await writer?.close();
  }

  // Not awaited: LISTEN waits for a server that may be away, and the poll does without it.
  listen().catch((error) => logger.warn({ err: error }, 'no notifications: polling instead'));
  const running = loop();

  return {
    awaitApplied() {
      return new Promise((resolve) => {
        waiters.push(resolve);
        wake();
      });
    },
    status: () => ({
      hasCopy: writer !== undefined,
      isConnected,
      syncedAtMs: page.syncedAtMs(),
      problem,
      keyCount: writer?.keyCount() ?? 0,
      appliedChangeCount,
      fullCopyCount,
    }),
    async stop() {
      isStopping = true;
      wakeUp();
      await running;
    },
  };
}

function isFollowable(applied: Watermark, state: Watermark, prunedBelow: string): boolean {
  return isSameHistory(applied, state) && oldestUnsettled(applied.snapshot) >= BigInt(prunedBelow);
}
