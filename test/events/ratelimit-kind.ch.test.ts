import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RatelimitEvent } from '../../src/domain/ratelimit-event.ts';
import { ratelimitKind } from '../../src/events/ratelimit-kind.ts';
import { verificationKind } from '../../src/events/verification-kind.ts';
import { testClickhouse } from '../support/stores.ts';
import {
  assertBalanced,
  clientOf,
  makeTables,
  startPrimary,
  temporaryFolder,
  testSpool,
} from './river.ts';
import { verificationEvent } from './verification-events.ts';

function ratelimitEvent(changes: Partial<RatelimitEvent>): RatelimitEvent {
  return {
    requestId: 'req_1',
    timeMs: Date.now(),
    workspaceId: 'ws_1',
    namespaceId: 'rlns_1',
    identifier: 'user_1',
    isPassed: true,
    overrideId: '',
    limit: 10,
    remaining: 9,
    resetAtMs: Date.now() + 60_000,
    tokens: 1,
    latencyUs: 5,
    ...changes,
  };
}

test('every decision is one row with its values, beside those of verifications', async () => {
  const store = await testClickhouse();
  const client = clientOf(store.url);
  const folder = temporaryFolder();
  const spool = testSpool(folder.path);
  try {
    await makeTables(client);
    const writer = spool.writer();
    const extreme = ratelimitEvent({
      requestId: 'req_2',
      identifier: '😀\u0001/ü '.repeat(100),
      isPassed: false,
      overrideId: 'rlor_1',
      limit: 2 ** 53 - 1,
      remaining: 0,
      resetAtMs: 2 ** 51,
      tokens: 2 ** 53 - 1,
      latencyUs: 1e12,
    });
    assert.ok(writer.append(ratelimitKind, ratelimitEvent({})));
    assert.ok(writer.append(verificationKind, verificationEvent(1, { timeMs: Date.now() })));
    assert.ok(writer.append(ratelimitKind, extreme));
    await writer.close();
    const primary = await startPrimary(spool, store.url);
    assert.equal(await primary.shipper.drain(20_000), true);
    assertBalanced(primary.shipper.totals());
    assert.equal(primary.shipper.totals().insertedRows, 3);
    await primary.stop();

    const query = `SELECT *, latency FROM ratelimits_raw_v1 ORDER BY request_id
      SETTINGS output_format_json_quote_64bit_integers = 0`;
    const rows = await (await client.query({ query, format: 'JSONEachRow' })).json();
    const [first, second] = rows as Record<string, unknown>[];
    assert.equal(rows.length, 2);
    assert.equal(first?.passed, true);
    assert.equal(first?.latency, 0.005);
    assert.deepEqual(second, {
      request_id: 'req_2',
      time: extreme.timeMs,
      workspace_id: 'ws_1',
      namespace_id: 'rlns_1',
      identifier: extreme.identifier,
      passed: false,
      latency_us: 2 ** 32 - 1,
      latency: (2 ** 32 - 1) / 1000,
      override_id: 'rlor_1',
      limit: 2 ** 53 - 1,
      remaining: 0,
      reset_at: 2 ** 51,
      tokens: 2 ** 53 - 1,
      region: 'test',
    });
  } finally {
    spool.close();
    folder.remove();
    await client.close();
    await store.close();
  }
});
