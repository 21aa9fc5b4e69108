/** When keys were last used: copied from ClickHouse, which counts it, to where keys are read. */
import type { Database } from '../lib/database.ts';

export type LastUse = { keyId: string; atMs: number };

/** What ClickHouse has noted since an instant of its own clock, Unix seconds. */
export type LastUses = {
  pages: AsyncIterable<readonly LastUse[]>;
  /** Where the next reading begins. */
  notedUntil: number;
};

/** Of the lock that is held while they are copied. Its transaction changes nothing itself. */
const lockNumber = 0x1a7e_05ed;

/**
 * Copies what is new. Every node tries; of several at once one does it, and undefined is the answer
 * of the others. Else the number of keys whose last use is now a later one.
 *
 * After an outage there may be a page for each few hundred keys of all. Each is a transaction of
 * its own: as long as one is open, who follows the changes of keys has to read again all that came
 * since its start. It rejects between two pages when `signal` aborts; the next copy begins where
 * this one did, and passes over what is stored.
 */
export async function copyLastUses(
  database: Database,
  readSince: (notedAt: number) => Promise<LastUses>,
  signal?: AbortSignal,
): Promise<number | undefined> {
  const copied = database.begin(async (lock) => {
    const [row] = await lock<{ isOurs: boolean }[]>`
      select pg_try_advisory_xact_lock(${lockNumber}::bigint) as "isOurs"`;
    return row?.isOurs ? copyPages(database, readSince, signal) : undefined;
  });
  return copied as Promise<number | undefined>;
}

async function copyPages(
  database: Database,
  readSince: (notedAt: number) => Promise<LastUses>,
  signal: AbortSignal | undefined,
): Promise<number> {
  const [progress] = await database<{ notedUntil: number }[]>`
    select noted_until as "notedUntil" from latchkey.last_used_progress`;
  const { pages, notedUntil } = await readSince(progress?.notedUntil ?? 0);
  let changedCount = 0;
  for await (const page of pages) {
    signal?.throwIfAborted();
    changedCount += await store(database, page);
  }
  await database`update latchkey.last_used_progress set noted_until = ${notedUntil}`;
  return changedCount;
}

/**
 * Keys that are gone are passed over, and so is what is there already: most of what is read again.
 * In a conflict the row would be locked, which is written down like a change.
 */
async function store(database: Database, page: readonly LastUse[]): Promise<number> {
  const keyIds = page.map(({ keyId }) => keyId);
  const instants = page.map(({ atMs }) => atMs);
  const { count } = await database`
    insert into latchkey.key_last_used as l (key_id, last_used_at_ms)
    select k.id, u.at_ms
    from unnest(${keyIds}::text[], ${instants}::bigint[]) as u (key_id, at_ms)
    join latchkey.keys k on k.id = u.key_id
    left join latchkey.key_last_used known on known.key_id = u.key_id
    where known.key_id is null or u.at_ms > known.last_used_at_ms
    on conflict (key_id) do update set last_used_at_ms = excluded.last_used_at_ms
    where excluded.last_used_at_ms > l.last_used_at_ms`;
  return count;
}
