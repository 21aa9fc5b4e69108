import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { type NodeNumbers, nodeMetrics } from '../../src/processes/node-metrics.ts';
import {
  createWorkerCounters,
  openWorkerCounterPage,
} from '../../src/processes/worker-counters.ts';

const folder = mkdtempSync(join(tmpdir(), 'latchkey-node-metrics-'));
const paths = [join(folder, 'worker-0'), join(folder, 'worker-1')];
const pages = paths.map(openWorkerCounterPage);
after(() => {
  for (const page of pages) page.close();
  rmSync(folder, { recursive: true });
});

const dropped = { spool_full: 0, disk_full: 2, disk_failed: 0, too_large: 1, closed: 0 };
const numbers: NodeNumbers = {
  pages,
  ingest: undefined,
  events: {
    ...{ acceptedRows: 100, insertedRows: 90, quarantinedRows: 1, quarantinedSegments: 1 },
    ...{ spooledRows: 6, spooledBytes: 4096, insertCount: 9, oldestSegmentAgeMs: 1500 },
    droppedRows: { ...dropped, segment_lost: 0, quarantine_full: 0 },
    lastFault: undefined,
  },
  replication: {
    ...{ hasCopy: true, isConnected: true, syncedAtMs: 10_000, problem: '' },
    ...{ keyCount: 7, appliedChangeCount: 5, fullCopyCount: 1 },
  },
  credits: {
    ...{ leaseCount: 2, leasedCredits: 40, failureCount: 0, tableFullCount: 0 },
    ...{ slotCount: 80, usedSlotCount: 2, refillCount: 3, answerCounts: {} },
  } as NodeNumbers['credits'],
  limits: { slotCount: 700, usedCount: 12, refusedCount: 0 },
  workers: { listeningCount: 2, configuredCount: 2, restartCount: 1 },
  nowMs: 12_500,
};

/** `name{labels}` and its value. */
function samples(text: string): Map<string, number> {
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return new Map(lines.map((line) => [line.replace(/ \S+$/, ''), Number(/\S+$/.exec(line)?.[0])]));
}

test('the pages of all workers are added up', () => {
  for (const [place, path] of paths.entries()) {
    const counters = createWorkerCounters(path);
    for (let count = 0; count <= place; count += 1) counters.countVerification('VALID', 3);
    counters.countVerification('NOT_FOUND', 100_000);
    counters.countAnswer(200);
    counters.close();
  }
  const found = samples(nodeMetrics(numbers));
  assert.equal(found.get('latchkey_verifications_total{outcome="VALID"}'), 3);
  assert.equal(found.get('latchkey_verifications_total{outcome="NOT_FOUND"}'), 2);
  assert.equal(found.get('latchkey_http_answers_total{status="2xx"}'), 2);
  const histogram = 'latchkey_verification_latency_microseconds';
  assert.equal(found.get(`${histogram}_bucket{le="2"}`), 0);
  assert.equal(found.get(`${histogram}_bucket{le="3"}`), 3);
  assert.equal(found.get(`${histogram}_bucket{le="50000"}`), 3);
  assert.equal(found.get(`${histogram}_bucket{le="+Inf"}`), 5);
  assert.equal(found.get(`${histogram}_count`), 5);
  assert.equal(found.get(`${histogram}_sum`), 200_009);
});

test('what was accepted is inserted, spooled, quarantined or dropped for a reason', () => {
  const found = samples(nodeMetrics(numbers));
  const of = (name: string) => found.get(`latchkey_${name}`) ?? Number.NaN;
  const reasons = [...found].filter(([name]) => name.startsWith('latchkey_events_dropped_total'));
  const droppedCount = reasons.reduce((sum, [, count]) => sum + count, 0);
  assert.equal(found.get('latchkey_events_dropped_total{reason="disk_full"}'), 2);
  const settled = of('events_inserted_total') + of('events_quarantined_total') + droppedCount;
  assert.equal(of('events_accepted_total'), settled + of('spool_events'));
  assert.equal(of('spool_oldest_seconds'), 1.5);
});

test('the lag is told in seconds, and a clock that was set back does not make it negative', () => {
  const lagAt = (nowMs: number) => {
    return samples(nodeMetrics({ ...numbers, nowMs })).get('latchkey_replication_lag_seconds');
  };
  assert.equal(lagAt(12_500), 2.5);
  assert.equal(lagAt(9_000), 0);
});

test('every metric has one name, a help text and samples that are numbers', () => {
  const text = nodeMetrics(numbers);
  const names = [...text.matchAll(/^# TYPE (\S+) (?:counter|gauge|histogram)$/gm)];
  assert.equal(new Set(names.map(([, name]) => name)).size, names.length);
  assert.equal([...text.matchAll(/^# HELP \S+ .+\.$/gm)].length, names.length);
  for (const [name, value] of samples(text)) {
    assert.ok(Number.isFinite(value), name);
    assert.match(name, /^latchkey_[a-z_]+(?:\{[a-z_]+="[^"]+"\})?$/);
  }
  for (const [, name, kind] of text.matchAll(/^# TYPE (\S+) (counter|gauge)$/gm)) {
    assert.equal(name?.endsWith('_total'), kind === 'counter', name);
  }
});
