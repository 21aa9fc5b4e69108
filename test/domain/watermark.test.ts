import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isSameHistory, replicaFormat, type Watermark } from '../../src/domain/watermark.ts';

const current: Watermark = {
  format: replicaFormat,
  instanceId: 'b5a2',
  systemIdentifier: '7400000000000000001',
  timeline: 1,
  snapshot: '750:760:755',
};

test('a later snapshot of the same database continues the history', () => {
  assert.equal(isSameHistory(current, current), true);
  const later = { ...current, snapshot: '800:800:' };
  assert.equal(isSameHistory(current, later), true);
});

test('another instance, server, timeline or format is another history', () => {
  const others: Partial<Watermark>[] = [
    { instanceId: 'c6b3' },
    { systemIdentifier: '7400000000000000002' },
    { timeline: 2 },
    { format: replicaFormat + 1 },
  ];
  for (const other of others) {
    assert.equal(isSameHistory(current, { ...current, ...other }), false, JSON.stringify(other));
  }
});
