import type { Watermark } from '../domain/watermark.ts';
import type { ReplicaChange } from '../keys/replica-change.ts';
import type { ReplicaWriter } from '../keys/replica-writer.ts';
import type { Transaction } from '../lib/database.ts';
import type { ChangedEntities, ChangedKind } from './change-feed.ts';
import { loadDocuments, loadKeyRows, loadLostHashes } from './load-documents.ts';

/**
 * Up to here a set of changes is one LMDB transaction. A larger one is put in by parts of this size
 * and the watermark comes with the last: a crash in between repeats the parts, which is harmless,
 * because every part was read from the same snapshot.
 */
const partEntitiesMax = 5000;

type Application = { changed: ChangedEntities; writer: ReplicaWriter; reached: Watermark };

/** Loads what has changed and puts it in, with the watermark. Returns the number of entities. */
export async function applyChanges(
  transaction: Transaction,
  { changed, writer, reached }: Application,
): Promise<number> {
  let waiting: ReplicaChange[] = [];
  let count = 0;
  for (const [kind, ids] of changed) {
    for (let start = 0; start < ids.length; start += partEntitiesMax) {
      const part = ids.slice(start, start + partEntitiesMax);
      if (waiting.length > 0 && waiting.length + part.length > partEntitiesMax) {
        await writer.apply(waiting);
        waiting = [];
      }
      waiting = waiting.concat(await load({ transaction, writer }, kind, part));
      count += part.length;
    }
  }
  await writer.apply(waiting, reached);
  return count;
}

function load(
  { transaction, writer }: { transaction: Transaction; writer: ReplicaWriter },
  kind: ChangedKind,
  ids: readonly string[],
): Promise<ReplicaChange[]> {
  if (kind === 'keyRow') return loadKeyRows(transaction, ids, writer);
  if (kind === 'keyHash') return loadLostHashes(transaction, ids);
  return loadDocuments(transaction, kind, ids);
}
