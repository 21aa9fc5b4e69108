import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ClickHouseError } from '@clickhouse/client';
import { clickhouseFault } from '../../src/events/clickhouse-fault.ts';

function faultOf(code: string, type: string) {
  return clickhouseFault(new ClickHouseError({ code, type, message: 'told by the server' }));
}

test('only an error that is known to have stored nothing is a refusal', () => {
  assert.equal(faultOf('469', 'VIOLATED_CONSTRAINT').class, 'refused');
  assert.equal(faultOf('33', 'CANNOT_READ_ALL_DATA').class, 'refused');
  assert.equal(faultOf('9999', 'SOMETHING_NEW').class, 'unknown');
});

test('a busy server, a missing table and a broken connection are told apart', () => {
  assert.equal(faultOf('241', 'MEMORY_LIMIT_EXCEEDED').class, 'overloaded');
  assert.equal(faultOf('60', 'UNKNOWN_TABLE').class, 'setup');
  assert.equal(faultOf('516', 'AUTHENTICATION_FAILED').class, 'setup');
  const refused = Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' });
  assert.equal(clickhouseFault(refused).class, 'unreachable');
  assert.equal(clickhouseFault(new Error('Timeout error.')).class, 'unreachable');
});

test('the message names type and code, and is never longer than a line of a log should be', () => {
  assert.equal(faultOf('60', 'UNKNOWN_TABLE').message, 'UNKNOWN_TABLE 60: told by the server');
  assert.ok(clickhouseFault(new Error('x'.repeat(10_000))).message.length < 1000);
});
