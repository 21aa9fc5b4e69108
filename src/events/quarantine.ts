import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { RowGroup } from './batch.ts';
import type { BadRow } from './batch-rows.ts';
import type { EventKind } from './event-kind.ts';
import { eventKindOf } from './event-kinds.ts';

/**
 * Writes rows that ClickHouse does not take to `<batch>-<kind>-<first row>.jsonl`, mode 0600: one
 * object a line, with the reason. The name is the same at every try, so that a try after a crash
 * writes the same file again instead of a second one.
 */
export function quarantineRows(folder: string, place: Place, rows: readonly BadRow[]): void {
  const [first] = rows;
  if (!first) return;
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const { batchId, piece, table } = place;
  const path = join(folder, `${batchId}-${nameOf(piece)}-${first.number}.jsonl`);
  const lines = rows.map(({ reason, fields }) => JSON.stringify({ table, reason, fields }));
  writeFileSync(`${path}.part`, `${lines.join('\n')}\n`, { mode: 0o600 });
  renameSync(`${path}.part`, path);
}

type Place = { batchId: string; piece: RowGroup; table: string };

/** Groups of the same kind are told apart. */
function nameOf({ kind, target }: RowGroup): string {
  const { name } = eventKindOf(kind) as EventKind<never>;
  return target === '' ? name : `${name}-${target}`;
}
