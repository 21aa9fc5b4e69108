import type { RatelimitEvent } from '../domain/ratelimit-event.ts';
import { type EventKind, ownTable, spooledLatencyUs } from './event-kind.ts';

const table = ownTable('ratelimits_raw_v1', [
  'request_id',
  'time',
  'workspace_id',
  'namespace_id',
  'identifier',
  'passed',
  'latency_us',
  'override_id',
  'limit',
  'remaining',
  'reset_at',
  'tokens',
  'region',
]);

/** Answered decisions of `ratelimit.*`. */
export const ratelimitKind: EventKind<RatelimitEvent> = {
  wireNumber: 2,
  name: 'ratelimit',
  hasTargets: false,
  targetOf: () => '',
  insertInto: () => table,

  fields(event) {
    return [
      event.requestId,
      event.timeMs,
      event.workspaceId,
      event.namespaceId,
      event.identifier,
      event.isPassed,
      spooledLatencyUs(event.latencyUs),
      event.overrideId,
      event.limit,
      event.remaining,
      event.resetAtMs,
      event.tokens,
    ];
  },

  appendRow(row, fields, node) {
    row.string(fields[0]);
    row.int64(fields[1]);
    row.string(fields[2]);
    row.string(fields[3]);
    row.string(fields[4]);
    row.bool(fields[5]);
    row.uint32(fields[6]);
    row.string(fields[7]);
    row.uint64(fields[8]);
    row.uint64(fields[9]);
    row.int64(fields[10]);
    row.uint64(fields[11]);
    row.string(node.region);
  },
};
