/**
 * Rows of several statements at once, all of the state that one transaction sees: each after the
 * first has a connection and a transaction of its own, which takes over the snapshot.
 */
import type { Database, Transaction } from '../lib/database.ts';
import { CopiedRows, type CopyStatement } from './copied-rows.ts';

/** At once, with the connection of the first transaction. */
export const connectionsForCopy = 3;

export type Source = { database: Database; transaction: Transaction };

/**
 * Compiling takes longer than it saves, and a table of hashes would only let us wait. Ordered by an
 * index where rows stand in that order, by sorting where not: the planner knows, once it does not
 * think that all pages are cached. Of a million keys with random ids it then sorts, which takes
 * 3.5 s of processor time, where by the index it took 13.
 */
const settings = `
  set local jit = off; set local work_mem = '64MB'; set local enable_seqscan = on;
  set local effective_cache_size = '64MB';
  set local enable_hashjoin = off; set local enable_hashagg = off;
  set local max_parallel_workers_per_gather = 0`;

/** When `work` is done, or has failed, what is left of the rows is read and thrown away. */
export async function copySideBySide(
  { database, transaction }: Source,
  [first, ...others]: readonly CopyStatement[],
  work: (rows: readonly CopiedRows[]) => Promise<void>,
): Promise<void> {
  const [exported] = await transaction<{ snapshot: string }[]>`
    select pg_export_snapshot() as snapshot`;
  const opened: CopiedRows[] = [];

  async function copyOne(own: Transaction, statement: CopyStatement): Promise<void> {
    await own.unsafe(settings);
    const rows = await CopiedRows.of(own, statement);
    try {
      opened.push(rows);
      await copyOthers();
    } finally {
      await rows.drain();
    }
  }

  async function copyOthers(): Promise<void> {
    const next = others.shift();
    if (!next) return work(opened);
    await database.begin('isolation level repeatable read read only', async (own) => {
      await own.unsafe(`set transaction snapshot '${exported?.snapshot}'`);
      await copyOne(own, next);
    });
  }

  if (first) await copyOne(transaction, first);
}
