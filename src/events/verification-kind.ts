import { outcomes } from '../domain/outcome.ts';
import type { VerificationEvent } from '../domain/verification-event.ts';
import { type EventKind, ownTable, spooledLatencyUs } from './event-kind.ts';

const outcomeNumbers = new Map(outcomes.map((outcome, number) => [outcome, number]));

const table = ownTable('key_verifications_raw_v1', [
  'request_id',
  'time',
  'workspace_id',
  'key_space_id',
  'key_id',
  'identity_id',
  'external_id',
  'outcome',
  'tags',
  'spent_credits',
  'latency_us',
  'method',
  'path',
  'client_address',
  'region',
  'source',
]);

/** Answered verifications; the outcome is spooled as its number. */
export const verificationKind: EventKind<VerificationEvent> = {
  wireNumber: 1,
  name: 'verification',
  hasTargets: false,
  targetOf: () => '',
  insertInto: () => table,

  fields(event) {
    return [
      event.requestId,
      event.timeMs,
      event.workspaceId,
      event.keyspaceId,
      event.keyId,
      event.identityId,
      event.externalId,
      outcomeNumbers.get(event.outcome),
      event.tags,
      event.spentCredits,
      spooledLatencyUs(event.latencyUs),
      event.method,
      event.path,
      event.clientAddress,
    ];
  },

  appendRow(row, fields, node) {
    row.string(fields[0]);
    row.int64(fields[1]);
    row.string(fields[2]);
    row.string(fields[3]);
    row.string(fields[4]);
    row.string(fields[5]);
    row.string(fields[6]);
    row.string(outcomes[fields[7] as number]);
    row.strings(fields[8]);
    row.int64(fields[9]);
    row.uint32(fields[10]);
    row.string(fields[11]);
    row.string(fields[12]);
    row.string(fields[13]);
    row.string(node.region);
    row.string('api');
  },
};
