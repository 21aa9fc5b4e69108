import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nextLeaseSize } from '../../src/processes/lease-size.ts';

test('a key that asks for the first time, or now and then, gets no lease', () => {
  assert.equal(nextLeaseSize({ size: 0, lastedMs: Number.POSITIVE_INFINITY, asked: 5 }), 0);
  assert.equal(nextLeaseSize({ size: 0, lastedMs: 300, asked: 5 }), 0);
});

test('a key that asks again at once gets twice what it asks for', () => {
  assert.equal(nextLeaseSize({ size: 0, lastedMs: 10, asked: 5 }), 10);
});

test('a lease grows while it lasts for less than half a second, to a second at the most', () => {
  const pacePerMs = 3;
  let size = 2;
  for (let turn = 0; turn < 40; turn += 1) {
    size = nextLeaseSize({ size, lastedMs: size / pacePerMs, asked: 1 });
  }
  assert.ok(size / pacePerMs >= 500 && size / pacePerMs <= 1000, `${size / pacePerMs} ms`);
});

test('a lease shrinks when the key is used less, down to nothing', () => {
  let size = 1000;
  for (let turn = 0; turn < 10; turn += 1) {
    size = nextLeaseSize({ size, lastedMs: 5000, asked: 0 });
  }
  assert.equal(size, 0);
});

test('a call that costs more than the lease makes it large enough for the next', () => {
  assert.equal(nextLeaseSize({ size: 4, lastedMs: 1, asked: 1000 }), 2000);
});
