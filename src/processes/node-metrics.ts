/** All of a node's numbers as Prometheus reads them: the workers' pages added up. */

import {
  latencyBucketsUs,
  latencyCounterName,
  statusClasses,
  type WorkerCounterName,
} from '../domain/metrics.ts';
import { outcomes } from '../domain/outcome.ts';
import type { ShipperTotals } from '../events/shipper-totals.ts';
import type { CounterPage } from '../lib/counter-page.ts';
import { histogramSamples, type Metric, prometheusText } from '../lib/prometheus-text.ts';
import type { TableOccupancy } from '../limits/window-table.ts';
import type { ReplicationStatus } from '../replication/replicator.ts';
import type { CreditsStatus } from './credits-river.ts';

export type NodeNumbers = {
  pages: readonly CounterPage<WorkerCounterName>[];
  events: ShipperTotals;
  /** Undefined when nobody inserts. */
  ingest: ShipperTotals | undefined;
  replication: ReplicationStatus;
  credits: CreditsStatus;
  limits: TableOccupancy;
  workers: { listeningCount: number; configuredCount: number; restartCount: number };
  nowMs: number;
};

export function nodeMetrics(numbers: NodeNumbers): string {
  return prometheusText([
    ...verificationMetrics(numbers.pages),
    ...eventMetrics(numbers.events),
    ...(numbers.ingest ? ingestMetrics(numbers.ingest) : []),
    ...replicationMetrics(numbers.replication, numbers.nowMs),
    ...workerMetrics(numbers.workers),
    ...creditMetrics(numbers.credits),
    ...limitMetrics(numbers.pages, numbers.limits),
  ]);
}

function verificationMetrics(pages: NodeNumbers['pages']): Metric[] {
  const sum = (name: WorkerCounterName) => pages.reduce((total, page) => total + page.get(name), 0);
  const buckets = latencyBucketsUs.map((bound) => sum(latencyCounterName(bound)));
  return [
    {
      name: 'latchkey_verifications_total',
      help: 'Answered verifications, by outcome.',
      kind: 'counter',
      samples: outcomes.map((outcome) => ({
        labels: { outcome },
        value: sum(`outcome_${outcome}`),
      })),
    },
    counter(
      'latchkey_verifications_native_total',
      'Of the answered verifications, those that the native engine decided.',
      sum('engine_decided'),
    ),
    {
      name: 'latchkey_verification_latency_microseconds',
      help: 'From the last byte of the request to the verdict.',
      kind: 'histogram',
      samples: histogramSamples(
        latencyBucketsUs,
        [...buckets, sum('latency_over')],
        sum('latency_sum_us'),
      ),
    },
    {
      name: 'latchkey_http_answers_total',
      help: 'Answers of the API, by class of status.',
      kind: 'counter',
      samples: statusClasses.map((status) => ({
        labels: { status },
        value: sum(`status_${status}`),
      })),
    },
  ];
}

function eventMetrics(events: ShipperTotals): Metric[] {
  return [
    counter('latchkey_events_accepted_total', 'Events offered to the spool.', events.acceptedRows),
    counter(
      'latchkey_events_inserted_total',
      'Events that ClickHouse has confirmed.',
      events.insertedRows,
    ),
    counter(
      'latchkey_events_quarantined_total',
      'Events set aside because ClickHouse refused them.',
      events.quarantinedRows,
    ),
    droppedMetric(
      'latchkey_events_dropped_total',
      'Events that could not be kept, by reason.',
      events,
    ),
    counter('latchkey_inserts_total', 'Inserts that ClickHouse has confirmed.', events.insertCount),
    gauge('latchkey_spool_events', 'Events waiting in the spool.', events.spooledRows),
    gauge('latchkey_spool_bytes', 'Size of the spool on disk.', events.spooledBytes),
    gauge(
      'latchkey_spool_oldest_seconds',
      'Age of the oldest sealed segment.',
      events.oldestSegmentAgeMs / 1000,
    ),
  ];
}

