import { mkdirSync, readdirSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { RowGroup } from './batch.ts';
import type { BadRow } from './batch-rows.ts';
import type { EventKind } from './event-kind.ts';
import { eventKindOf } from './event-kinds.ts';

/** Of one folder. What is refused again and again must not take the disk of what is good. */
export type QuarantineLimits = { bytesMax: number; filesMax: number };

export const quarantineLimits: QuarantineLimits = { bytesMax: 2 ** 30, filesMax: 5_000 };

/**
 * Writes rows that ClickHouse does not take to `<batch>-<kind>-<first row>.jsonl`, mode 0600: one
 * object a line, with the reason. The name is the same at every try, so that a try after a crash
 * writes the same file again instead of a second one. Returns how many rows were not kept: all,
 * when there is no room.
 */
export function quarantineRows(
  folder: string,
  place: Place,
  rows: readonly BadRow[],
  limits: QuarantineLimits = quarantineLimits,
): number {
  const [first] = rows;
  if (!first) return 0;
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const { batchId, piece, table } = place;
  const name = `${batchId}-${nameOf(piece)}-${first.number}.jsonl`;
  const lines = rows.map(({ reason, fields }) => JSON.stringify({ table, reason, fields }));
  const bytes = Buffer.from(`${lines.join('\n')}\n`);
  if (!hasRoom(folder, name, bytes.length, limits)) return rows.length;
  const path = join(folder, name);
  writeFileSync(`${path}.part`, bytes, { mode: 0o600 });
  renameSync(`${path}.part`, path);
  return 0;
}

function hasRoom(
  folder: string,
  name: string,
  byteLength: number,
  { bytesMax, filesMax }: QuarantineLimits,
): boolean {
  const others = readdirSync(folder).filter((one) => one !== name);
  if (others.length >= filesMax) return false;
  const sizes = others.map((one) => statSync(join(folder, one), { throwIfNoEntry: false })?.size);
  return sizes.reduce<number>((sum, size) => sum + (size ?? 0), byteLength) <= bytesMax;
}

type Place = { batchId: string; piece: RowGroup; table: string };

/** Groups of the same kind are told apart. */
function nameOf({ kind, target }: RowGroup): string {
  const { name } = eventKindOf(kind) as EventKind<never>;
  return target === '' ? name : `${name}-${target}`;
}
