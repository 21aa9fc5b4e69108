/**
 * Namespaces by name, beside their documents. A name may be longer than an LMDB key, so its digest
 * stands for it; the document that is found says whether it really has that name.
 */
import { hash } from 'node:crypto';
import type { NamespaceRecord } from '../domain/records.ts';
import type { ReplicaTables } from './replica-tables.ts';

type Name = Pick<NamespaceRecord, 'workspaceId' | 'name'>;

export function namespaceIdByName(tables: ReplicaTables, name: Name): string | undefined {
  return tables.documents.getBinary(entryOf(name))?.toString();
}

/** The entry of `next`, and none of the names that the namespace had before. */
export function moveNamespaceName(
  tables: ReplicaTables,
  namespaceId: string,
  next: NamespaceRecord | undefined,
): void {
  const bytes = tables.documents.getBinary(`namespace:${namespaceId}`);
  const earlier = bytes && (JSON.parse(bytes.toString()) as NamespaceRecord);
  if (earlier && !(next && isSameName(earlier, next))) {
    // Another namespace may have taken the name since.
    if (namespaceIdByName(tables, earlier) === namespaceId) {
      tables.documents.remove(entryOf(earlier));
    }
  }
  if (next) tables.documents.put(entryOf(next), Buffer.from(namespaceId));
}

function isSameName(one: Name, other: Name): boolean {
  return one.name === other.name && one.workspaceId === other.workspaceId;
}

/** Ids hold no NUL, and neither does any text that Postgres can store. */
function entryOf({ workspaceId, name }: Name): string {
  return `namespaceName:${hash('sha256', `${workspaceId}\0${name}`)}`;
}
