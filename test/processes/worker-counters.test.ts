import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { latencyCounterName } from '../../src/domain/metrics.ts';
import { outcomes } from '../../src/domain/outcome.ts';
import {
  createWorkerCounters,
  openWorkerCounterPage,
} from '../../src/processes/worker-counters.ts';

const folder = mkdtempSync(join(tmpdir(), 'latchkey-worker-counters-'));
after(() => rmSync(folder, { recursive: true }));

test('a verification counts for its outcome and its latency, in the bucket that it fits', () => {
  const path = join(folder, 'verifications');
  const counters = createWorkerCounters(path);
  const page = openWorkerCounterPage(path);
  for (const outcome of outcomes) counters.countVerification(outcome, 0);
  for (const latencyUs of [1, 2, 4, 5, 50_000, 50_001, 1e9]) {
    counters.countVerification('VALID', latencyUs);
  }
  assert.equal(page.get('outcome_VALID'), 8);
  assert.equal(page.get('outcome_WORKSPACE_DISABLED'), 1);
  assert.equal(page.get(latencyCounterName(1)), outcomes.length + 1);
  assert.equal(page.get(latencyCounterName(5)), 2);
  assert.equal(page.get(latencyCounterName(50_000)), 1);
  assert.equal(page.get('latency_over'), 2);
  assert.equal(page.get('latency_sum_us'), 1_000_100_013);
  counters.close();
  page.close();
});

test('an answer counts for the class of its status', () => {
  const path = join(folder, 'answers');
  const counters = createWorkerCounters(path);
  const page = openWorkerCounterPage(path);
  for (const status of [200, 200, 399, 400, 499, 500, 503]) counters.countAnswer(status);
  const counted = [page.get('status_2xx'), page.get('status_4xx'), page.get('status_5xx')];
  assert.deepEqual(counted, [3, 2, 2]);
  counters.close();
  page.close();
});

test('the one that replaces a worker counts on, beside it', () => {
  const path = join(folder, 'replaced');
  const [old, next] = [createWorkerCounters(path), createWorkerCounters(path)];
  const page = openWorkerCounterPage(path);
  for (let round = 0; round < 10; round += 1) {
    old.countVerification('VALID', 1);
    next.countVerification('VALID', 1);
  }
  assert.equal(page.get('outcome_VALID'), 20);
  for (const one of [old, next, page]) one.close();
});
