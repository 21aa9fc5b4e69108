import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { type RequestQuota, takeRequest } from '../../src/http/request-quota.ts';
import { prepareWindowTable } from '../../src/limits/prepare-window-table.ts';
import { WindowTable } from '../../src/limits/window-table.ts';

const folder = mkdtempSync(join(tmpdir(), 'latchkey-quota-'));
const path = join(folder, 'windows');
prepareWindowTable(path, 1024, 0);
/** 500 ms into a minute. */
let nowMs = 1_800_000_000_500;
const table = new WindowTable(path, () => nowMs);

after(() => {
  table.close();
  rmSync(folder, { recursive: true });
});

const take = (workspaceId: string, requestsPerMinuteMax: number | null) =>
  takeRequest(table, { workspaceId, isEnabled: true, requestsPerMinuteMax } as never, nowMs);

const headersOf = (quota: RequestQuota | undefined) => Object.fromEntries(quota?.headers ?? []);

test('without a limit nothing is counted and nothing is said', () => {
  for (let count = 0; count < 100; count += 1) assert.equal(take('ws_free', null), undefined);
  assert.equal(table.occupancy(nowMs).usedCount, 0);
});

test('so many requests are let through in a minute, and each answer says what is left', () => {
  for (const left of ['2', '1', '0']) {
    const quota = take('ws_1', 3);
    assert.equal(quota?.refusal, undefined);
    assert.deepEqual(headersOf(quota), {
      'RateLimit-Limit': '3',
      'RateLimit-Remaining': left,
      'RateLimit-Reset': '60',
    });
  }
  const refused = take('ws_1', 3);
  assert.equal(refused?.refusal?.code, 'user/too_many_requests/workspace_rate_limited');
  assert.match(refused?.refusal?.detail ?? '', /\b3\b.*1-minute window/);
  assert.deepEqual(headersOf(refused), {
    'RateLimit-Limit': '3',
    'RateLimit-Remaining': '0',
    'RateLimit-Reset': '60',
    'Retry-After': '60',
  });
  assert.equal(take('ws_2', 3)?.refusal, undefined);
});

test('who waits as long as it is told is let through', () => {
  while (!take('ws_3', 5)?.refusal);
  nowMs += 12_345;
  const refused = take('ws_3', 5);
  assert.ok(refused?.refusal);
  nowMs += Number(headersOf(refused)['Retry-After']) * 1000;
  assert.equal(take('ws_3', 5)?.refusal, undefined);
});

test('a limit of 0 refuses every request', () => {
  const refused = take('ws_4', 0);
  assert.ok(refused?.refusal);
  assert.equal(headersOf(refused)['RateLimit-Limit'], '0');
});

test('a full table lets requests through and says nothing', () => {
  const full = { exceeded: true, remaining: 0, resetAtMs: nowMs, isTableFull: true };
  const workspace = { workspaceId: 'ws_5', isEnabled: true, requestsPerMinuteMax: 1 } as never;
  assert.equal(takeRequest({ takeAll: () => [full] }, workspace, nowMs), undefined);
});
