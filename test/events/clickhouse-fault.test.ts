import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ClickHouseError } from '@clickhouse/client';
import { clickhouseFault, foreignFault } from '../../src/events/clickhouse-fault.ts';

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

test('of a statement of somebody else, what cannot get better is a refusal of all its rows', () => {
  const of = (code: string, waits: boolean) => {
    const fault = foreignFault(new ClickHouseError({ message: 'x', code, type: 'T' }), waits);
    return [fault.class, fault.isOfAll];
  };
  assert.deepEqual(of('117', true), ['refused', false], 'some of the rows may be fine');
  assert.deepEqual(of('16', true), ['refused', true], 'a wrong column is wrong for all');
  assert.deepEqual(of('60', true), ['setup', false], 'a missing table is waited for');
  assert.deepEqual(of('60', false), ['refused', true]);
  assert.deepEqual(of('516', false), ['setup', false], 'our own password is not their fault');
  assert.deepEqual(of('252', false), ['overloaded', false]);
  assert.deepEqual(of('9999', true), ['refused', false]);
});

test('the message names type and code, and is never longer than a line of a log should be', () => {
  assert.equal(faultOf('60', 'UNKNOWN_TABLE').message, 'UNKNOWN_TABLE 60: told by the server');
  assert.ok(clickhouseFault(new Error('x'.repeat(10_000))).message.length < 1000);
});
