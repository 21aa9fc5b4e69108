import type { NamespaceRecord } from '../domain/records.ts';
import { compileOverrides, type OverrideTable } from './override-table.ts';

/** A namespace as a decision needs it. */
export type Namespace = Omit<NamespaceRecord, 'overrides'> & { overrides: OverrideTable };

export type NamespaceLookup = {
  /**
   * A namespace of this workspace, deleted or not, by its id or its name. An id comes first, so
   * that nobody can take another namespace's place by naming one after it.
   */
  namespace(workspaceId: string, nameOrId: string): Namespace | undefined;
};

export function compileNamespace(record: NamespaceRecord): Namespace {
  return { ...record, overrides: compileOverrides(record.overrides) };
}
