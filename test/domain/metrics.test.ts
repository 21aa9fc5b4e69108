import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  latencyBucketsUs,
  latencyCounterName,
  workerCounterNames,
} from '../../src/domain/metrics.ts';

test('a latency falls into the first bucket that it does not exceed', () => {
  assert.equal(latencyCounterName(0), 'latency_0');
  for (const [index, bound] of latencyBucketsUs.entries()) {
    assert.equal(latencyCounterName(bound), `latency_${index}`);
    const next = index + 1 < latencyBucketsUs.length ? `latency_${index + 1}` : 'latency_over';
    assert.equal(latencyCounterName(bound + 0.5), next);
  }
});

test('the buckets grow, and every counter has a name of its own', () => {
  assert.deepEqual(
    [...latencyBucketsUs],
    [...latencyBucketsUs].sort((a, b) => a - b),
  );
  assert.equal(new Set(workerCounterNames).size, workerCounterNames.length);
  for (const bound of [...latencyBucketsUs, 1e9]) {
    assert.ok(workerCounterNames.includes(latencyCounterName(bound) as never));
  }
});
