/**
 * One step of following Postgres: in a single repeatable-read transaction, read what has changed
 * and put it into the replica together with the watermark; or, where the replica's history is not
 * the database's, build a copy of everything beside it and switch to that.
 */
import type { Watermark } from '../domain/watermark.ts';
import { isSameHistory, replicaFormat } from '../domain/watermark.ts';
import type { GenerationPage } from '../keys/generation-page.ts';
import type { ReplicaWriter } from '../keys/replica-writer.ts';
import type { Database, Transaction } from '../lib/database.ts';
import type { Logger } from '../lib/logger.ts';
import { applyChanges } from './apply-changes.ts';
import {
  type ChangedEntities,
  oldestUnsettled,
  planForFew,
  readChanges,
  readDatabaseState,
} from './change-feed.ts';
import { copyEverything } from './first-copy.ts';

export type ReplicaFeedOptions = {
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

export class ReplicaFeed {
  writer: ReplicaWriter | undefined;
  appliedChangeCount = 0;
  fullCopyCount = 0;
  readonly #options: ReplicaFeedOptions;

  constructor(options: ReplicaFeedOptions) {
    this.#options = options;
    this.writer = options.current;
  }

  /** Afterwards the replica holds everything that was committed before the call. */
  async poll(): Promise<void> {
    const { database, page, clock } = this.#options;
    const startedAtMs = clock();
    await database.begin('isolation level repeatable read read only', async (transaction) => {
      const applied = this.writer?.watermark();
      // Sent together: each answer that is waited for costs both sides as much as the question.
      const [{ prunedBelow, ...state }, changed] = await Promise.all([
        readDatabaseState(transaction),
        applied && readFew(transaction, applied),
      ]);
      const reached = { ...state, format: replicaFormat };
      if (this.writer && applied && changed && isFollowable(applied, reached, prunedBelow)) {
        await this.#follow(transaction, this.writer, { changed, reached });
      } else {
        await this.#copyAnew(transaction, reached);
      }
    });
    page.setSyncedAtMs(startedAtMs);
  }

  async #follow(
    transaction: Transaction,
    writer: ReplicaWriter,
    { changed, reached }: { changed: ChangedEntities; reached: Watermark },
  ): Promise<void> {
    if (changed.size === 0) return;
    const count = await applyChanges(transaction, { changed, writer, reached });
    const touchesDocuments = [...changed.keys()].some((kind) => !uncachedKinds.has(kind));
    this.#options.page.raise({ touchesDocuments });
    this.appliedChangeCount += count;
  }

  async #copyAnew(transaction: Transaction, reached: Watermark): Promise<void> {
    const { database, openFresh, switchTo, page, logger, clock } = this.#options;
    const fresh = openFresh();
    try {
      await copyEverything({ database, transaction }, { writer: fresh, reached, logger, clock });
    } catch (error) {
      await fresh.discard();
      throw error;
    }
    await switchTo(fresh);
    page.raise({ touchesDocuments: true });
    await this.writer?.close();
    this.writer = fresh;
    this.fullCopyCount += 1;
  }
}

/** Workers keep nothing of these between two look-ups. */
const uncachedKinds: ReadonlySet<string> = new Set(['key', 'keyRow', 'keyHash', 'identity']);

async function readFew(transaction: Transaction, applied: Watermark): Promise<ChangedEntities> {
  const [, changed] = await Promise.all([
    planForFew(transaction),
    readChanges(transaction, applied.snapshot),
  ]);
  return changed;
}

function isFollowable(applied: Watermark, state: Watermark, prunedBelow: string): boolean {
  return isSameHistory(applied, state) && oldestUnsettled(applied.snapshot) >= BigInt(prunedBelow);
}
