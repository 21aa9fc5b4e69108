import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { BadRow } from './batch-rows.ts';
import type { EventKind } from './event-kind.ts';

/**
 * Writes rows that ClickHouse does not take to `<batch>-<kind>-<first row>.jsonl`, mode 0600: one
 * object a line, with the reason. The name is the same at every try, so that a try after a crash
 * writes the same file again instead of a second one.
 */
export function quarantineRows(
  folder: string,
  batchId: string,
  kind: EventKind<never>,
  rows: readonly BadRow[],
): void {
  const [first] = rows;
  if (!first) return;
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const path = join(folder, `${batchId}-${kind.name}-${first.number}.jsonl`);
  const lines = rows.map(({ reason, fields }) =>
    JSON.stringify({ table: kind.table, reason, fields }),
  );
  writeFileSync(`${path}.part`, `${lines.join('\n')}\n`, { mode: 0o600 });
  renameSync(`${path}.part`, path);
}
