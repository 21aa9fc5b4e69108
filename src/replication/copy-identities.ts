/** All identities of a snapshot, joined with their limits as they come. */
import type { LimitConfig } from '../domain/records.ts';
import type { IdentityChange } from '../keys/replica-change.ts';
import { AttachedRows } from './attached-rows.ts';
import type { CopiedRows } from './copied-rows.ts';
import { everyIdentity, everyLimit, identityColumn, limitColumn } from './select-everything.ts';
import { FieldReader, readTerms } from './shared-traits.ts';

export const identityStatements = [
  { sql: everyIdentity, columns: identityColumn },
  { sql: everyLimit('identity_id'), columns: limitColumn },
];

/** Some at a time. */
export async function* joinIdentities([
  identities,
  limitRows,
]: readonly CopiedRows[]): AsyncGenerator<IdentityChange[]> {
  const rows = identities as CopiedRows;
  let limits: LimitConfig[] = [];
  const attached = new AttachedRows(limitRows as CopiedRows, (row) => limits.push(limitOf(row)));
  while (await rows.more()) {
    const changes: IdentityChange[] = [];
    while (rows.next()) {
      while (!attached.take(rows)) await attached.more();
      changes.push(changeOf(rows, limits));
      limits = [];
    }
    yield changes;
  }
}

function changeOf(row: CopiedRows, limits: readonly LimitConfig[]): IdentityChange {
  const identityId = row.text(identityColumn.identityId);
  const meta = row.text(identityColumn.meta);
  const record = {
    identityId,
    workspaceId: row.text(identityColumn.workspaceId),
    externalId: row.text(identityColumn.externalId),
    metaJson: meta === '{}' ? '' : meta,
    limits,
  };
  return { kind: 'identity', id: identityId, record };
}

function limitOf(row: CopiedRows): LimitConfig {
  const terms = new FieldReader(row.bytes, (row.starts[limitColumn.name] as number) - 4);
  return { limitId: row.text(limitColumn.limitId), ...readTerms(terms) };
}
