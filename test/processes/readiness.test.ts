import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type ConditionName,
  conditionNames,
  createReadinessCheck,
  type Finding,
} from '../../src/processes/readiness.ts';

const met: Finding = { isMet: true, isRequired: true, detail: '' };

function checkOf(found: Partial<Record<ConditionName, Finding>>, clock: () => number) {
  const look = conditionNames.map((name) => [name, () => found[name] ?? met]);
  return createReadinessCheck(Object.fromEntries(look), clock);
}

test('a node is ready when every condition that it needs is met', () => {
  const found: Partial<Record<ConditionName, Finding>> = {};
  const check = checkOf(found, () => 0);
  assert.equal(check().isReady, true);
  found.clickhouse = { isMet: false, isRequired: false, detail: 'away' };
  assert.equal(check().isReady, true);
  found.replica = { isMet: false, isRequired: true, detail: 'no copy' };
  assert.equal(check().isReady, false);
});

test('every condition is told by name, with what is wrong', () => {
  const found = { postgres: { isMet: false, isRequired: false, detail: 'refused' } };
  const { conditions } = checkOf(found, () => 5)();
  assert.deepEqual(
    conditions.map(({ name }) => name),
    conditionNames,
  );
  assert.deepEqual(conditions[0], { name: 'postgres', ...found.postgres, sinceMs: 5 });
});

test('since when is the first look that found it so, whatever is said of it', () => {
  let nowMs = 100;
  const found: Partial<Record<ConditionName, Finding>> = {};
  const check = checkOf(found, () => nowMs);
  const since = () => check().conditions[0]?.sinceMs;
  assert.equal(since(), 100);
  nowMs = 200;
  assert.equal(since(), 100);
  found.postgres = { isMet: false, isRequired: false, detail: 'away' };
  assert.equal(since(), 200);
  nowMs = 300;
  found.postgres = { isMet: false, isRequired: false, detail: 'still away' };
  assert.equal(since(), 200);
  found.postgres = met;
  assert.equal(since(), 300);
});
