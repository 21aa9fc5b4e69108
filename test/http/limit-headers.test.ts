import assert from 'node:assert/strict';
import { test } from 'node:test';
import { headlineLimit, retryAfterSeconds, secondsUntil } from '../../src/http/limit-headers.ts';
import type { CheckedLimit } from '../../src/verify/verdict.ts';
import { createRandom } from '../support/random.ts';
import { known, SmallWorld } from '../verify/small-world.ts';

function limitOf(name: string, part: Partial<CheckedLimit>): CheckedLimit {
  const config = { limitId: '', name, limit: 10, durationMs: 60_000, autoApply: false };
  return { ...config, remaining: 5, resetAtMs: 1000, isExceeded: false, ...part };
}

test('of several limits the exceeded one that ends last is told, or the scarcest', () => {
  const plenty = limitOf('plenty', { remaining: 9 });
  const scarce = limitOf('scarce', { remaining: 1 });
  const early = limitOf('early', { remaining: 0, isExceeded: true });
  const late = limitOf('late', { remaining: 0, isExceeded: true, resetAtMs: 2000 });
  assert.equal(headlineLimit([]), undefined);
  assert.equal(headlineLimit([plenty, scarce]), scarce);
  assert.equal(headlineLimit([plenty, early, scarce, late]), late);
});

test('an instant is told in seconds rounded up, and never as negative', () => {
  assert.deepEqual(
    [1001, 1000, 1, 0, -5].map((atMs) => secondsUntil(atMs, 0)),
    [2, 1, 1, 0, 0],
  );
});

test('who waits as long as Retry-After says is admitted, whatever limits and costs', () => {
  const world = new SmallWorld();
  const random = createRandom(3);
  const below = (max: number) => 1 + Math.floor(random() * max);
  for (let round = 0; round < 300; round += 1) {
    const limit = below(20);
    const item = { cost: below(limit), limit, duration: 1000 * below(90) };
    const ratelimits = [
      { name: `first_${round}`, ...item },
      { name: `second_${round}`, cost: 1, limit: below(20), duration: 1000 * below(90) },
    ];
    let refusedCount = 0;
    for (let call = 0; call < 30; call += 1) {
      world.nowMs += Math.floor(random() * 2000);
      const verdict = known(world.verdict({ ratelimits }));
      if (verdict.outcome === 'VALID') continue;
      refusedCount += 1;
      world.nowMs += 1000 * retryAfterSeconds(verdict.checkedLimits, ratelimits, world.nowMs);
      const later = world.verdict({ ratelimits }).outcome;
      assert.equal(later, 'VALID', `round ${round}: ${JSON.stringify(ratelimits)}`);
    }
    assert.ok(refusedCount > 0 || limit > 1);
  }
});
