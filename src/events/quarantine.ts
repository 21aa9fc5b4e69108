import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import type { RowGroup } from './batch.ts';
import type { BadRow } from './batch-rows.ts';
import type { EventKind } from './event-kind.ts';
import { eventKindOf } from './event-kinds.ts';

/**
 * Writes rows that ClickHouse does not take to `<batch>-<kind>-<first row>.jsonl`, mode 0600: one
 * object a line, with the reason. The name is the same at every try, so that a try after a crash
 * writes the same file again instead of a second one.
 */
export function quarantineRows(
  folder: string,
  batchId: string,
  { kind: wireNumber, target }: RowGroup,
  rows: readonly BadRow[],
): void {
  const [first] = rows;
  if (!first) return;
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const kind = eventKindOf(wireNumber) as EventKind<never>;
  const { table } = kind.insertInto(target);
  const path = join(folder, `${batchId}-${nameOf(kind, target)}-${first.number}.jsonl`);
  const lines = rows.map(({ reason, fields }) => JSON.stringify({ table, reason, fields }));
  writeFileSync(`${path}.part`, `${lines.join('\n')}\n`, { mode: 0o600 });
  renameSync(`${path}.part`, path);
}

/** Groups of the same kind are told apart. */
function nameOf({ name }: EventKind<never>, target: string): string {
  return target === '' ? name : `${name}-${crc32(target).toString(16)}`;
}
