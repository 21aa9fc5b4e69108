/** What questions about a workspace's events must know of the workspace. */
import type { Queryable } from '../lib/database.ts';

export type AnalyticsFacts = {
  /** How far back its events can be seen. */
  retentionDays: number;
  /** Its APIs; deleted ones too, whose events are still there. */
  apis: { apiId: string; keyspaceId: string }[];
};

export async function readAnalyticsFacts(
  database: Queryable,
  workspaceId: string,
): Promise<AnalyticsFacts> {
  const [row] = await database<AnalyticsFacts[]>`
    select w.log_retention_days as "retentionDays",
      coalesce(json_agg(json_build_object('apiId', a.id, 'keyspaceId', a.keyspace_id))
        filter (where a.id is not null), '[]'::json) as apis
    from latchkey.workspaces w left join latchkey.apis a on a.workspace_id = w.id
    where w.id = ${workspaceId} group by w.id`;
  return row ?? { retentionDays: 0, apis: [] };
}