/** What is counted is somebody's insert, whatever the number of its rows: 8 MiB of it at most. */
function ingestMetrics(inserts: ShipperTotals): Metric[] {
  const { acceptedRows, insertedRows, quarantinedRows, spooledRows } = inserts;
  return [
    counter('latchkey_ingest_accepted_total', 'Inserts offered to their spool.', acceptedRows),
    counter('latchkey_ingest_inserted_total', 'Inserts that ClickHouse has.', insertedRows),
    counter('latchkey_ingest_quarantined_total', 'Inserts that it refused.', quarantinedRows),
    droppedMetric(
      'latchkey_ingest_dropped_total',
      'Inserts that could not be kept, by reason.',
      inserts,
    ),
    counter(
      'latchkey_ingest_batches_total',
      'Inserts that were made of them and that ClickHouse has confirmed.',
      inserts.insertCount,
    ),
    gauge('latchkey_ingest_spooled', 'Inserts waiting in the spool.', spooledRows),
    gauge('latchkey_ingest_spool_bytes', 'Size of their spool on disk.', inserts.spooledBytes),
    gauge(
      'latchkey_ingest_spool_oldest_seconds',
      'Age of the oldest sealed segment of their spool.',
      inserts.oldestSegmentAgeMs / 1000,
    ),
  ];
}

function droppedMetric(name: string, help: string, { droppedRows }: ShipperTotals): Metric {
  const samples = Object.entries(droppedRows).map(([reason, value]) => ({
    labels: { reason },
    value,
  }));
  return { name, help, kind: 'counter', samples };
}

function replicationMetrics(status: ReplicationStatus, nowMs: number): Metric[] {
  const lagMs = status.syncedAtMs === 0 ? 0 : Math.max(0, nowMs - status.syncedAtMs);
  return [
    gauge('latchkey_replica_keys', 'Keys in the replica of this node.', status.keyCount),
    gauge(
      'latchkey_replication_lag_seconds',
      'Since the replica was last known to equal PostgreSQL.',
      lagMs / 1000,
    ),
    gauge(
      'latchkey_replication_connected',
      '1 while PostgreSQL is being followed.',
      status.isConnected ? 1 : 0,
    ),
    counter(
      'latchkey_replication_changes_total',
      'Documents changed by following PostgreSQL.',
      status.appliedChangeCount,
    ),
    counter(
      'latchkey_replication_full_copies_total',
      'Copies of everything.',
      status.fullCopyCount,
    ),
  ];
}

function workerMetrics(workers: NodeNumbers['workers']): Metric[] {
  return [
    gauge('latchkey_workers', 'Workers that listen.', workers.listeningCount),
    gauge('latchkey_workers_configured', 'Workers that should.', workers.configuredCount),
    counter(
      'latchkey_worker_restarts_total',
      'Workers that ended by themselves.',
      workers.restartCount,
    ),
  ];
}

function creditMetrics(credits: CreditsStatus): Metric[] {
  return [
    gauge('latchkey_credit_leases', 'Keys with credits leased to this node.', credits.leaseCount),
    gauge(
      'latchkey_credits_leased',
      'Credits leased to this node and not spent.',
      credits.leasedCredits,
    ),
    {
      name: 'latchkey_credit_asks_total',
      help: 'Verifications that no lease of this node covered, by what came of it.',
      kind: 'counter',
      samples: Object.entries(credits.answerCounts).map(([outcome, value]) => ({
        labels: { outcome },
        value,
      })),
    },
    counter(
      'latchkey_credit_failures_total',
      'Times that credits could not be leased because PostgreSQL could not be used.',
      credits.failureCount,
    ),
    counter('latchkey_credit_refills_total', 'Keys refilled by this node.', credits.refillCount),
    gauge(
      'latchkey_credit_slots',
      'Keys that the table of credits has room for.',
      credits.slotCount,
    ),
    gauge('latchkey_credit_slots_used', 'Keys in the table of credits.', credits.usedSlotCount),
    counter(
      'latchkey_credit_leases_refused_total',
      'Leases that were not taken because the table of credits was full.',
      credits.tableFullCount,
    ),
  ];
}

function limitMetrics(pages: NodeNumbers['pages'], limits: TableOccupancy): Metric[] {
  return [
    {
      name: 'latchkey_ratelimit_decisions_total',
      help: 'Decisions of ratelimit.limit and multiLimit, but those kept out of analytics.',
      kind: 'counter',
      samples: (['passed', 'refused'] as const).map((decision) => ({
        labels: { decision },
        value: pages.reduce((total, page) => total + page.get(`ratelimit_${decision}`), 0),
      })),
    },
    gauge(
      'latchkey_limit_slots',
      'Counters that the table of limits has room for.',
      limits.slotCount,
    ),
    gauge('latchkey_limit_slots_used', 'Counters that count.', limits.usedCount),
    counter(
      'latchkey_limit_refusals_total',
      'Requests refused because the table of limits was full.',
      limits.refusedCount,
    ),
  ];
}

function counter(name: string, help: string, value: number): Metric {
  return { name, help, kind: 'counter', samples: [{ value }] };
}

function gauge(name: string, help: string, value: number): Metric {
  return { name, help, kind: 'gauge', samples: [{ value }] };
}
