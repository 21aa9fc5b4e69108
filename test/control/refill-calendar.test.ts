import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nextRefillAtMs } from '../../src/control/refill-calendar.ts';

const at = (text: string) => Date.parse(`${text}Z`);

function next(now: string, day: number | null): string {
  return new Date(nextRefillAtMs(at(now), day)).toISOString().slice(0, 16);
}

test('a daily refill comes at the next midnight of UTC, also at midnight itself', () => {
  assert.equal(next('2026-03-14T15:09:26', null), '2026-03-15T00:00');
  assert.equal(next('2026-03-14T00:00:00', null), '2026-03-15T00:00');
  assert.equal(next('2026-12-31T23:59:59.999', null), '2027-01-01T00:00');
});

test('a monthly refill comes on its day, of this month or the next', () => {
  assert.equal(next('2026-03-14T15:09:26', 15), '2026-03-15T00:00');
  assert.equal(next('2026-03-15T00:00:00', 15), '2026-04-15T00:00');
  assert.equal(next('2026-12-20T00:00:00', 1), '2027-01-01T00:00');
});

test('in a month that is too short it comes on the last day', () => {
  assert.equal(next('2026-01-31T12:00:00', 31), '2026-02-28T00:00');
  assert.equal(next('2028-01-31T12:00:00', 30), '2028-02-29T00:00');
  assert.equal(next('2026-02-28T00:00:00', 31), '2026-03-31T00:00');
  assert.equal(next('2026-04-02T00:00:00', 31), '2026-04-30T00:00');
});

test('each day of the month comes twelve times a year, in order', () => {
  for (let day = 1; day <= 31; day += 1) {
    let now = at('2026-12-31T23:00:00');
    const months = Array.from({ length: 12 }, () => {
      now = nextRefillAtMs(now, day);
      return new Date(now).getUTCMonth();
    });
    assert.deepEqual(months, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11], `day ${day}`);
  }
});
