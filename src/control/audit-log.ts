import type { AuditEventResult, ListEventsBody } from '../contract/admin-audit-logs.ts';
import { requireAdmin } from './authorize.ts';
import { type Operation, type Page, refuseInput } from './operation.ts';
import { rowsToRead, toPage } from './page.ts';

/** What was changed, the latest first. */
export const listEvents: Operation<ListEventsBody, Page<AuditEventResult>> = async (
  { database },
  caller,
  body,
) => {
  const workspaceId = requireAdmin(caller, 'read_audit_log', body.workspaceId);
  const { action, actor, resourceId, requestId, from = 0, to } = body;
  const [time, position] = body.cursor === undefined ? lastPlace : readCursor(body.cursor);
  const rows = await database<EventRow[]>`
    select id, occurred_at_ms as time, position, action, actor, request_id as "requestId",
      address, user_agent as "userAgent", summary, resources, before, after
    from latchkey.audit_events
    where workspace_id = ${workspaceId} and occurred_at_ms >= ${from}
      ${to === undefined ? database`` : database`and occurred_at_ms < ${to}`}
      ${action === undefined ? database`` : database`and action = ${action}`}
      ${actor === undefined ? database`` : database`and actor = ${actor}`}
      ${requestId === undefined ? database`` : database`and request_id = ${requestId}`}
      ${resourceId === undefined ? database`` : database`and resource_ids @> ${[resourceId]}`}
      and (occurred_at_ms, position) <= (${time}, ${position})
    order by occurred_at_ms desc, position desc limit ${rowsToRead(body)}`;
  const page = toPage(rows, body, ({ time, position }) => `${time}-${position}`);
  return { ...page, rows: page.rows.map(toResult) };
};

/** After every row. */
const lastPlace = [Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER] as const;

type EventRow = Omit<AuditEventResult, 'resources' | 'before' | 'after'> & {
  position: number;
  resources: string;
  before: string | null;
  after: string | null;
};

/** The place of the row with which the page begins. */
function readCursor(cursor: string): [time: number, position: number] {
  const [, time, position] = /^(\d{1,15})-(\d{1,15})$/.exec(cursor) ?? [];
  if (time === undefined) refuseInput('cursor is not one that this list has given.');
  return [Number(time), Number(position)];
}

function toResult(row: EventRow): AuditEventResult {
  const { position: _, resources, before, after, ...event } = row;
  return {
    ...event,
    resources: JSON.parse(resources),
    ...(before !== null && { before: JSON.parse(before) }),
    ...(after !== null && { after: JSON.parse(after) }),
  };
}
