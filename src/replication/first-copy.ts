import { entityKinds } from '../domain/records.ts';
import type { Watermark } from '../domain/watermark.ts';
import type { ReplicaWriter } from '../keys/replica-writer.ts';
import type { Transaction } from '../lib/database.ts';
import type { Logger } from '../lib/logger.ts';
import { loadAllDocuments } from './load-documents.ts';

const batchRows = 5000;
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
  let saidAtMs = startedAtMs;
  let count = 0;
  for (const kind of entityKinds) {
    for await (const changes of loadAllDocuments(transaction, kind, batchRows)) {
      await writer.apply(changes);
      count += changes.length;
      if (clock() - saidAtMs < progressEveryMs) continue;
      saidAtMs = clock();
      logger.info({ documents: count }, `copying from Postgres: ${count} documents so far`);
    }
  }
  await writer.apply([], reached);
  const tookMs = clock() - startedAtMs;
  logger.info({ documents: count, tookMs }, `copied ${count} documents from Postgres`);
}
