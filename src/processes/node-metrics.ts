/** All of a node's numbers as Prometheus reads them: the workers' pages added up. */

import { latencyBucketsUs, latencyCounterName, type WorkerCounterName } from '../domain/metrics.ts';
import { outcomes } from '../domain/outcome.ts';
import type { ShipperTotals } from '../events/shipper-totals.ts';
import type { CounterPage } from '../lib/counter-page.ts';
import { histogramSamples, type Metric, prometheusText } from '../lib/prometheus-text.ts';
import type { ReplicationStatus } from '../replication/replicator.ts';

export type NodeNumbers = {
  pages: readonly CounterPage<WorkerCounterName>[];
  events: ShipperTotals;
  replication: ReplicationStatus;
  workers: { listeningCount: number; configuredCount: number; restartCount: number };
  nowMs: number;
};

export function nodeMetrics(numbers: NodeNumbers): string {
  return prometheusText([
    ...verificationMetrics(numbers.pages),
    ...eventMetrics(numbers.events),
    ...replicationMetrics(numbers.replication, numbers.nowMs),
    ...workerMetrics(numbers.workers),
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
      samples: (['2xx', '4xx', '5xx'] as const).map((status) => ({
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
    {
      name: 'latchkey_events_dropped_total',
      help: 'Events that could not be kept, by reason.',
      kind: 'counter',
      samples: Object.entries(events.droppedRows).map(([reason, value]) => ({
        labels: { reason },
        value,
      })),
    },
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

function counter(name: string, help: string, value: number): Metric {
  return { name, help, kind: 'counter', samples: [{ value }] };
}

function gauge(name: string, help: string, value: number): Metric {
  return { name, help, kind: 'gauge', samples: [{ value }] };
}
