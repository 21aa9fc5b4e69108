import assert from 'node:assert/strict';
import { test } from 'node:test';
import { silentLogger } from '../../src/lib/logger.ts';
import { createSparseWarnings } from '../../src/lib/sparse-warnings.ts';

test('of many warnings one in each interval is logged, with how many were not', () => {
  const logged: [fields: object, message: string][] = [];
  const logger = {
    ...silentLogger,
    warn: (fields: object, message: string) => void logged.push([fields, message]),
  };
  let nowMs = 0;
  const warnings = createSparseWarnings(logger, 100, () => nowMs);
  for (nowMs = 0; nowMs < 250; nowMs += 10) warnings.warn({ at: nowMs }, 'again');
  assert.deepEqual(logged, [
    [{ at: 0 }, 'again'],
    [{ at: 100, unloggedCount: 9 }, 'again'],
    [{ at: 200, unloggedCount: 9 }, 'again'],
  ]);
});
