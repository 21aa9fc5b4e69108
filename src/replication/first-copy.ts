import { entityKinds } from '../domain/records.ts';
import type { Watermark } from '../domain/watermark.ts';
import type { ReplicaFill } from '../keys/replica-fill.ts';
import type { ReplicaWriter } from '../keys/replica-writer.ts';
import type { Transaction } from '../lib/database.ts';
import type { Logger } from '../lib/logger.ts';
import { loadAllDocuments } from './load-documents.ts';

const progressEveryMs = 2000;

type Copy = { writer: ReplicaWriter; reached: Watermark; logger: Logger; clock: () => number };

/**
 * Copies every document of the transaction's snapshot into an empty replica; the watermark comes
 * last, so a copy that was cut off is recognised as unfinished and thrown away.
 */
export async function copyEverything(
  transaction: Transaction,
  { writer, reached, logger, clock }: Copy,
): Promise<void> {
  const startedAtMs = clock();
  const fill = writer.fill();
  try {
    const count = await readEverything(transaction, { fill, logger, clock });
    logger.info(
      { documents: count },
      `read ${count} documents from Postgres, putting them in order`,
    );
    await fill.finish(reached);
    const tookMs = clock() - startedAtMs;
    logger.info({ documents: count, tookMs }, `copied ${count} documents from Postgres`);
  } finally {
    fill.close();
  }
}

type Reading = { fill: ReplicaFill; logger: Logger; clock: () => number };

async function readEverything(
  transaction: Transaction,
  { fill, logger, clock }: Reading,
): Promise<number> {
  // Not compiled, which takes longer than it saves; and joined row by row along the indexes: a hash
  // join reads three tables before its first row, while we wait.
  await transaction.unsafe(
    `set local enable_seqscan = on; set local enable_hashjoin = off;
     set local jit = off; set local work_mem = '64MB'`,
  );
  let saidAtMs = clock();
  let count = 0;
  for (const kind of entityKinds) {
    for await (const changes of loadAllDocuments(transaction, kind)) {
      fill.add(changes);
      count += changes.length;
      if (clock() - saidAtMs < progressEveryMs) continue;
      saidAtMs = clock();
      logger.info({ documents: count }, `copying from Postgres: ${count} documents so far`);
    }
  }
  return count;
}
